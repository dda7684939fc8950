package dev.millrace.model;

import java.time.Duration;
import java.time.Instant;
import java.util.List;

/**
 * What may be said of every kind of time trigger. Immutable; made from {@link #DEFAULT} with the
 * {@code with} methods, so that what a later version adds disturbs nobody.
 *
 * @param misfire what happens to ticks that could not fire when they were due
 * @param from the first instant at which it may fire, or null
 * @param until the first instant at which it fires no more, or null
 * @param except when its ticks do not fire; never null
 * @param jitter how much later than planned a tick may fire, by a hash of the tick; zero for none
 */
public record TriggerRules(
    Misfire misfire, Instant from, Instant until, List<Exclusion> except, Duration jitter) {
  public static final TriggerRules DEFAULT =
      new TriggerRules(Misfire.LATEST, null, null, List.of(), Duration.ZERO);

  public TriggerRules {
    except = List.copyOf(except);
  }

  public TriggerRules withMisfire(Misfire other) {
    return new TriggerRules(other, from, until, except, jitter);
  }

  public TriggerRules withBounds(Instant first, Instant end) {
    return new TriggerRules(misfire, first, end, except, jitter);
  }

  public TriggerRules withExcept(List<Exclusion> other) {
    return new TriggerRules(misfire, from, until, other, jitter);
  }

  public TriggerRules withJitter(Duration other) {
    return new TriggerRules(misfire, from, until, except, other);
  }
}
