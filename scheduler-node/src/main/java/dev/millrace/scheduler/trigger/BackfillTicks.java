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

  /** Ticks that are looked at for one part: a tenth of a second. */
  private static final int LOOKED_AT_MAX = 100_000;

  private static final int PARTS_MAX = 10;

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
   * Some of them.
   *
   * @param ticks in their order
   * @param next where the following ones begin, 0 when there are none
   */
  public record Part(List<Long> ticks, long next) {}

  /**
   * From an instant on. Among very many ticks that do not fire a part may have few, or none.
   *
   * @param max at most so many
   */
  public Part from(long first, int max) {
    List<Long> found = new ArrayList<>();
    long at = first - 1;
    for (int i = 0; i < LOOKED_AT_MAX && found.size() < max; i++) {
      Tick tick = after(at);
      at = tick == null ? until : Ticker.microsOf(tick.instant());
      if (at >= until) {
        return new Part(found, 0);
      }
      if (tick.fires() && !left.test(at)) {
        found.add(at);
      }
    }
    return new Part(found, at + 1);
  }

  /**
   * All from an instant on.
   *
   * @return empty when there are more than {@link #TICKS_MAX}, or too many to be looked at
   */
  public Optional<List<Long>> all(long first) {
    List<Long> all = new ArrayList<>();
    long next = first;
    for (int i = 0; i < PARTS_MAX && all.size() <= TICKS_MAX; i++) {
      Part part = from(next, TICKS_MAX + 1);
      all.addAll(part.ticks);
      next = part.next;
      if (next == 0) {
        return all.size() > TICKS_MAX ? Optional.empty() : Optional.of(all);
      }
    }
    return Optional.empty();
  }

  /** Null when there is none. */
  private Tick after(long after) {
    try {
      return schedule.next(Ticker.instantOf(after).plusNanos(999)).orElse(null);
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return null;
    }
  }
}
