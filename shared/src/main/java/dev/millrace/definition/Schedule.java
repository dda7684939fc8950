package dev.millrace.definition;

import dev.millrace.definition.Tick.Fate;
import dev.millrace.definition.Tick.Mark;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerRules;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneRules;
import java.util.Optional;

/**
 * When a time trigger fires, computed from its definition alone: all its ticks in order, also those
 * that a change of the clocks or a calendar keeps from firing. Immutable, any thread.
 *
 * <p>One tick costs 0.5-0.7 microseconds, 1-3 where decades lie between two of them, and compiling
 * a trigger 2-3 (processor time, JDK 25, 2 cores, November 2026, ten expressions).
 */
public final class Schedule {
  /** The zone of a cron expression that names none; its id reads better than an offset's Z. */
  public static final ZoneId UTC = TriggerDefinition.UTC;

  /** {@link #nextFiring} gives up after so many ticks in a row that do not fire. */
  static final int SILENT_TICKS_MAX = 100_000;

  /** One kind of line on which ticks lie. */
  private sealed interface Line {
    /** The first tick strictly after an instant, or null when there is none any more. */
    Tick next(Instant after);
  }

  /** By a cron expression in a zone. */
  private record OnCron(CronTicks ticks) implements Line {
    @Override
    public Tick next(Instant after) {
      return ticks.next(after);
    }
  }

  /** Once. */
  private record Once(Instant instant) implements Line {
    @Override
    public Tick next(Instant after) {
      if (!instant.isAfter(after)) {
        return null;
      }
      LocalDateTime local = LocalDateTime.ofInstant(instant, ZoneOffset.UTC);
      return new Tick(instant, local, ZoneOffset.UTC, Mark.NONE, Fate.FIRES, 1);
    }
  }

  /** At {@code anchor + n * interval}; before the anchor there is no tick. */
  private record Periodic(Duration interval, Instant anchor, ZoneRules rules, Exclusions except)
      implements Line {
    @Override
    public Tick next(Instant after) {
      Instant instant = anchor;
      if (!after.isBefore(anchor)) {
        long passed = Duration.between(anchor, after).dividedBy(interval);
        instant = anchor.plus(interval.multipliedBy(passed + 1));
      }
      return tick(instant, rules, except);
    }
  }

  /** So long after whatever came before: as if runs took no time. */
  private record Delayed(Duration delay, ZoneRules rules, Exclusions except) implements Line {
    @Override
    public Tick next(Instant after) {
      return tick(after.plus(delay), rules, except);
    }
  }

  private static Tick tick(Instant instant, ZoneRules rules, Exclusions except) {
    ZoneOffset offset = rules.getOffset(instant);
    LocalDateTime local = LocalDateTime.ofInstant(instant, offset);
    Fate fate = except.exclude(instant, local) ? Fate.SKIPPED_CALENDAR : Fate.FIRES;
    return new Tick(instant, local, offset, Mark.NONE, fate, 1);
  }

  private final Line line;
  private final ZoneId zone;
  private final TriggerRules rules;
  private final Exclusions except;
  private final long seed;
  private final String resolved;

  private Schedule(
      Line line, ZoneId zone, TriggerRules rules, Exclusions except, long seed, String resolved) {
    this.line = line;
    this.zone = zone;
    this.rules = rules;
    this.except = except;
    this.seed = seed;
    this.resolved = resolved;
  }

  /** Compiles a trigger of a job; keep the answer. */
  public static Schedule of(JobDefinition job, TriggerDefinition trigger) {
    return of(trigger, seed(job));
  }

  /** What {@code H} and jitter are hashed from. */
  public static String seed(JobDefinition job) {
    return job.namespace() + "/" + job.id();
  }

