package dev.millrace.testing;

import java.io.File;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.InetAddress;
import java.net.ServerSocket;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.TimeUnit;

/**
 * A RabbitMQ node of one test, started from the programs found on this machine, with its own name,
 * ports, cookie, port mapper and directories; it may be killed, wiped and started again on the same
 * port.
 *
 * <p>Not thread-safe, except for reading ports and adding virtual hosts.
 */
public final class PrivateRabbit implements AutoCloseable {
  private static final Duration START_LIMIT = Duration.ofSeconds(90);
  private static final Duration STOP_LIMIT = Duration.ofSeconds(30);
  private static final Duration POLL = Duration.ofMillis(50);
  private static final Path DEBIAN_PROGRAMS = Path.of("/usr/lib/rabbitmq/bin");

  private final Path programs;
  private final Path directory;
  private final int port = freePort();
  private final int distributionPort = freePort();
  private final int mapperPort = freePort();
  private final String nodeName;
  private Process server;

  private PrivateRabbit(Path programs, Path directory) {
    this.programs = programs;
    this.directory = directory;
    this.nodeName = "millrace" + ProcessHandle.current().pid() + "p" + port + "@localhost";
  }

  /** True if this machine has a {@code rabbitmq-server}. */
  public static boolean available() {
    return programs().isPresent();
  }

  /** Starts a node in a new directory below the temporary directory, deleted at close. */
  public static PrivateRabbit start() {
    return start(TestServers.newDirectory("private-rabbit"));
  }

