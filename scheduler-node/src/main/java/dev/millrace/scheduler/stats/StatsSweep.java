package dev.millrace.scheduler.stats;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.event.EventNames;
import dev.millrace.scheduler.event.LogFollower;
import dev.millrace.scheduler.store.JobStats;
import dev.millrace.scheduler.store.ReadsJobs;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.LocalDate;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Counts runs as they end: follows the transition log, some batches at a time, and writes what they
 * come to in one transaction with how far it is. So every run counts once, whoever leads, and even
 * when two did. It takes a part of the time only, so that it holds up nobody: under more load than
 * it can count it is behind, and catches up after. Its own loop, one for a term.
 */
public final class StatsSweep {
  private static final Logger log = LoggerFactory.getLogger(StatsSweep.class);

  /** What a job's row costs is paid once for all of them. */
  private static final int MOVES_ENOUGH = 5_000;

  private static final int HISTORY_PAGE = 5_000;
  private static final int NAMES_MAX = 100_000;
  private static final long REST_SHARE = 2;
  private static final long REST_MIN_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long GAP_NANOS = TimeUnit.MILLISECONDS.toNanos(100);

  private final Jdbi jdbi;
  private final MeterRegistry metrics;
  private final LogFollower follower;
  private final Map<Long, String> namespaces = new HashMap<>();
  private final Set<Long> told = new HashSet<>();
  private JobStats.Cursor cursor;
  private long waitNanos;

  public StatsSweep(Jdbi jdbi, MeterRegistry metrics) {
    this.jdbi = jdbi;
    this.metrics = metrics;
    this.follower = new LogFollower(jdbi, new EventNames(jdbi));
  }

  public Loop loop() {
    return new Loop("stats", this::pass, new Pulse(), () -> waitNanos);
  }

  private boolean pass() {
    long began = System.nanoTime();
    boolean more = runOnce();
    long took = System.nanoTime() - began;
    waitNanos =
        more
            ? Math.max(REST_MIN_NANOS, took * REST_SHARE)
            : follower.waiting() ? GAP_NANOS : IDLE_NANOS;
    return false;
  }

  /** One pass: true when there is more to count now. */
  public boolean runOnce() {
    if (cursor == null) {
      cursor = jdbi.withHandle(JobStats::cursor).orElseThrow();
      follower.startAbove(cursor.batch());
    }
    if (!follower.waiting() && jdbi.withHandle(JobStats::logEnd) == cursor.batch()) {
      return cursor.history() != null && countHistory();
    }
    try {
      countLog();
    } catch (RuntimeException e) {
      cursor = null; // what the follower has passed is not counted: begin where the table says
      throw e;
    }
    return follower.more() || (cursor.history() != null && countHistory());
  }

  private void countLog() {
    List<RunMove> moves = new ArrayList<>();
    do {
      follower.nextBatches().forEach(batch -> RunMove.of(batch, moves));
    } while (follower.more() && moves.size() < MOVES_ENOUGH);
    long to = follower.cursor();
    if (to == cursor.batch()) {
      return;
    }
    Map<Long, Integer> lost =
        jdbi.inTransaction(
            tx -> {
              if (!JobStats.advance(tx, cursor.batch(), to)) {
                throw new QuietFailure("another node has counted meanwhile");
              }
              Tally tally = new Tally(tx, job -> namespace(tx, job));
              tally.count(moves, cursor);
              return tally.lost();
            });
    tell(lost);
    cursor = new JobStats.Cursor(to, cursor.begunAfter(), cursor.history());
  }

  /** Each day is said once, its runs are in the meter. */
  private void tell(Map<Long, Integer> lost) {
    lost.forEach(
        (day, runs) -> {
          metrics.counter("millrace.stats.runs.lost").increment(runs);
          if (told.add(day)) {
            log.warn(
                "runs of a dropped day cannot be counted day={} runs={}; statistics of their jobs"
                    + " are without them",
                LocalDate.ofEpochDay(day),
                runs);
          }
        });
  }

  /** Some of the runs that ended before anybody counted; true when there are more. */
  private boolean countHistory() {
    Long from = cursor.history();
    Long to =
        jdbi.inTransaction(
            tx -> {
              JobStats.HistoryPage page =
                  JobStats.endedBefore(tx, cursor.begunAfter(), from, HISTORY_PAGE);
              if (!JobStats.advanceHistory(tx, from, page.last())) {
                throw new QuietFailure("another node has counted meanwhile");
              }
              new Tally(tx, job -> namespace(tx, job)).history(page.ended());
              return page.last();
            });
    cursor = new JobStats.Cursor(cursor.batch(), cursor.begunAfter(), to);
    return to != null;
  }

  private String namespace(Handle tx, long job) {
    if (namespaces.size() > NAMES_MAX) {
      namespaces.clear();
    }
    return namespaces.computeIfAbsent(
        job,
        any ->
            ReadsJobs.names(tx, List.of(job)).stream()
                .map(ReadsJobs.Name::namespace)
                .findFirst()
                .orElse("default"));
  }
}
