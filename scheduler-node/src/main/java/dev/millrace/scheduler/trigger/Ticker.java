package dev.millrace.scheduler.trigger;

import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.scheduler.store.Jobs.Advance;
import dev.millrace.scheduler.store.Jobs.TriggerRow;
import dev.millrace.scheduler.store.Ticks;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.PriorityQueue;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;

/**
 * Time triggers in the order of their next ticks. Each planned tick becomes exactly one entry of
 * the ledger: FIRED with its run, or why not, in ranges where many were missed. Holds no truth: it
 * is loaded from the trigger table at the start of a term, and loaded again when a transaction
 * fails. The leader's thread.
 *
 * <p>Ticks that could not fire in time are judged once, all that are due: those that the misfire
 * policy lets fire are the ones from some tick up to now, and that is what the trigger's row
 * remembers until the last of them has fired, however slowly they may and whoever leads by then.
 */
public final class Ticker {
  /**
   * Ticks of one trigger counted in one pass; the rest of a longer gap comes with the next pass.
   */
  private static final int TICKS_PER_RANGE_MAX = 100_000;

  /** A pace that was held up makes up for this much time, no more. */
  private static final long PACE_BURST_MICROS = TimeUnit.SECONDS.toMicros(1);

  private static final int NANOS_PER_MICRO = 1_000;

  /** What comes after the year 9999 never comes: the database's calendar ends too. */
  private static final long LAST_TICK_MICROS =
      TimeUnit.SECONDS.toMicros(Instant.parse("9999-12-31T23:59:59Z").getEpochSecond());

  /** A tick in microseconds; {@code dueAt} is later by its jitter. */
  private record Step(long at, long dueAt, Tick.Fate fate, int count) {
    boolean fires() {
      return fate == Tick.Fate.FIRES;
    }
  }

  /**
   * A trigger that has a next tick.
   *
   * @param catchUpUntil up to this instant every tick fires, however late; 0 when nothing is missed
   * @param paceAt while it catches up: the next one fires not before
   * @param judging more ticks are missed than one pass counts: the policy has not had its last word
   */
  private record Armed(
      long trigger,
      long job,
      PlannedTriggers.Planned planned,
      Schedule schedule,
      Step step,
      long catchUpUntil,
      long paceAt,
      boolean judging) {
    long dueAt() {
      return Math.max(step.dueAt, paceAt);
    }

    boolean catchesUp() {
      return step.at <= catchUpUntil;
    }

    Fire fire() {
      return new Fire(trigger, job, planned.kind(), step.at, step.dueAt, planned.params());
    }

    Armed moved(Step next, long until, long pace) {
      boolean goesOn = next != null && next.at <= until;
      return new Armed(
          trigger, job, planned, schedule, next, goesOn ? until : 0, goesOn ? pace : 0, false);
    }

    Armed stillJudging() {
      return new Armed(trigger, job, planned, schedule, step, 0, 0, true);
    }
  }

  /** A trigger whose next tick comes after the end of a run; 0 until the run is made. */
  private record Resting(long job, PlannedTriggers.Planned planned, long run) {}

  /**
   * A tick that becomes a run.
   *
   * @param dueAt later than planned by its jitter
   * @param params what its trigger gives it, as it stands in the definition
   */
  public record Fire(
      long trigger, long job, String kind, long plannedAt, long dueAt, String params) {
    /** One that is given nothing. */
    public Fire(long trigger, long job, String kind, long plannedAt, long dueAt) {
      this(trigger, job, kind, plannedAt, dueAt, "{}");
    }
  }

  /** What the due triggers of one pass come to. */
  public record Due(List<Fire> fires, List<Ticks.Entry> unfired, List<Advance> advances) {}

  private final PriorityQueue<Armed> queue =
      new PriorityQueue<>(Comparator.comparingLong(Armed::dueAt));
  private final Map<Long, Armed> byTrigger = new HashMap<>();
  private final Map<Long, Resting> resting = new HashMap<>();

  public void clear() {
    queue.clear();
    byTrigger.clear();
    resting.clear();
  }

  /** Arms a trigger, or replaces what was armed; a trigger without a next tick is not kept. */
  public void arm(long trigger, long job, PlannedTriggers.Planned planned, long nextAt) {
    arm(trigger, job, planned, nextAt, 0);
  }

  /** Arms a trigger as its row says, in the middle of what it was about. */
  public void arm(TriggerRow row, PlannedTriggers.Planned planned) {
    if (row.restsOn() != 0 && planned.waitsForRun()) {
      byTrigger.remove(row.id());
      resting.put(row.id(), new Resting(row.job(), planned, row.restsOn()));
      return;
    }
    arm(row.id(), row.job(), planned, row.nextAt(), row.catchUpUntil());
  }

  private void arm(
      long trigger, long job, PlannedTriggers.Planned planned, long nextAt, long catchUpUntil) {
    resting.remove(trigger);
    Schedule schedule = planned.schedule();
    Step step = nextAt == 0 ? null : recorded(schedule, nextAt);
    put(new Armed(trigger, job, planned, schedule, step, catchUpUntil, 0, false));
  }

