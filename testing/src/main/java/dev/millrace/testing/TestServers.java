package dev.millrace.testing;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayDeque;
import java.util.Comparator;
import java.util.Deque;
import java.util.stream.Stream;

/**
 * The servers that the tests of one JVM share; each is started at its first use and closed when the
 * JVM ends.
 *
 * <p>Postgres: {@code MILLRACE_TEST_POSTGRES} (a JDBC URL with user and password), else the
 * packaged PostgreSQL 18. Broker: {@code MILLRACE_TEST_RABBITMQ} (an AMQP URI), else a private node
 * of the {@code rabbitmq-server} found on this machine, else the embedded broker; {@code
 * MILLRACE_TEST_BROKER=embedded} leaves the search out. A server on a default port that nobody
 * named is never touched. Containers are not in the list: the packaged parts are as real, start
 * faster, and need no engine.
 *
 * <p>Thread-safe.
 */
public final class TestServers {
  private static TestPostgres postgres;
  private static TestBroker broker;
  private static final Deque<AutoCloseable> STARTED = new ArrayDeque<>();

  private TestServers() {}

  public static synchronized TestPostgres postgres() {
    if (postgres == null) {
      postgres = TestPostgres.find();
      closeAtEnd(postgres);
    }
    return postgres;
  }

  public static synchronized TestBroker broker() {
    if (broker == null) {
      broker = TestBroker.find();
      closeAtEnd(broker);
    }
    return broker;
  }

  /** Says once which server is used and why; on stdout, because it belongs in every build log. */
  static void announce(String text) {
    System.out.println("millrace tests: " + text);
  }

  static Path newDirectory(String purpose) {
    try {
      return Files.createTempDirectory("millrace-test-" + purpose + "-");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }

  static void deleteTree(Path root) throws IOException {
    if (!Files.exists(root)) {
      return;
    }
    try (Stream<Path> tree = Files.walk(root)) {
      for (Path path : tree.sorted(Comparator.reverseOrder()).toList()) {
        Files.deleteIfExists(path);
      }
    }
  }

  private static void closeAtEnd(AutoCloseable server) {
    if (STARTED.isEmpty()) {
      Runtime.getRuntime().addShutdownHook(new Thread(TestServers::closeAll, "test-servers-end"));
    }
    STARTED.push(server);
  }

  private static synchronized void closeAll() {
    for (AutoCloseable server : STARTED) {
      try {
        server.close();
      } catch (Exception e) {
        System.err.println("millrace tests: a server did not close cleanly: " + e);
      }
    }
    STARTED.clear();
  }
}
