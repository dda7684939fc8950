package dev.millrace.scheduler.engine;

import java.util.Objects;

/** Says that a law is broken; cheap where it is kept, for it is asked a million times. */
final class Law {
  private Law() {}

  @SuppressWarnings("AnnotateFormatMethod") // its callers are these tests alone
  static void holds(boolean kept, String law, Object... about) {
    if (!kept) {
      throw new AssertionError(String.format(law, about));
    }
  }

  static void same(Object actual, Object expected, String law, Object about) {
    if (!Objects.equals(actual, expected)) {
      throw new AssertionError(
          String.format(law, about) + ": is " + actual + ", should be " + expected);
    }
  }
}
