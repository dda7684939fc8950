package dev.millrace.cli;

import dev.millrace.runtime.Pulse;
import java.io.IOException;

/**
 * Ends the reading of events when the server has been silent for too long: a cut line tells nobody
 * that it is cut. A thread of its own looks; closed by the reader.
 */
final class SilenceWatch implements AutoCloseable {
  private static final long LOOK_EVERY_MILLIS = 5_000;

  private final Pulse closing = new Pulse();

  SilenceWatch(EventReader events) {
    Thread.ofVirtual().name("millrace-silence").start(() -> look(events));
  }

  private void look(EventReader events) {
    while (!closing.awaitMillis(LOOK_EVERY_MILLIS)) {
      try {
        events.endIfSilent();
      } catch (IOException closedAlready) {
        return;
      }
    }
  }

  @Override
  public void close() {
    closing.stop();
  }
}