  /**
   * Compiles a trigger; keep the answer, a cron expression is parsed here.
   *
   * @param seed as {@link #seed} makes it
   * @throws IllegalArgumentException when a cron expression or a calendar is not possible, which a
   *     definition that was read contains at most when a library has changed
   */
  public static Schedule of(TriggerDefinition trigger, String seed) {
    TriggerRules rules = trigger.rules();
    Exclusions except = rules.except().isEmpty() ? Exclusions.NONE : new Exclusions(rules.except());
    String resolved = null;
    Line line;
    switch (trigger) {
      case TriggerDefinition.Cron cron -> {
        CronSchedule schedule = CronSchedule.ofJudged(cron.expression(), seed);
        resolved = schedule.resolved();
        line =
            new OnCron(
                new CronTicks(
                    schedule.times(), Clocks.of(cron.zone()), cron.dst(), except::exclude));
      }
      case TriggerDefinition.At at -> line = new Once(at.instant());
      case TriggerDefinition.Every every when every.mode() == Mode.FIXED_DELAY ->
          line = new Delayed(every.interval(), every.zone().getRules(), except);
      case TriggerDefinition.Every every ->
          line =
              new Periodic(
                  every.interval(),
                  (every.anchor() == null ? Instant.EPOCH : every.anchor()).plus(every.phase()),
                  every.zone().getRules(),
                  except);
      case TriggerDefinition.Giving giving -> {
        return of(giving.trigger(), seed);
      }
    }
    return new Schedule(line, trigger.zone(), rules, except, CronHash.hash(seed), resolved);
  }

  /**
   * What was planned for an instant. Where the schedule has no such tick (any more: the clocks of a
   * zone were defined anew) it is one that fires, for what was planned has to become something.
   *
   * @param planned in whole microseconds, as the ledger keeps it
   */
  public Tick at(Instant planned) {
    if (!(line instanceof Delayed)) {
      Optional<Tick> tick = next(planned.minusNanos(1));
      if (tick.isPresent() && tick.get().instant().truncatedTo(ChronoUnit.MICROS).equals(planned)) {
        return tick.get();
      }
    }
    ZoneRules clocks = zone.getRules();
    return tick(planned, clocks, line instanceof Delayed ? except : Exclusions.NONE);
  }

  /**
   * The first tick strictly after an instant, whether it fires or not, or empty when there is none
   * any more. Of a fixed delay the instant is the end of the run before.
   */
  public Optional<Tick> next(Instant after) {
    Instant from = rules.from();
    Tick tick = line.next(from != null && after.isBefore(from) ? from.minusNanos(1) : after);
    boolean over = rules.until() != null && tick != null && !tick.instant().isBefore(rules.until());
    return tick == null || over ? Optional.empty() : Optional.of(tick);
  }

  /**
   * The first tick strictly after an instant that fires. Empty when there is none any more, or none
   * among the next 100,000 that are on days without exclusion.
   */
  public Optional<Tick> nextFiring(Instant after) {
    Instant from = after;
    for (int i = 0; i < SILENT_TICKS_MAX; i++) {
      Optional<Tick> tick = next(from);
      if (tick.isEmpty() || tick.get().fires()) {
        return tick;
      }
      from = tick.get().instant();
      LocalDate day = tick.get().local().toLocalDate();
      if (tick.get().fate() == Fate.SKIPPED_CALENDAR && except.excludeDay(day)) {
        Instant end = day.plusDays(1).atStartOfDay(zone).toInstant().minusNanos(1);
        from = end.isAfter(from) ? end : from;
      }
    }
    return Optional.empty();
  }

  /**
   * When a tick is due: later than planned by its jitter, never earlier, and always before the next
   * tick. The same on every node and after every restart.
   */
  public Instant due(Tick tick) {
    if (rules.jitter().isZero() || !tick.fires()) {
      return tick.instant();
    }
    long micros = rules.jitter().toNanos() / 1_000;
    Optional<Tick> next = next(tick.instant());
    if (next.isPresent()) {
      Duration room = Duration.between(tick.instant(), next.get().instant());
      micros =
          Math.min(micros, room.compareTo(rules.jitter()) > 0 ? micros : room.toNanos() / 1_000);
    }
    long hash = CronHash.mix(seed ^ CronHash.mix(tick.instant().getEpochSecond()));
    return tick.instant().plusNanos(Long.remainderUnsigned(hash, Math.max(1, micros)) * 1_000);
  }

  /** Why a tick does not fire, for people; empty when it does. */
  public String why(Tick tick) {
    return switch (tick.fate()) {
      case FIRES -> "";
      case COALESCED -> "the clocks go forward; one tick for all times in between";
      case SKIPPED_DST ->
          tick.mark() == Mark.GAP_SILENT
              ? "the clocks go forward over it"
              : "the clocks go back; it fires the other time";
      case SKIPPED_CALENDAR -> except.why(tick.instant(), tick.local());
    };
  }

  /** The cron expression with every {@code H} resolved; null when there is no expression. */
  public String resolved() {
    return resolved;
  }
}
