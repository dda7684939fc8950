package dev.millrace.embedded;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.nio.file.FileSystemException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.security.SecureRandom;
import java.time.Duration;
import java.util.HexFormat;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A real PostgreSQL as a child process, bound to loopback, with its data kept below one directory.
 *
 * <p>Started and closed by its owner on any thread; there is no hidden shutdown hook, so an owner
 * that wants it stopped on SIGTERM closes it there. After a kill -9 of this process PostgreSQL
 * lives on; the next start on the same directory stops it cleanly and starts anew.
 *
 * <pre>{@code
 * <directory>/owner.lock     held while a process owns the directory
 * <directory>/password       of the superuser, readable by the owner only
 * <directory>/postgres.log   what the server wrote since its last start (.1 is the start before)
 * <directory>/data           the cluster
 * }</pre>
 */
public final class LocalPostgres implements AutoCloseable {
  /** The superuser. */
  public static final String USER = "millrace";

  private static final Logger LOG = LoggerFactory.getLogger(LocalPostgres.class);
  private static final Duration START_LIMIT = Duration.ofSeconds(60);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration READY_POLL = Duration.ofMillis(5);

  /** A postmaster that was killed leaves its children attached to shared memory for a moment. */
  private static final int START_TRIES_MAX = 20;

  private static final Duration RETRY_PAUSE = Duration.ofMillis(250);

  /** For two cores shared with everything else; durability is never traded away. */
  private static final List<String> SETTINGS =
      List.of(
          "listen_addresses=127.0.0.1",
          "unix_socket_directories=",
          "max_connections=100",
          "shared_buffers=256MB",
          "fsync=on",
          "synchronous_commit=on",
          "wal_level=minimal",
          "max_wal_senders=0",
          "max_wal_size=2GB",
          "checkpoint_timeout=15min",
          "autovacuum_naptime=10s",
          "jit=off");

  private final Path directory;
  private final Consumer<String> progress;
  private final PostgresBinaries binaries;
  private final DirectoryLock lock;
  private Process server;
  private String password;
  private int port;

  private LocalPostgres(Settings settings) throws IOException {
    this.directory = Files.createDirectories(settings.directory.toAbsolutePath()).toRealPath();
    this.progress = settings.progress;
    this.lock = DirectoryLock.take(directory);
    PostgresBinaries found = null;
    try {
      found = PostgresBinaries.unpack(settings.binariesCache, progress);
    } finally {
      if (found == null) {
        lock.close();
      }
    }
    this.binaries = found;
  }

  /**
   * Describes a server that keeps everything below {@code directory}; {@link Settings#start} starts
   * it.
   */
  public static Settings in(Path directory) {
    return new Settings(directory, 0, PostgresBinaries.userCache(), step -> {});
  }

  /**
   * What can be chosen about a {@link LocalPostgres}.
   *
   * @param port 0 for a free one
   * @param binariesCache where the programs are unpacked once and found again
   * @param progress hears "unpacking", "initialising database", "starting" as far as they happen
   */
  public record Settings(Path directory, int port, Path binariesCache, Consumer<String> progress) {
    public Settings port(int newPort) {
      return new Settings(directory, newPort, binariesCache, progress);
    }

    public Settings binariesCache(Path newCache) {
      return new Settings(directory, port, newCache, progress);
    }

    public Settings progress(Consumer<String> newProgress) {
      return new Settings(directory, port, binariesCache, newProgress);
    }

    /**
     * Starts it and returns when it accepts connections.
     *
     * @throws IllegalStateException if another living process owns the directory, or this platform
     *     has no packaged PostgreSQL
     * @throws IOException if it does not start; the message ends with the last lines of its log
     */
    public LocalPostgres start() throws IOException {
      LocalPostgres postgres = new LocalPostgres(this);
      boolean started = false;
      try {
        postgres.stopOrphan();
        postgres.initialise();
        postgres.launch(port);
        started = true;
        return postgres;
      } finally {
        if (!started) {
          postgres.close();
        }
      }
    }
  }

  public String host() {
    return "127.0.0.1";
  }

  public int port() {
    return port;
  }

  public String user() {
    return USER;
  }

  public String password() {
    return password;
  }

