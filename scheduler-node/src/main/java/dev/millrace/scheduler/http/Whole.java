package dev.millrace.scheduler.http;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsOverview;
import java.time.Duration;
import java.util.List;
import java.util.function.Predicate;
import org.jdbi.v3.core.Handle;

/**
 * Everything that a look at the whole is made of, of one moment and of all namespaces. Immutable.
 */
record Whole(
    ReadsOverview.Leader leader,
    List<Fleet.Member> workers,
    List<ReadsOverview.Ready> ready,
    List<ReadsOverview.InFlight> inFlight,
    List<ReadsOverview.Count> open,
    List<ReadsOverview.Count> pending,
    List<ReadsOverview.Minute> minutes,
    List<ReadsOverview.Late> late,
    List<ReadsOverview.Failing> failing,
    List<ReadsOverview.Missed> missed,
    List<ReadsOverview.Count> deadLetters,
    List<ReadsOverview.Standing> standing,
    List<ReadsOverview.Paused> paused,
    List<ReadsOverview.Quota> quotas,
    List<ReadsOverview.LockWait> lockWaits,
    List<ReadsOverview.Broken> broken) {
  private static final Duration LATE_SINCE = Duration.ofMinutes(5);
  private static final int LOCK_WAIT_SECONDS = 600;
  private static final int WORKERS_MAX = 10_000;

  static Whole read(Handle handle) {
    ReadsOverview.Leader leader = ReadsOverview.leader(handle);
    long lateFrom = RunId.firstAt(leader.now().minus(LATE_SINCE).toEpochMilli());
    return new Whole(
        leader,
        ReadsFleet.workers(handle, "", true, WORKERS_MAX).stream().map(Fleet.Member::of).toList(),
        ReadsOverview.ready(handle),
        ReadsOverview.inFlight(handle),
        ReadsOverview.open(handle),
        ReadsOverview.pending(handle),
        ReadsOverview.minutes(handle),
        ReadsOverview.late(handle, lateFrom),
        ReadsOverview.failing(handle),
        ReadsOverview.missed(handle),
        ReadsOverview.deadLetters(handle),
        ReadsOverview.standing(handle),
        ReadsOverview.paused(handle),
        ReadsOverview.quotas(handle),
        ReadsOverview.lockWaits(handle, LOCK_WAIT_SECONDS),
        ReadsOverview.broken(handle));
  }

  /** What somebody may see of it; workers and the leader serve all namespaces. */
  Whole of(Predicate<String> sees) {
    return new Whole(
        leader,
        workers,
        ready.stream().filter(one -> sees.test(one.namespace())).toList(),
        inFlight.stream().filter(one -> sees.test(one.namespace())).toList(),
        open.stream().filter(one -> sees.test(one.namespace())).toList(),
        pending.stream().filter(one -> sees.test(one.namespace())).toList(),
        minutes.stream().filter(one -> sees.test(one.namespace())).toList(),
        late.stream().filter(one -> sees.test(one.namespace())).toList(),
        failing.stream().filter(one -> sees.test(one.namespace())).toList(),
        missed.stream().filter(one -> sees.test(one.namespace())).toList(),
        deadLetters.stream().filter(one -> sees.test(one.namespace())).toList(),
        standing.stream()
            .filter(one -> one.namespace().isEmpty() || sees.test(one.namespace()))
            .toList(),
        paused.stream()
            .filter(one -> one.namespace() == null || sees.test(one.namespace()))
            .toList(),
        quotas.stream().filter(one -> sees.test(one.namespace())).toList(),
        lockWaits.stream().filter(one -> sees.test(one.namespace())).toList(),
        broken.stream().filter(one -> sees.test(one.namespace())).toList());
  }

  /** Numbers of namespaces added up. */
  static long sum(List<ReadsOverview.Count> counts) {
    return counts.stream().mapToLong(ReadsOverview.Count::count).sum();
  }

  /** Of the newest runs that time started, in milliseconds; 0 without any. */
  long lateMillis(int percent) {
    long[] sorted = late.stream().mapToLong(one -> Math.max(0, one.millis())).sorted().toArray();
    return sorted.length == 0
        ? 0
        : sorted[Math.max(0, Math.ceilDiv(sorted.length * percent, 100) - 1)];
  }

  /** Slots of the workers that live and take work of a pool. */
  int slots(String pool) {
    return workers.stream()
        .filter(worker -> worker.row().state().equals("ALIVE") && worker.serves(pool))
        .filter(worker -> !worker.draining())
        .mapToInt(worker -> worker.slots().get(pool))
        .sum();
  }
}
