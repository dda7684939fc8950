package dev.millrace.scheduler.trigger;

import dev.millrace.definition.Schedule;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.scheduler.store.Ticks;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/**
 * Time triggers in the order of their next ticks. Each planned tick becomes exactly one entry of
 * the ledger: FIRED with its run, or why not, in ranges where many were missed. Holds no truth: it
 * is loaded from the trigger table at the start of a term, and loaded again when a transaction
 * fails. The leader's thread.
 */
public final class Ticker {
  /**
   * Ticks of one trigger counted in one pass; the rest of a longer gap comes with the next pass.
   */
  private static final int TICKS_PER_RANGE_MAX = 100_000;

  private static final int NANOS_PER_MICRO = 1_000;

  /** What comes after the year 9999 never comes: the database's calendar ends too. */
  private static final long LAST_TICK_MICROS =
      TimeUnit.SECONDS.toMicros(Instant.parse("9999-12-31T23:59:59Z").getEpochSecond());

  private record Armed(
      long trigger, long job, PlannedTriggers.Planned planned, Schedule schedule, long nextAt) {
    TriggerDefinition definition() {
      return planned.definition();
    }

    Fire fire(long at) {
      return new Fire(trigger, job, planned.kind(), at, planned.params());
    }
  }

  /**
   * A tick that becomes a run.
   *
   * @param params what its trigger gives it, as it stands in the definition
   */
  public record Fire(long trigger, long job, String kind, long plannedAt, String params) {
    /** One that is given nothing. */
    public Fire(long trigger, long job, String kind, long plannedAt) {
      this(trigger, job, kind, plannedAt, "{}");
    }
  }

  /** What the due triggers of one pass come to. */
  public record Due(List<Fire> fires, List<Ticks.Entry> unfired, List<long[]> advances) {}

  private final PriorityQueue<Armed> queue =
      new PriorityQueue<>(Comparator.comparingLong(Armed::nextAt));
  private final Map<Long, Armed> byTrigger = new HashMap<>();

  public void clear() {
    queue.clear();
    byTrigger.clear();
  }

  /** Arms a trigger, or replaces what was armed; a trigger without a next tick is not kept. */
  public void arm(long trigger, long job, PlannedTriggers.Planned planned, long nextAt) {
    put(new Armed(trigger, job, planned, Schedule.of(planned.definition()), nextAt));
  }

  public void disarm(long trigger) {
    byTrigger.remove(trigger); // its entry in the queue is skipped when it comes up
  }

  public int size() {
    return byTrigger.size();
  }

  /** The next due instant in microseconds, or Long.MAX_VALUE. */
  public long nextDue() {
    Armed first = queue.peek();
    while (first != null && !first.equals(byTrigger.get(first.trigger))) {
      queue.poll();
      first = queue.peek();
    }
    return first == null ? Long.MAX_VALUE : first.nextAt;
  }

  /** The first tick of a trigger that is defined now; 0 when there is none. */
  public static long firstTick(TriggerDefinition definition, long now) {
    if (definition instanceof TriggerDefinition.At at) {
      // In the past it is due at once, and its misfire policy decides: never silent.
      return next(Schedule.of(definition), at.instant().minusNanos(1));
    }
    return next(Schedule.of(definition), instant(now));
  }

  /**
   * Takes what is due and moves the triggers on.
   *
   * @param now microseconds by the database's clock; nothing after it fires
   * @param jobState tells whether a job lets its ticks fire
   */
  public Due takeDue(long now, int limit, LongFunction<JobState> jobState) {
    Due due = new Due(new ArrayList<>(), new ArrayList<>(), new ArrayList<>());
    while (due.fires.size() + due.unfired.size() < limit && nextDue() <= now) {
      Armed armed = queue.poll();
      byTrigger.remove(armed.trigger);
      long next = take(armed, now, jobState.apply(armed.job), due);
      due.advances.add(new long[] {armed.trigger, next});
      put(new Armed(armed.trigger, armed.job, armed.planned, armed.schedule, next));
    }
    return due;
  }

  /**
   * Decides about the ticks of one trigger from its next one up to now; returns the tick after
   * those.
   */
  private static long take(Armed armed, long now, JobState state, Due due) {
    if (state != JobState.SCHEDULED) {
      return range(armed, now, "SKIPPED_PAUSED", Long.MAX_VALUE, due);
    }
    boolean misfired = now - armed.nextAt > armed.planned.lateMicros();
    if (!misfired) {
      due.fires.add(armed.fire(armed.nextAt));
      return after(armed, armed.nextAt);
    }
    if (armed.definition().misfire() == Misfire.NONE) {
      return range(armed, now, "MISSED", Long.MAX_VALUE, due);
    }
    return range(armed, now, "MISSED", 1, due);
  }

  /**
   * Records the ticks from the next one up to now as one range, except that the latest one fires
   * when {@code keep} is 1.
   */
  private static long range(Armed armed, long now, String disposition, long keep, Due due) {
    boolean latestFires = keep == 1;
    long first = armed.nextAt;
    long last = first;
    long previous = 0;
    int count = 1;
    long next = after(armed, first);
    while (next != 0 && next <= now && count < TICKS_PER_RANGE_MAX) {
      previous = last;
      last = next;
      count++;
      next = after(armed, next);
    }
    boolean complete = next == 0 || next > now;
    boolean windowOver =
        armed.planned.kind().equals(PlannedTriggers.PLAN)
            && now - last > armed.planned.lateMicros();
    if (!latestFires || !complete || windowOver) {
      due.unfired.add(new Ticks.Entry(armed.trigger, first, last, count, disposition, 0));
      return next;
    }
    if (count > 1) {
      due.unfired.add(new Ticks.Entry(armed.trigger, first, previous, count - 1, disposition, 0));
    }
    due.fires.add(armed.fire(last));
    return next;
  }

  /**
   * The tick after this one, 0 when there is none. Ticks are kept in microseconds: the rest of this
   * one's microsecond is skipped, else a tick written with nanoseconds would come again for ever.
   */
  private static long after(Armed armed, long tick) {
    return next(armed.schedule, instant(tick).plusNanos(NANOS_PER_MICRO - 1));
  }

  /** The tick of a trigger after an instant in microseconds, 0 when there is none. */
  public static long tickAfter(TriggerDefinition definition, long after) {
    return next(Schedule.of(definition), instant(after));
  }

  /** Microseconds since 1970. */
  public static long microsOf(Instant instant) {
    return micros(instant);
  }

  private static long next(Schedule schedule, Instant after) {
    try {
      long next = schedule.next(after).map(Ticker::micros).orElse(0L);
      return next > LAST_TICK_MICROS ? 0 : next;
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return 0;
    }
  }

  private void put(Armed armed) {
    if (armed.nextAt == 0) {
      byTrigger.remove(armed.trigger);
      return;
    }
    byTrigger.put(armed.trigger, armed);
    queue.add(armed);
  }

  static long micros(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1_000);
  }

  static Instant instant(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
  }
}
