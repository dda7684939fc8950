package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.function.Consumer;

/**
 * Follows one run until it ends: an event says when to look, the API says what there is to see. The
 * calling thread only.
 */
final class RunWatch {
  /** Looks, although no event says so: a lost event must not cost more than this. */
  static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** A short run is over before the events stand, which takes some 50 ms. */
  private static final Duration LOOK_SOON = Duration.ofMillis(20);

  /** A server that is started again, or hands over, is back in this time. */
  private static final Duration AWAY_MAX = Duration.ofSeconds(60);

  /** Hears of the run each time it was looked at. */
  @FunctionalInterface
  interface Watcher {
    void looked(JsonNode run) throws InterruptedException;
  }

  private final ApiClient client;
  private final String run;
  private final Duration lookEvery;
  private final Consumer<String> notes;
  private boolean noted;
  private boolean away;
  private long awayAtNanos;

  /**
   * @param lookEvery at least so often, events or not
   * @param notes hears, in one line, that the events or the server are away for now
   */
  RunWatch(ApiClient client, String run, Duration lookEvery, Consumer<String> notes) {
    this.client = client;
    this.run = run;
    this.lookEvery = lookEvery;
    this.notes = notes;
  }

  /** Returns the run in its final state. */
  JsonNode untilFinal(Watcher watcher) throws InterruptedException {
    // Before all else, so that a wrong id or a wrong server is told at once.
    JsonNode seen = look(watcher);
    if (RunView.isFinal(seen)) {
      return seen;
    }
    try (RunEvents events = new RunEvents(client, run)) {
      events.start();
      Duration pause = LOOK_SOON;
      while (true) {
        events.await(pause);
        pause = shorter(pause.multipliedBy(2), lookEvery);
        tellTrouble(events);
        seen = lookOrNull(watcher);
        if (seen != null && RunView.isFinal(seen)) {
          return seen;
        }
      }
    }
  }

  private JsonNode look(Watcher watcher) throws InterruptedException {
    JsonNode seen = client.get(ApiPath.run(run));
    watcher.looked(seen);
    return seen;
  }

  /** Null while the server is away; that it stays away is an error. */
  private JsonNode lookOrNull(Watcher watcher) throws InterruptedException {
    try {
      JsonNode seen = look(watcher);
      away = false;
      return seen;
    } catch (ServerAway e) {
      if (!away) {
        away = true;
        awayAtNanos = System.nanoTime();
      }
      if (System.nanoTime() - awayAtNanos > AWAY_MAX.toNanos()) {
        throw e;
      }
      note("no answer for now: " + e.getMessage() + "; asking again for " + text(AWAY_MAX));
      return null;
    }
  }

  private void tellTrouble(RunEvents events) {
    if (events.standing()) {
      noted = false;
    }
    events
        .trouble()
        .ifPresent(
            reason ->
                note(
                    "no events for now: "
                        + reason
                        + "; connecting again, asking every "
                        + text(lookEvery)
                        + " meanwhile"));
  }

  /** One line for what belongs together. */
  private void note(String line) {
    if (!noted) {
      noted = true;
      notes.accept(line);
    }
  }

  private static Duration shorter(Duration one, Duration other) {
    return one.compareTo(other) < 0 ? one : other;
  }

  private static String text(Duration duration) {
    return duration.toSeconds() + " s";
  }
}
