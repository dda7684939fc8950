package dev.millrace.embedded;

import java.io.BufferedInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.io.OutputStream;
import java.io.UncheckedIOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.net.URLConnection;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Locale;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import java.util.stream.Stream;
import org.apache.commons.compress.archivers.tar.TarArchiveEntry;
import org.apache.commons.compress.archivers.tar.TarArchiveInputStream;
import org.apache.commons.compress.compressors.xz.XZCompressorInputStream;

/**
 * The PostgreSQL programs of this platform, unpacked once per user and archive, and how to run
 * them.
 *
 * <p>Immutable; safe for any thread. Two processes may unpack at once: the first rename wins, the
 * other result is deleted.
 */
final class PostgresBinaries {
  private static final int READ_BUFFER_BYTES = 1 << 16;
  private static final long TAR_LIMIT_SECONDS = 120;
  private static final boolean WINDOWS = osName().contains("windows");

  private final Path home;
  private final List<String> prefix;

  private PostgresBinaries(Path home, List<String> prefix) {
    this.home = home;
    this.prefix = prefix;
  }

  /**
   * Where an empty cluster of exactly these programs may lie, with its password; see {@link
   * EmbeddedParts}.
   */
  Path preparedCluster() {
    return home.resolveSibling(home.getFileName() + ".cluster");
  }

  /** Unpacks below {@code cache} unless that was done before. */
  static PostgresBinaries unpack(Path cache, Consumer<String> progress) throws IOException {
    String archive = archiveName();
    URL source = PostgresBinaries.class.getResource("/" + archive);
    if (source == null) {
      throw new IllegalStateException(
          "no packaged PostgreSQL for this platform ("
              + archive
              + " is not on the class path); name a PostgreSQL of your own instead");
    }
    Path home = cache.resolve(archive.replace(".txz", "") + "-" + fingerprint(source));
    if (!Files.isDirectory(home)) {
      progress.accept("unpacking");
      unpack(source, home);
    }
    return new PostgresBinaries(home, privilegeDroppingPrefix());
  }

  /** {@code $XDG_CACHE_HOME/millrace}, or {@code ~/.cache/millrace}. */
  static Path userCache() {
    String xdg = System.getenv("XDG_CACHE_HOME");
    Path base =
        xdg != null && !xdg.isBlank()
            ? Path.of(xdg)
            : Path.of(System.getProperty("user.home"), ".cache");
    return base.resolve("millrace");
  }

  /**
   * The command line of one of the programs ({@code initdb, pg_ctl, postgres}), runnable as root
   * too.
   */
  List<String> command(String program, String... arguments) {
    List<String> command = new ArrayList<>(prefix);
    command.add(home.resolve("bin").resolve(WINDOWS ? program + ".exe" : program).toString());
    command.addAll(List.of(arguments));
    return command;
  }

  private static void unpack(URL source, Path home) throws IOException {
    Files.createDirectories(home.getParent());
    Path fresh = Files.createTempDirectory(home.getParent(), "unpacking");
    try {
      if (!unpackWithTar(source, fresh)) {
        unpackHere(source, fresh);
      }
      Files.move(fresh, home, StandardCopyOption.ATOMIC_MOVE);
    } catch (IOException e) {
      deleteTree(fresh);
      if (!Files.isDirectory(home)) {
        throw new IOException("cannot unpack PostgreSQL to " + home, e);
      }
    }
  }

  /** Twice as fast as doing it here, where tar and xz are installed. */
  private static boolean unpackWithTar(URL source, Path fresh) throws IOException {
    if (WINDOWS || !runs(List.of("tar", "--version")) || !runs(List.of("xz", "--version"))) {
      return false;
    }
    Process tar =
        new ProcessBuilder("tar", "-xJ", "--no-same-owner", "-f", "-", "-C", fresh.toString())
            .redirectError(ProcessBuilder.Redirect.DISCARD)
            .redirectOutput(ProcessBuilder.Redirect.DISCARD)
            .start();
    boolean sent = true;
    try (InputStream raw = source.openStream();
        OutputStream input = tar.getOutputStream()) {
      raw.transferTo(input);
    } catch (IOException tarEnded) {
      sent = false;
    }
    if (ended(tar, TAR_LIMIT_SECONDS) && sent && tar.exitValue() == 0) {
      return true;
    }
    tar.destroyForcibly();
    deleteTree(fresh);
    Files.createDirectory(fresh);
    return false;
  }

