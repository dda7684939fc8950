package dev.millrace.embedded;

import java.io.IOException;
import java.util.function.Consumer;

/** What can be done before the first start of the embedded parts. Stateless; any thread. */
public final class EmbeddedParts {
  private EmbeddedParts() {}

  /**
   * Unpacks the programs to where {@link LocalPostgres} looks for them, and makes the empty cluster
   * that its first start copies, unless that was done.
   *
   * @param progress hears "unpacking" when there is something to do
   */
  public static void prepare(Consumer<String> progress) throws IOException {
    PostgresBinaries binaries = PostgresBinaries.unpack(PostgresBinaries.userCache(), progress);
    LocalPostgres.prepareCluster(binaries, PostgresBinaries.userCache(), progress);
  }
}
