package dev.millrace.scheduler.trigger;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.model.TriggerDefinition;
import java.time.DateTimeException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.LongPredicate;

/**
 * The ticks of a trigger that a backfill is about: those that fire by their definition. Immutable.
 * Instants are microseconds since 1970.
 */
public final class BackfillTicks {
  /** How many one backfill may be about. */
  public static final int TICKS_MAX = 100_000;

  private final Schedule schedule;
  private final long until;
  private final LongPredicate left;

  /**
   * @param until the first instant that is out
   * @param left true for a start that a blackout takes, and that is left out therefore
   */
  public BackfillTicks(PlannedTriggers.Planned planned, long until, LongPredicate left) {
    this.schedule = planned.schedule();
    this.until = until;
    this.left = left;
  }

  /**
   * Those of a trigger's row.
   *
   * @throws IllegalArgumentException when it cannot be understood any more
   */
  public static BackfillTicks of(
      String spec, String namespace, String job, long until, LongPredicate left) {
    TriggerDefinition definition = DefinitionJson.triggerFromJson(spec);
    return new BackfillTicks(PlannedTriggers.of(definition, namespace + "/" + job), until, left);
  }

  /** Why a trigger of this definition cannot be backfilled, or empty. */
  public static Optional<String> refusal(String spec) {
    return DefinitionJson.triggerFromJson(spec) instanceof TriggerDefinition.Every every
            && every.mode() == TriggerDefinition.Mode.FIXED_DELAY
        ? Optional.of(
            "it ticks so long after the end of the run before, so no past ticks were planned")
        : Optional.empty();
  }

  /**
   * From an instant on, in their order.
   *
   * @param max at most so many; where there are as many, there may be more
   */
  public List<Long> from(long first, int max) {
    List<Long> found = new ArrayList<>();
    long at = first - 1;
    while (found.size() < max) {
      Optional<Tick> tick = firing(at);
      if (tick.isEmpty()) {
        return found;
      }
      at = Ticker.microsOf(tick.get().instant());
      if (at >= until) {
        return found;
      }
      if (!left.test(at)) {
        found.add(at);
      }
    }
    return found;
  }

  private Optional<Tick> firing(long after) {
    try {
      return schedule.nextFiring(Ticker.instantOf(after).plusNanos(999));
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return Optional.empty();
    }
  }
}