  private static boolean ended(Process process, long limitSeconds) throws IOException {
    try {
      return process.waitFor(limitSeconds, TimeUnit.SECONDS);
    } catch (InterruptedException e) {
      process.destroyForcibly();
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while starting PostgreSQL", e);
    }
  }

  private static void unpackHere(URL source, Path fresh) throws IOException {
    try (InputStream raw = new BufferedInputStream(source.openStream(), READ_BUFFER_BYTES);
        TarArchiveInputStream tar = new TarArchiveInputStream(new XZCompressorInputStream(raw))) {
      for (TarArchiveEntry entry = tar.getNextEntry(); entry != null; entry = tar.getNextEntry()) {
        write(tar, entry, fresh);
      }
    }
  }

  private static void write(TarArchiveInputStream tar, TarArchiveEntry entry, Path root)
      throws IOException {
    Path target = root.resolve(entry.getName()).normalize();
    if (!target.startsWith(root)) {
      throw new IOException("archive entry leaves its directory: " + entry.getName());
    }
    if (entry.isDirectory()) {
      Files.createDirectories(target);
      return;
    }
    Files.createDirectories(target.getParent());
    if (entry.isSymbolicLink()) {
      Files.createSymbolicLink(target, Path.of(entry.getLinkName()));
      return;
    }
    Files.copy(tar, target);
    if (!WINDOWS && (entry.getMode() & 0100) != 0) {
      Files.setPosixFilePermissions(target, PosixFilePermissions.fromString("rwxr-xr-x"));
    }
  }

  /** Tells archives of different releases apart without reading 15 MB at each start. */
  private static String fingerprint(URL source) throws IOException {
    URLConnection connection = source.openConnection();
    connection.setUseCaches(false);
    if (connection instanceof JarURLConnection jar) {
      try (var file = jar.getJarFile()) {
        return Long.toHexString(file.getJarEntry(jar.getEntryName()).getCrc());
      }
    }
    return Long.toHexString(connection.getContentLengthLong());
  }

  private static String archiveName() {
    String os = WINDOWS ? "windows" : osName().contains("mac") ? "darwin" : "linux";
    String machine = System.getProperty("os.arch").toLowerCase(Locale.ROOT);
    String arch = machine.equals("aarch64") || machine.equals("arm64") ? "arm_64" : "x86_64";
    String libc =
        os.equals("linux") && Files.exists(Path.of("/etc/alpine-release")) ? "-alpine_linux" : "";
    return "postgres-" + os + "-" + arch + libc + ".txz";
  }

  /**
   * PostgreSQL refuses to run as root. In a user namespace without a mapping root is seen as
   * nobody, while files stay owned as they are; and in a session of its own a ctrl-C at the
   * terminal does not stop the database before its users have finished.
   */
  private static List<String> privilegeDroppingPrefix() throws IOException {
    List<String> session = runs(List.of("setsid", "true")) ? List.of("setsid") : List.of();
    if (WINDOWS || !"root".equals(System.getProperty("user.name"))) {
      return session;
    }
    if (!runs(List.of("unshare", "-U", "true"))) {
      throw new IllegalStateException(
          "PostgreSQL does not run as root, and this machine forbids user namespaces (unshare -U);"
              + " start Millrace as an ordinary user, or name a PostgreSQL of your own");
    }
    List<String> prefix = new ArrayList<>(session);
    prefix.addAll(List.of("unshare", "-U"));
    return List.copyOf(prefix);
  }

  private static boolean runs(List<String> command) throws IOException {
    Process process;
    try {
      process =
          new ProcessBuilder(command)
              .redirectErrorStream(true)
              .redirectOutput(ProcessBuilder.Redirect.DISCARD)
              .start();
    } catch (IOException noSuchProgram) {
      return false;
    }
    return ended(process, 5) && process.exitValue() == 0;
  }

  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(root)) {
      tree.sorted(Comparator.reverseOrder()).forEach(PostgresBinaries::delete);
    }
  }

  private static void delete(Path path) {
    try {
      Files.deleteIfExists(path);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  private static String osName() {
    return System.getProperty("os.name").toLowerCase(Locale.ROOT);
  }
}