  static PrivateRabbit start(Path directory) {
    Path programs =
        programs()
            .orElseThrow(
                () ->
                    new IllegalStateException("no rabbitmq-server on PATH or in its usual place"));
    PrivateRabbit rabbit = new PrivateRabbit(programs, directory);
    try {
      rabbit.startAgain();
      return rabbit;
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  public int port() {
    return port;
  }

  /** Virtual host {@code /}, with credentials; the same across restarts. */
  public URI uri() {
    return uri("%2F");
  }

  public boolean running() {
    return server.isAlive();
  }

  /** Adds an empty virtual host and returns its URI. Takes about a second. */
  public synchronized URI addVirtualHost(String name) {
    if (!name.matches("[a-z0-9_-]+")) {
      throw new IllegalArgumentException("virtual host name " + name);
    }
    String host = "<<\"" + name + "\">>";
    String guest = "<<\"guest\">>";
    String all = "<<\".*\">>";
    String add = "rabbit_vhost:add(" + host + ", " + guest + ")";
    String permit =
        String.join(
            ", ",
            "rabbit_auth_backend_internal:set_permissions(" + guest,
            host,
            all,
            all,
            all,
            guest + ")");
    try {
      run(programs.resolve("rabbitmqctl").toString(), "eval", add + ", " + permit + ".");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    return uri(name);
  }

  /** As a crash: kill -9 of the whole node. Returns when it is gone. */
  public void killHard() throws IOException {
    for (ProcessHandle process : processes()) {
      process.destroyForcibly();
    }
    awaitEnd();
  }

  /** As an administrator: clean. */
  public void stop() throws IOException {
    List<ProcessHandle> processes = processes();
    server.destroy();
    if (!waitFor(server, STOP_LIMIT)) {
      processes.forEach(ProcessHandle::destroyForcibly);
    }
    awaitEnd();
  }

  /** Forgets every queue, message and virtual host; only while it does not run. */
  public void wipe() throws IOException {
    requireStopped();
    TestServers.deleteTree(directory.resolve("mnesia"));
  }

  /** Starts it again after {@link #killHard} or {@link #stop}. */
  public void startAgain() throws IOException {
    if (server != null) {
      requireStopped();
    }
    Files.createDirectories(directory.resolve("home"));
    Files.writeString(directory.resolve("enabled_plugins"), "[].\n");
    Path log = directory.resolve("server.log");
    server = builder(log, programs.resolve("rabbitmq-server").toString()).start();
    server.getOutputStream().close();
    long limit = System.nanoTime() + START_LIMIT.toNanos();
    while (!Files.readString(log).contains("Server startup complete")) {
      if (waitFor(server, POLL) || System.nanoTime() - limit > 0) {
        processes().forEach(ProcessHandle::destroyForcibly);
        throw new IOException("rabbitmq did not start: " + Files.readString(log));
      }
    }
  }

  @Override
  public void close() throws IOException {
    if (server != null && server.isAlive()) {
      stop();
    }
    run("epmd", "-port", Integer.toString(mapperPort), "-kill");
    TestServers.deleteTree(directory);
  }

  private void requireStopped() {
    if (server.isAlive()) {
      throw new IllegalStateException("rabbitmq still runs; stop or kill it first");
    }
  }

  private URI uri(String virtualHost) {
    return URI.create("amqp://guest:guest@127.0.0.1:" + port + "/" + virtualHost);
  }

  private List<ProcessHandle> processes() {
    List<ProcessHandle> all = new ArrayList<>(server.descendants().toList());
    all.add(server.toHandle());
    return all;
  }

  private void awaitEnd() throws IOException {
    if (!waitFor(server, STOP_LIMIT)) {
      throw new IOException("rabbitmq does not end; node=" + nodeName);
    }
  }

  private ProcessBuilder builder(Path log, String... command) {
    ProcessBuilder builder =
        new ProcessBuilder(command)
            .directory(directory.toFile())
            .redirectErrorStream(true)
            .redirectOutput(log.toFile());
    Map<String, String> environment = builder.environment();
    environment.keySet().removeIf(name -> name.startsWith("RABBITMQ_"));
    environment.put("HOME", directory.resolve("home").toString());
    environment.put("ERL_EPMD_ADDRESS", "127.0.0.1");
    environment.put("ERL_EPMD_PORT", Integer.toString(mapperPort));
    environment.put("RABBITMQ_NODENAME", nodeName);
    environment.put("RABBITMQ_NODE_IP_ADDRESS", "127.0.0.1");
    environment.put("RABBITMQ_NODE_PORT", Integer.toString(port));
    environment.put("RABBITMQ_DIST_PORT", Integer.toString(distributionPort));
    environment.put("RABBITMQ_MNESIA_BASE", directory.resolve("mnesia").toString());
    environment.put("RABBITMQ_LOG_BASE", directory.resolve("log").toString());
    environment.put("RABBITMQ_LOGS", "-");
    environment.put("RABBITMQ_PID_FILE", directory.resolve("pid").toString());
    environment.put(
        "RABBITMQ_ENABLED_PLUGINS_FILE", directory.resolve("enabled_plugins").toString());
    environment.put("RABBITMQ_CONF_ENV_FILE", directory.resolve("no-env.conf").toString());
    environment.put("RABBITMQ_CONFIG_FILE", directory.resolve("no-config").toString());
    environment.put(
        "RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS", "-kernel inet_dist_use_interface {127,0,0,1}");
    return builder;
  }

  private void run(String... command) throws IOException {
    Path log = Files.createTempFile(directory, "command", ".log");
    Process process = builder(log, command).start();
    process.getOutputStream().close();
    if (!waitFor(process, STOP_LIMIT) || process.exitValue() != 0) {
      process.destroyForcibly();
      throw new IOException(String.join(" ", command) + " failed: " + Files.readString(log));
    }
  }

  /** The packaged wrapper on PATH changes user and directory, so the plain scripts come first. */
  private static Optional<Path> programs() {
    List<Path> places = new ArrayList<>();
    places.add(DEBIAN_PROGRAMS);
    String path = System.getenv("PATH");
    if (path != null) {
      for (String place : path.split(File.pathSeparator, -1)) {
        places.add(Path.of(place.isEmpty() ? "." : place));
      }
    }
    return places.stream()
        .filter(place -> Files.isExecutable(place.resolve("rabbitmq-server")))
        .filter(place -> Files.isExecutable(place.resolve("rabbitmqctl")))
        .findFirst();
  }

  private static boolean waitFor(Process process, Duration limit) throws IOException {
    try {
      return process.waitFor(limit.toNanos(), TimeUnit.NANOSECONDS);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while waiting for rabbitmq", e);
    }
  }

  private static int freePort() {
    try (ServerSocket probe = new ServerSocket(0, 1, InetAddress.getLoopbackAddress())) {
      return probe.getLocalPort();
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
