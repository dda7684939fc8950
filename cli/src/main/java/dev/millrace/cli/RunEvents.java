package dev.millrace.cli;

import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Pulse;
import java.io.IOException;
import java.time.Duration;
import java.util.Optional;
import java.util.concurrent.atomic.AtomicReference;
import java.util.regex.Pattern;

/**
 * Wakes who waits for a run, by the server's events about it. An event is a hint and carries
 * nothing; a stream that breaks is connected again for as long as this is open. A thread of its own
 * reads, one other waits.
 */
final class RunEvents implements AutoCloseable {
  private static final Duration RECONNECT_FIRST = Duration.ofMillis(500);
  private static final Duration RECONNECT_MAX = Duration.ofSeconds(10);
  private static final Duration CLOSE_WAIT_MAX = Duration.ofSeconds(2);
  private static final Pattern EVENT_ID = Pattern.compile("\\d{1,19}(\\.\\d{1,10})?");

  private final ApiClient client;
  private final String path;
  private final Pulse hints = new Pulse();
  private final Pulse closing = new Pulse();
  private final Delays delays = new Delays(RECONNECT_FIRST, RECONNECT_MAX);
  private final AtomicReference<String> trouble = new AtomicReference<>();
  private volatile EventReader open;
  private volatile boolean standing;
  private Thread reader;

  /**
   * Below every event. A server that hears of a last event tells at once, by one event, that there
   * may have been more: what happened before it took us in is not missed.
   */
  private String lastEvent = "0";

  RunEvents(ApiClient client, String run) {
    this.client = client;
    this.path = ApiPath.eventsOf(run);
  }

  void start() {
    reader = Thread.ofPlatform().name("millrace-run-events").daemon().start(this::readAll);
  }

  /**
   * Waits for an event, or for news about the stream itself, at most so long.
   *
   * @return false when the time was over
   */
  boolean await(Duration most) throws InterruptedException {
    boolean woken = hints.await(most.toNanos());
    if (Thread.interrupted()) {
      throw new InterruptedException();
    }
    endIfSilent();
    return woken;
  }

  /** Has the server told something since the last connecting? */
  boolean standing() {
    return standing;
  }

  /** Why there are no events for now; told once. */
  Optional<String> trouble() {
    return Optional.ofNullable(trouble.getAndSet(null));
  }

  private void endIfSilent() {
    EventReader now = open;
    if (now == null) {
      return;
    }
    try {
      now.endIfSilent();
    } catch (IOException e) {
      broken(Reasons.of(e));
    }
  }

  private void readAll() {
    while (!closing.stopping()) {
      try (EventReader events = client.events(path, lastEvent)) {
        open = events;
        readUntilEnd(events);
        broken("the server ended the stream");
      } catch (UserError | IOException e) {
        broken(Reasons.of(e));
      } catch (InterruptedException closed) {
        return;
      }
      closing.awaitMillis(delays.nextMillis());
    }
  }

  private void readUntilEnd(EventReader events) throws IOException {
    for (String id = events.next(); id != null; id = events.next()) {
      if (EVENT_ID.matcher(id).matches()) {
        lastEvent = id;
      }
      standing = true;
      delays.succeeded();
      hints.nudge();
    }
  }

  private void broken(String reason) {
    if (closing.stopping()) {
      return;
    }
    open = null;
    standing = false;
    trouble.set(reason);
    hints.nudge();
  }

  @Override
  public void close() {
    closing.stop();
    if (reader == null) {
      return;
    }
    reader.interrupt();
    try {
      reader.join(CLOSE_WAIT_MAX);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }
}
