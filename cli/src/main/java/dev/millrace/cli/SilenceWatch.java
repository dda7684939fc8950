package dev.millrace.cli;

import dev.millrace.runtime.Pulse;
import java.io.IOException;

/**
 * Ends the reading of events when the server has been silent for too long: a cut line tells nobody
 * that it is cut. A thread of its own looks; closed by the reader.
 */
final class SilenceWatch implements AutoCloseable {
  private static final long LOOK_EVERY_MILLIS = 5_000;

  private final EventReader events;
  private final Pulse closing = new Pulse();

  /** Closes the events when it is closed. */
  SilenceWatch(EventReader events) {
    this.events = events;
    Thread.ofVirtual().name("millrace-silence").start(this::look);
  }

  EventReader events() {
    return events;
  }

  private void look() {
    while (!closing.awaitMillis(LOOK_EVERY_MILLIS)) {
      try {
        events.endIfSilent();
      } catch (IOException closedAlready) {
        return;
      }
    }
  }

  @Override
  public void close() throws IOException {
    closing.stop();
    events.close();
  }
}
