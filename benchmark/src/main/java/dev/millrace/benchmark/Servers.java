package dev.millrace.benchmark;

import dev.millrace.embedded.LocalBroker;
import dev.millrace.embedded.LocalPostgres;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Comparator;

/**
 * The Postgres and the broker that everything is measured on: given by address, or embedded and
 * thrown away after.
 */
final class Servers implements AutoCloseable {
  @FunctionalInterface
  private interface Closing {
    void close() throws IOException;
  }

  private final DatabaseAddress database;
  private final String rabbitUri;
  private final String broker;
  private final Closing[] own;

  private Servers(DatabaseAddress database, String rabbitUri, String broker, Closing... own) {
    this.database = database;
    this.rabbitUri = rabbitUri;
    this.broker = broker;
    this.own = own;
  }

  static Servers given(DatabaseAddress database, String rabbitUri) {
    return new Servers(
        database, rabbitUri, "AMQP broker at " + rabbitUri.replaceAll("//[^@/]*@", "//***@"));
  }

  static Servers embedded() throws IOException {
    Path directory = Files.createTempDirectory("millrace-bench");
    LocalPostgres postgres = LocalPostgres.in(directory).start();
    LocalBroker broker = LocalBroker.settings().start();
    return new Servers(
        new DatabaseAddress(postgres.jdbcUrl("postgres"), postgres.user(), postgres.password()),
        broker.uri().toString(),
        "embedded Qpid Broker-J",
        broker::close,
        postgres::close,
        () -> delete(directory));
  }

  DatabaseAddress database() {
    return database;
  }

  String rabbitUri() {
    return rabbitUri;
  }

  String broker() {
    return broker;
  }

  @Override
  public void close() throws IOException {
    for (Closing part : own) {
      part.close();
    }
  }

  private static void delete(Path directory) throws IOException {
    try (var paths = Files.walk(directory)) {
      paths
          .sorted(Comparator.reverseOrder())
          .forEach(
              path -> {
                try {
                  Files.deleteIfExists(path);
                } catch (IOException e) {
                  throw new UncheckedIOException(e);
                }
              });
    }
  }
}
