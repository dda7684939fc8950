package dev.millrace.benchmark;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;
import java.util.concurrent.locks.LockSupport;

/**
 * Many schedules that fire once each, spread evenly over a time: how late is each tick, from its
 * planned instant to the start message's commit, judged by the database's clock; and is any early.
 */
final class TicksRun {
  /** Time between the last schedule's creation and the first tick. */
  private static final Duration LEAD = Duration.ofSeconds(5);

  private final Servers servers;
  private final int schedules;
  private final Duration spread;

  TicksRun(Servers servers, int schedules, Duration spread) {
    this.servers = servers;
    this.schedules = schedules;
    this.spread = spread;
  }

  /** What came out: lateness, how many were early, how many ran. */
  record Lateness(Percentiles percentiles, int early, long executed) {}

  Lateness measure() {
    AtomicLong executed = new AtomicLong();
    try (LocalMillrace system = new LocalMillrace(servers, context -> executed.incrementAndGet())) {
      system.start();
      // One job with many one-time triggers each: as many armed schedules as jobs would give, made
      // faster.
      int perJob = 100; // as many triggers as a job may have
      Instant first =
          Instant.ofEpochSecond(Instant.now().getEpochSecond())
              .plus(LEAD)
              .plusSeconds(schedules / 1_000);
      for (int from = 0; from < schedules; from += perJob) {
        system.apply(job(from, Math.min(schedules, from + perJob), first));
      }
      waitUntilAllRan(system, executed, first);
      List<Long> micros = new ArrayList<>();
      system.each(
          """
          select (extract(epoch from r.created_at - t.planned_at) * 1000000)::bigint
          from millrace.tick t join millrace.run r on r.id = t.run
          """,
          micros::add);
      int early = (int) micros.stream().filter(value -> value < 0).count();
      long[] nanos = micros.stream().mapToLong(value -> value * 1_000).toArray();
      return new Lateness(Percentiles.ofNanos(nanos), early, executed.get());
    }
  }

  private String job(int from, int to, Instant first) {
    StringBuilder yaml =
        new StringBuilder("id: ticks-" + from + "\nstages: [{id: work, run: bench}]\ntriggers:\n");
    for (int i = from; i < to; i++) {
      Instant at = first.plusNanos(spread.toNanos() / schedules * i);
      yaml.append("  - at: ").append(at).append('\n');
    }
    return yaml.toString();
  }

  private void waitUntilAllRan(LocalMillrace system, AtomicLong executed, Instant first) {
    Instant end = first.plus(spread).plusSeconds(60);
    while (executed.get() < schedules
        || system.count("select count(*) from millrace.run where finished_at is null") > 0) {
      if (Instant.now().isAfter(end)) {
        throw new IllegalStateException(
            executed.get() + " of " + schedules + " ticks ran; nothing is reported");
      }
      LockSupport.parkNanos(200_000_000);
    }
  }
}