  /** The URL of an existing database, without credentials; a new cluster has {@code postgres}. */
  public String jdbcUrl(String database) {
    return "jdbc:postgresql://" + host() + ":" + port + "/" + database;
  }

  /** Of the postmaster; for tests that kill it. */
  public long pid() {
    return server.pid();
  }

  public boolean running() {
    return server.isAlive();
  }

  /** Completes when the server process ends, wanted or not. */
  public CompletableFuture<Void> onExit() {
    return server.onExit().thenAccept(ended -> {});
  }

  /**
   * Stops it fast: open sessions are cut, everything committed is on disk. Later calls do nothing.
   */
  @Override
  public synchronized void close() throws IOException {
    try {
      if (server != null && server.isAlive()) {
        stop(server);
      }
    } finally {
      lock.close();
    }
  }

  private Path data() {
    return directory.resolve("data");
  }

  private void stopOrphan() throws IOException {
    Path data = data();
    var file = PostmasterFile.read(data);
    if (file.isEmpty()) {
      return;
    }
    var orphan = file.get().liveServer(data);
    if (orphan.isPresent()) {
      LOG.warn(
          "PostgreSQL of an earlier process still runs; stopping it. pid={} directory={}",
          file.get().pid(),
          directory);
      run("pg_ctl", "stop", "-D", data.toString(), "-m", "fast", "-w", "-t", "30");
      return;
    }
    if (ProcessHandle.of(file.get().pid()).isPresent()) {
      // The number was given to another program since; PostgreSQL itself would refuse to start.
      Files.deleteIfExists(PostmasterFile.in(data));
    }
  }

  /**
   * Creates the cluster beside its place and renames it, so that an initdb cut short leaves nothing
   * behind.
   */
  private void initialise() throws IOException {
    Path passwordFile = directory.resolve("password");
    if (Files.isDirectory(data())) {
      password = Files.readString(passwordFile).strip();
      return;
    }
    progress.accept("initialising database");
    Path fresh = directory.resolve("data.new");
    PostgresBinaries.deleteTree(fresh);
    Path prepared = binaries.preparedCluster();
    if (Files.isDirectory(prepared.resolve("data"))) {
      // Some two seconds faster than initdb. The copy is not synced: losing power in the first
      // seconds
      // of the very first start may spoil a cluster that holds nothing yet, and its checksums tell.
      password = Files.readString(prepared.resolve("password")).strip();
      OwnerOnly.write(passwordFile, password + "\n");
      copyTree(prepared.resolve("data"), fresh);
      Files.move(fresh, data(), StandardCopyOption.ATOMIC_MOVE);
      return;
    }
    password = newPassword();
    OwnerOnly.write(passwordFile, password + "\n");
    run(
        "initdb",
        "-D",
        fresh.toString(),
        "-U",
        USER,
        "-A",
        "scram-sha-256",
        "--pwfile",
        passwordFile.toString(),
        "-E",
        "UTF8",
        "--locale=C",
        "--locale-provider=builtin",
        "--builtin-locale=C.UTF-8",
        "--no-instructions",
        "--set",
        "timezone=UTC",
        "--set",
        "log_timezone=UTC",
        "--set",
        "max_connections=100",
        "--set",
        "shared_buffers=128MB");
    Files.move(fresh, data(), StandardCopyOption.ATOMIC_MOVE);
  }

  /**
   * Makes the cluster that later first starts copy, unless it is there. Its password is this user's
   * alone.
   */
  static void prepareCluster(PostgresBinaries binaries, Path cache, Consumer<String> progress)
      throws IOException {
    Path prepared = binaries.preparedCluster();
    if (Files.isDirectory(prepared)) {
      return;
    }
    Path fresh = Files.createTempDirectory(cache, "cluster");
    LocalPostgres maker = new LocalPostgres(in(fresh).binariesCache(cache).progress(progress));
    try {
      maker.initialise();
    } finally {
      maker.lock.close();
    }
    try {
      Files.move(fresh, prepared, StandardCopyOption.ATOMIC_MOVE);
    } catch (FileSystemException e) {
      if (!Files.isDirectory(prepared)) {
        throw e;
      }
      PostgresBinaries.deleteTree(fresh); // somebody else was faster
    }
  }

