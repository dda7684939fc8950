package dev.millrace.system;

import java.time.Duration;

/** Runs from its making on; reading does not stop it. Immutable. */
record Stopwatch(long startedNanos) {
  static Stopwatch started() {
    return new Stopwatch(System.nanoTime());
  }

  Duration read() {
    return Duration.ofNanos(System.nanoTime() - startedNanos);
  }
}
