package dev.millrace.benchmark;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicInteger;
import java.util.concurrent.atomic.AtomicLongArray;
import java.util.concurrent.locks.LockSupport;

/**
 * Many schedules, some of which fire once each, spread evenly over a time: how late is each tick,
 * from its planned instant to its run's creation, by the database's clock, and to the first line of
 * its handler, by this machine's; and is any early.
 */
final class TicksRun {
  /** Time between the last schedule's creation and the first tick. */
  private static final Duration LEAD = Duration.ofSeconds(5);

  /** So many schedules a second are made at least. */
  private static final int MADE_PER_SECOND = 1_000;

  /**
   * As many triggers as a job may have: as many armed schedules as jobs would give, made faster.
   */
  private static final int PER_JOB = 100;

  private final Servers servers;
  private final int schedules;
  private final int due;
  private final Duration spread;

  /**
   * @param schedules how many are armed
   * @param due how many of them fire; the others are for tomorrow
   * @param spread the time over which they fire, zero for one instant
   */
  TicksRun(Servers servers, int schedules, int due, Duration spread) {
    this.servers = servers;
    this.schedules = schedules;
    this.due = due;
    this.spread = spread;
  }

  /**
   * What came out.
   *
   * @param created from the planned instant to the run's creation
   * @param entered from the planned instant to the handler's first line
   * @param early how many were created before their instant
   */
  record Lateness(Percentiles created, Percentiles entered, int early) {}

  Lateness measure() {
    AtomicInteger executed = new AtomicInteger();
    AtomicLongArray entered = new AtomicLongArray(due);
    try (LocalMillrace system =
        new LocalMillrace(
            servers,
            context -> {
              long late = Duration.between(context.start().scheduledFor(), Instant.now()).toNanos();
              int index = executed.getAndIncrement();
              if (index < due) { // a duplicate start is counted, and refuses the measurement
                entered.set(index, late);
              }
            })) {
      system.start();
      Instant first =
          Instant.ofEpochSecond(Instant.now().getEpochSecond())
              .plus(LEAD)
              .plusSeconds(schedules / MADE_PER_SECOND);
      for (int from = 0; from < schedules; from += PER_JOB) {
        system.apply(job(from, Math.min(schedules, from + PER_JOB), first));
      }
      if (!Instant.now().isBefore(first)) {
        throw new IllegalStateException(
            schedules + " schedules were not made in time; nothing is reported");
      }
      waitUntilAllRan(system, executed, first);
      List<Long> micros = new ArrayList<>();
      system.each(
          """
          select (extract(epoch from r.created_at - t.planned_at) * 1000000)::bigint
          from millrace.tick t join millrace.run r on r.id = t.run
          """,
          micros::add);
      if (micros.size() != due || executed.get() != due) {
        throw new IllegalStateException(
            due + " ticks made " + micros.size() + " runs and " + executed.get() + " executions");
      }
      int early = (int) micros.stream().filter(value -> value < 0).count();
      long[] created = micros.stream().mapToLong(value -> value * 1_000).toArray();
      long[] begun = new long[due];
      for (int i = 0; i < due; i++) {
        begun[i] = entered.get(i);
      }
      return new Lateness(Percentiles.ofNanos(created), Percentiles.ofNanos(begun), early);
    }
  }

  private String job(int from, int to, Instant first) {
    StringBuilder yaml =
        new StringBuilder("id: ticks-" + from + "\nstages: [{id: work, run: bench}]\ntriggers:\n");
    for (int i = from; i < to; i++) {
      Instant at =
          i < due
              ? first.plusNanos(spread.toNanos() / due * i)
              : first.plus(Duration.ofDays(1)).plusSeconds(i);
      yaml.append("  - at: ").append(at).append('\n');
    }
    return yaml.toString();
  }

  private void waitUntilAllRan(LocalMillrace system, AtomicInteger executed, Instant first) {
    Instant end = first.plus(spread).plusSeconds(60);
    while (executed.get() < due
        || system.count("select count(*) from millrace.run where finished_at is null") > 0) {
      if (Instant.now().isAfter(end)) {
        throw new IllegalStateException(
            executed.get() + " of " + due + " ticks ran; nothing is reported");
      }
      LockSupport.parkNanos(200_000_000);
    }
  }
}