  private static void copyTree(Path from, Path to) throws IOException {
    try (Stream<Path> paths = Files.walk(from)) {
      for (Path path : (Iterable<Path>) paths::iterator) {
        Files.copy(
            path, to.resolve(from.relativize(path).toString()), StandardCopyOption.COPY_ATTRIBUTES);
      }
    }
  }

  private void launch(int wantedPort) throws IOException {
    progress.accept("starting");
    for (int attempt = 1; ; attempt++) {
      port = wantedPort == 0 ? freePort() : wantedPort;
      String problem = tryLaunch();
      if (problem.isEmpty()) {
        return;
      }
      boolean passing =
          problem.contains("pre-existing shared memory block")
              || (wantedPort == 0 && problem.contains("could not bind"));
      if (!passing || attempt == START_TRIES_MAX) {
        throw new IOException("PostgreSQL in " + directory + " did not start: " + problem);
      }
      LOG.info("PostgreSQL could not start yet; trying again. attempt={}", attempt);
      pause(RETRY_PAUSE);
    }
  }

  /** Returns nothing, or the end of the log of a server that gave up. */
  private String tryLaunch() throws IOException {
    Path log = directory.resolve("postgres.log");
    if (Files.exists(log)) {
      Files.move(log, directory.resolve("postgres.log.1"), StandardCopyOption.REPLACE_EXISTING);
    }
    List<String> command = binaries.command("postgres", "-D", data().toString(), "-p", "" + port);
    SETTINGS.forEach(setting -> command.addAll(List.of("-c", setting)));
    server =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile())
            .start();
    server.getOutputStream().close();
    long limit = System.nanoTime() + START_LIMIT.toNanos();
    while (!ready()) {
      if (waitFor(server, READY_POLL)) {
        return tail(log);
      }
      if (System.nanoTime() - limit > 0) {
        stop(server);
        return "not ready after " + START_LIMIT.toSeconds() + " s: " + tail(log);
      }
    }
    return "";
  }

  private boolean ready() throws IOException {
    return PostmasterFile.read(data())
        .filter(file -> file.pid() == server.pid())
        .filter(PostmasterFile::ready)
        .isPresent();
  }

  private void stop(Process process) throws IOException {
    signal(process, "INT");
    if (waitFor(process, STOP_LIMIT)) {
      return;
    }
    LOG.warn("PostgreSQL did not stop in time; its next start will recover. pid={}", process.pid());
    signal(process, "QUIT");
    if (!waitFor(process, STOP_LIMIT)) {
      process.destroyForcibly();
      waitFor(process, STOP_LIMIT);
    }
  }

  private void signal(Process process, String name) throws IOException {
    run("pg_ctl", "kill", name, Long.toString(process.pid()));
  }

  private void run(String program, String... arguments) throws IOException {
    Path output = Files.createTempFile(directory, program, ".log");
    try {
      Process process =
          new ProcessBuilder(binaries.command(program, arguments))
              .directory(directory.toFile())
              .redirectErrorStream(true)
              .redirectOutput(output.toFile())
              .start();
      process.getOutputStream().close();
      if (!waitFor(process, START_LIMIT)) {
        process.destroyForcibly();
        throw new IOException(program + " did not end in " + START_LIMIT.toSeconds() + " s");
      }
      // A kill that finds its target already gone is what was wanted.
      if (process.exitValue() != 0 && !arguments[0].equals("kill")) {
        throw new IOException(program + " failed: " + tail(output));
      }
    } finally {
      Files.deleteIfExists(output);
    }
  }

  private static void pause(Duration duration) throws IOException {
    try {
      TimeUnit.NANOSECONDS.sleep(duration.toNanos());
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for PostgreSQL", e);
    }
  }

  private static boolean waitFor(Process process, Duration limit) throws IOException {
    try {
      return process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for PostgreSQL", e);
    }
  }

  private static String tail(Path log) {
    try {
      List<String> lines = Files.readAllLines(log);
      return String.join(" | ", lines.subList(Math.max(0, lines.size() - 8), lines.size()));
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String newPassword() {
    byte[] random = new byte[16];
    new SecureRandom().nextBytes(random);
    return HexFormat.of().formatHex(random);
  }

  private static int freePort() throws IOException {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    }
  }
}
