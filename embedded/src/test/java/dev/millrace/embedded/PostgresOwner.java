package dev.millrace.embedded;

import java.io.OutputStream;
import java.nio.file.Path;

/**
 * A process that owns a PostgreSQL until its standard input ends, or until somebody kills it.
 *
 * <p>Its main thread does everything.
 */
final class PostgresOwner {
  private PostgresOwner() {}

  public static void main(String[] args) throws Exception {
    try (var postgres = LocalPostgres.in(Path.of(args[0])).start()) {
      System.out.println(postgres.pid());
      System.out.flush();
      System.in.transferTo(OutputStream.nullOutputStream());
    }
  }
}
