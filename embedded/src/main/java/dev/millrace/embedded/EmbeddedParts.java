package dev.millrace.embedded;

import java.io.IOException;
import java.util.function.Consumer;

/** What can be done before the first start of the embedded parts. Stateless; any thread. */
public final class EmbeddedParts {
  private EmbeddedParts() {}

  /**
   * Unpacks the programs to where {@link LocalPostgres} looks for them, unless that was done.
   *
   * @param progress hears "unpacking" when there is something to do
   */
  public static void prepare(Consumer<String> progress) throws IOException {
    PostgresBinaries.unpack(PostgresBinaries.userCache(), progress);
  }
}
