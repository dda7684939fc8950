package dev.millrace.scheduler.trigger;

import dev.millrace.lifecycle.JobState;
import dev.millrace.scheduler.store.Jobs.Advance;
import dev.millrace.scheduler.store.Jobs.TriggerRow;
import dev.millrace.scheduler.store.Ticks;
import java.util.concurrent.TimeUnit;
import java.util.function.LongPredicate;

/**
 * What time triggers come to in a time that is still ahead: each is run by a {@link Ticker} of its
 * own, as the leader would run it, under a clock that jumps from one due instant to the next. What
 * depends on how long runs take (overlap policies, fixed delays after their next tick) is not known
 * ahead. Keeps nothing of a trigger when it is done with it. Instants are microseconds since 1970.
 * One thread.
 */
public final class Forecast {
  /** How many ticks one forecast decides about; about two seconds of one processor. */
  public static final int TICKS_MAX = 2_000_000;

  /** Jitter is at most that; earlier than so long before a range nothing of it is planned. */
  private static final long SLACK_MICROS = TimeUnit.MILLISECONDS.toMicros(1);

  /**
   * A trigger as its row says.
   *
   * @param state of its job; PAUSED as well when its namespace or everything is paused
   * @param blackout tells of a planned start whether a blackout of its window takes it
   */
  public record Source(
      TriggerRow row,
      PlannedTriggers.Planned planned,
      String namespace,
      String job,
      JobState state,
      LongPredicate blackout) {}

  /**
   * What becomes of a tick, or of several in a row; the words are the ledger's.
   *
   * @param at when it is decided, for a tick that fires when it fires
   * @param plannedUntil equals {@code plannedAt} unless it stands for a range
   */
  public record Outcome(
      Source source, long at, long plannedAt, long plannedUntil, int ticks, String disposition) {
    /** True when it becomes a run. */
    public boolean fires() {
      return disposition.equals("FIRED");
    }
  }

  /** Takes outcomes of one trigger in the order of {@link Outcome#at}. */
  @FunctionalInterface
  public interface Sink {
    /**
     * @return false when nothing more of this trigger is wanted
     */
    boolean take(Outcome outcome);
  }

  private final long now;
  private final long from;
  private final long to;
  private int ticksLeft = TICKS_MAX;

  /**
   * @param now by the database's clock; what is due by then is decided at once
   * @param from only what is decided at or after this instant is told
   * @param to only what is decided before this instant
   */
  public Forecast(long now, long from, long to) {
    this.now = now;
    this.from = from;
    this.to = to;
  }

  /**
   * Tells what one trigger comes to.
   *
   * @return false when the ticks that one forecast may decide about are used up
   * @throws IllegalArgumentException when its definition cannot be understood any more
   */
  public boolean run(Source source, Sink sink) {
    TriggerRow row = source.row();
    Ticker ticker = new Ticker();
    ticker.arm(row, source.planned());
    long clock = now;
    skip(ticker, source, new Advance(row.id(), row.nextAt(), row.catchUpUntil(), 0), clock);
    while (ticksLeft > 0) {
      long due = ticker.nextDue();
      clock = Math.max(clock, due);
      if (due == Long.MAX_VALUE || clock >= to) {
        return true;
      }
      Ticker.Due taken = ticker.takeDue(clock, 1, job -> source.state());
      if (!tell(source, clock, taken, sink)) {
        return true;
      }
      skip(ticker, source, taken.advances().getLast(), clock);
    }
    return false;
  }

  private boolean tell(Source source, long clock, Ticker.Due taken, Sink sink) {
    boolean wanted = true;
    for (Ticks.Entry entry : taken.unfired()) {
      ticksLeft -= entry.ticks();
      Outcome outcome =
          new Outcome(
              source,
              clock,
              entry.plannedAt(),
              entry.plannedUntil(),
              entry.ticks(),
              entry.disposition());
      wanted = wanted && (clock < from || sink.take(outcome));
    }
    for (Ticker.Fire fire : taken.fires()) {
      ticksLeft--;
      long at = fire.plannedAt();
      String disposition = source.blackout().test(at) ? "SKIPPED_WINDOW" : "FIRED";
      wanted =
          wanted && (clock < from || sink.take(new Outcome(source, clock, at, at, 1, disposition)));
    }
    return wanted;
  }

  /**
   * A trigger that is in time has no memory: ticks that nobody asks about are not decided about. A
   * tick is due later than planned by less than its jitter.
   */
  private void skip(Ticker ticker, Source source, Advance where, long clock) {
    boolean inTime = where.catchUpUntil() == 0 && where.nextAt() > clock;
    if (!inTime || source.planned().waitsForRun()) {
      return;
    }
    long jitter = source.planned().definition().rules().jitter().toNanos() / 1_000;
    long first = from - jitter - SLACK_MICROS;
    if (where.nextAt() < first) {
      long next = Ticker.resumedAt(source.planned(), first);
      ticker.arm(where.trigger(), source.row().job(), source.planned(), next);
    }
  }
}