  /** What was planned for an instant; it has to become something, whatever its line says. */
  private static Step recorded(Schedule schedule, long at) {
    try {
      return step(schedule, schedule.at(instant(at)));
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return new Step(at, at, Tick.Fate.FIRES, 1);
    }
  }

  public void disarm(long trigger) {
    byTrigger.remove(trigger); // its entry in the queue is skipped when it comes up
    resting.remove(trigger);
  }

  /** How many triggers have a next tick. */
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
    return first == null ? Long.MAX_VALUE : first.dueAt();
  }

  /**
   * The first tick of a trigger that is defined now; 0 when there is none.
   *
   * @throws IllegalArgumentException when its definition is not possible
   */
  public static long firstTick(PlannedTriggers.Planned planned, long now) {
    Schedule schedule = planned.schedule();
    if (planned.definition() instanceof TriggerDefinition.At at) {
      // In the past it is due at once, and its misfire policy decides: never silent.
      return atOf(next(schedule, at.instant().minusNanos(1)));
    }
    return atOf(next(schedule, instant(now)));
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
      Armed moved = take(armed, now, jobState.apply(armed.job), due);
      due.advances.add(new Advance(armed.trigger, atOf(moved.step), moved.catchUpUntil, 0));
      put(moved);
    }
    return due;
  }

  /** Decides about the next tick of one trigger, or about all that are due and do not fire. */
  private Armed take(Armed armed, long now, JobState state, Due due) {
    Step step = armed.step;
    if (state != JobState.SCHEDULED) {
      return armed.moved(sweep(armed, now, Long.MAX_VALUE, "SKIPPED_PAUSED", due), 0, 0);
    }
    if (!step.fires()) {
      Armed moved = armed.moved(sweepSilent(armed, now, due), armed.catchUpUntil, armed.paceAt);
      boolean goesOn = armed.judging && moved.step != null && moved.step.dueAt <= now;
      return goesOn ? moved.stillJudging() : moved;
    }
    boolean late = armed.judging || now - step.dueAt > armed.planned.lateMicros();
    if (late && !armed.catchesUp()) {
      return judgeMissed(armed, now, due);
    }
    due.fires.add(armed.fire());
    if (armed.planned.waitsForRun()) {
      resting.put(armed.trigger, new Resting(armed.job, armed.planned, 0));
      return armed.moved(null, 0, 0);
    }
    return armed.moved(after(armed.schedule, step.at), armed.catchUpUntil, paced(armed, now));
  }

  private static long paced(Armed armed, long now) {
    Misfire.Pace pace = armed.planned.misfire().pace();
    return pace == null
        ? 0
        : Math.max(armed.paceAt, now - PACE_BURST_MICROS) + pace.microsBetween();
  }

  /**
   * The policy's word about all ticks that are due: a first part is recorded as MISSED, the others
   * are to fire.
   */
  private static Armed judgeMissed(Armed armed, long now, Due due) {
    Misfire policy = armed.planned.misfire();
    long oldest =
        policy.within() == null
            ? Long.MIN_VALUE
            : now - policy.within().toNanos() / NANOS_PER_MICRO;
    Chosen chosen = choose(armed, now, oldest, policy.atMost());
    Step step = sweep(armed, now, chosen.first, "MISSED", due);
    boolean swept = step == null || step.dueAt > now || step.at >= chosen.first;
    Armed moved = armed.moved(step, swept ? chosen.until : 0, now);
    return step == null || (swept && chosen.until != 0) ? moved : moved.stillJudging();
  }

  /**
   * Those that fire.
   *
   * @param first the earliest of them; Long.MAX_VALUE when none fires
   * @param until the instant up to which they are chosen; 0 when more ticks are due than are
   *     counted in one pass
   */
  private record Chosen(long first, long until) {}

  private static Chosen choose(Armed armed, long now, long oldest, int atMost) {
    if (atMost == Misfire.UNLIMITED) {
      return new Chosen(oldest, now);
    }
    if (atMost == 0) {
      return new Chosen(Long.MAX_VALUE, now);
    }
    long[] latest = new long[atMost];
    int found = 0;
    int counted = 0;
    long last = 0;
    Step step = armed.step;
    while (step != null && step.dueAt <= now && counted < countMax(found, atMost)) {
      if (step.fires() && step.at >= oldest) {
        latest[found++ % atMost] = step.at;
      }
      counted++;
      last = step.at;
      step = after(armed.schedule, step.at);
    }
    boolean complete = step == null || step.dueAt > now;
    if (found == 0) {
      return new Chosen(complete ? Long.MAX_VALUE : step.at, complete ? now : 0);
    }
    if (found <= atMost) {
      return new Chosen(latest[0], complete ? now : last);
    }
    return new Chosen(latest[found % atMost], complete ? now : 0);
  }

  /** Among very many ticks that do not fire it is looked further for those that do. */
  private static int countMax(int found, int atMost) {
    return found <= atMost ? 20 * TICKS_PER_RANGE_MAX : TICKS_PER_RANGE_MAX;
  }

  /** Records ticks in a row that do not fire by their definition, those of one reason. */
  private static Step sweepSilent(Armed armed, long now, Due due) {
    Step first = armed.step;
    Step last = first;
    int count = first.count;
    Step step = after(armed.schedule, first.at);
    while (step != null
        && step.dueAt <= now
        && step.fate == first.fate
        && count < TICKS_PER_RANGE_MAX) {
      last = step;
      count += step.count;
      step = after(armed.schedule, step.at);
    }
    due.unfired.add(new Ticks.Entry(armed.trigger, first.at, last.at, count, first.fate.name(), 0));
    return step;
  }

  /**
   * Records the ticks from the next one up to now, as far as they are before an instant: one range
   * for each reason.
   *
   * @param disposition of those that would fire
   * @return the first tick that is not recorded
   */
  private static Step sweep(Armed armed, long now, long before, String disposition, Due due) {
    Map<String, Ticks.Entry> ranges = new LinkedHashMap<>();
    Step step = armed.step;
    int counted = 0;
    while (step != null && step.dueAt <= now && step.at < before && counted < TICKS_PER_RANGE_MAX) {
      String why = step.fires() ? disposition : step.fate.name();
      Ticks.Entry one = new Ticks.Entry(armed.trigger, step.at, step.at, step.count, why, 0);
      ranges.merge(why, one, Ticker::joined);
      counted++;
      step = after(armed.schedule, step.at);
    }
    due.unfired.addAll(ranges.values());
    return step;
  }

  private static Ticks.Entry joined(Ticks.Entry range, Ticks.Entry tick) {
    return new Ticks.Entry(
        range.trigger(),
        range.plannedAt(),
        tick.plannedUntil(),
        Math.addExact(range.ticks(), tick.ticks()),
        range.disposition(),
        0);
  }

  /** The run of a trigger's tick is made; a fixed delay waits for its end. */
  public Optional<Advance> made(long trigger, long run) {
    Resting rest = resting.get(trigger);
    if (rest == null || rest.run != 0) {
      return Optional.empty();
    }
    resting.put(trigger, new Resting(rest.job, rest.planned, run));
    return Optional.of(new Advance(trigger, 0, 0, run));
  }

  /**
   * A run of a trigger has ended, or was not made at all; a fixed delay begins.
   *
   * @param run 0 when none was made
   */
  public Optional<Advance> ended(long trigger, long run, long now) {
    Resting rest = resting.get(trigger);
    if (rest == null || rest.run != run) {
      return Optional.empty();
    }
    long next = atOf(next(rest.planned.schedule(), instant(now)));
    arm(trigger, rest.job, rest.planned, next);
    return Optional.of(new Advance(trigger, next, 0, 0));
  }

  /** True when a trigger waits for the end of a run. */
  public boolean hasResting() {
    return !resting.isEmpty();
  }

  /**
   * The tick after this one, null when there is none. Ticks are kept in microseconds: the rest of
   * this one's microsecond is skipped, else a tick written with nanoseconds would come again for
   * ever.
   */
  private static Step after(Schedule schedule, long tick) {
    return next(schedule, instant(tick).plusNanos(NANOS_PER_MICRO - 1));
  }

  /**
   * The first tick of a trigger after an instant, whether it fires or not, 0 when there is none:
   * where a trigger goes on that was not armed until now. Microseconds.
   */
  public static long resumedAt(PlannedTriggers.Planned planned, long now) {
    return atOf(next(planned.schedule(), instant(now)));
  }

  /** The tick of a trigger after an instant in microseconds that fires, 0 when there is none. */
  public static long tickAfter(PlannedTriggers.Planned planned, long after) {
    try {
      return planned
          .schedule()
          .nextFiring(instant(after))
          .map(tick -> micros(tick.instant()))
          .filter(next -> next <= LAST_TICK_MICROS)
          .orElse(0L);
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return 0;
    }
  }

  /** Microseconds since 1970. */
  public static long microsOf(Instant instant) {
    return micros(instant);
  }

  /** The other way round. */
  public static Instant instantOf(long micros) {
    return instant(micros);
  }

  private static Step next(Schedule schedule, Instant after) {
    try {
      Step next = schedule.next(after).map(tick -> step(schedule, tick)).orElse(null);
      return next == null || next.at > LAST_TICK_MICROS ? null : next;
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return null;
    }
  }

  private static Step step(Schedule schedule, Tick tick) {
    return new Step(micros(tick.instant()), micros(schedule.due(tick)), tick.fate(), tick.count());
  }

  private static long atOf(Step step) {
    return step == null ? 0 : step.at;
  }

  private void put(Armed armed) {
    if (armed.step == null) {
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
