package dev.millrace.benchmark;

import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Future;
import java.util.concurrent.FutureTask;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.ToIntFunction;

/**
 * Measures how fast contenders take and finish no-op jobs, one contender after the other.
 *
 * <p>Runs on the caller's thread; the enqueue call has a thread of its own, so that a slow one
 * cannot outlive the time limit.
 */
public final class ThroughputRun {
  /**
   * Share of the jobs run beforehand, so that nobody is measured on a cold JVM and cold pools:
   * after ten seconds the compiler still took 9 % of the reference machine (2026-11-24).
   */
  private static final int WARM_UP_PERCENT = 100;

  private static final long NEVER = Long.MIN_VALUE;
  private static final Duration LOOK_INTERVAL = Duration.ofMillis(20);

  private final Duration timeLimit;

  /**
   * @param timeLimit bound for one contender's measured jobs, and again for its warm-up
   */
  public ThroughputRun(Duration timeLimit) {
    this.timeLimit = timeLimit;
  }

  /**
   * Runs each contender to its end before the next one starts.
   *
   * @param jobs how many jobs a contender gets, often {@code Contender::jobsDefault}
   * @param progress told each result as soon as it is known
   */
  public List<ThroughputResult> all(
      List<Contender> contenders,
      ToIntFunction<Contender> jobs,
      Consumer<ThroughputResult> progress) {
    var results = new ArrayList<ThroughputResult>();
    for (var contender : contenders) {
      var result = one(contender, jobs.applyAsInt(contender));
      progress.accept(result);
      results.add(result);
    }
    return List.copyOf(results);
  }

  /**
   * Starts the contender, warms it up, measures it and closes it. If not even the warm-up ends in
   * time, the (incomplete) result is that of the warm-up.
   */
  public ThroughputResult one(Contender contender, int jobs) {
    try (contender) {
      contender.start();
      var warmUp = measure(contender, Math.max(1, jobs * WARM_UP_PERCENT / 100));
      return warmUp.complete() ? measure(contender, jobs) : warmUp;
    }
  }

  private ThroughputResult measure(Contender contender, int jobs) {
    long completedBefore = contender.completed();
    long executedBefore = contender.executed();
    long startNanos = System.nanoTime();
    var enqueueNanos =
        new FutureTask<>(
            () -> {
              contender.enqueue(jobs);
              return System.nanoTime() - startNanos;
            });
    Thread.ofPlatform().name("enqueue-" + contender.system()).start(enqueueNanos);
    var goal = new Goal(contender, executedBefore + jobs, completedBefore + jobs, enqueueNanos);
    long reachedNanos = reach(goal, startNanos);
    boolean complete = reachedNanos != NEVER;
    long elapsedNanos = (complete ? reachedNanos : System.nanoTime()) - startNanos;
    boolean enqueued = enqueueNanos.state() == Future.State.SUCCESS;
    enqueueNanos.cancel(true);

    long completed = contender.completed() - completedBefore;
    long executed = contender.executed() - executedBefore;
    if (completed > executed) {
      throw new IllegalStateException(
          "%s says %d jobs are done, but ran only %d; its result would be worthless"
              .formatted(contender.system(), completed, executed));
    }
    return new ThroughputResult(
        contender.system(),
        contender.version(),
        jobs,
        completed,
        complete ? executed - jobs : 0,
        enqueued ? perSecond(jobs, enqueueNanos.resultNow()) : 0,
        perSecond(completed, elapsedNanos),
        complete);
  }

  /** Everything accepted, everything run, everything recorded. */
  private record Goal(
      Contender contender, long executed, long completed, Future<Long> enqueueNanos) {

    boolean reached() {
      if (enqueueNanos.state() == Future.State.FAILED) {
        throw new IllegalStateException(
            contender.system() + " refused jobs", enqueueNanos.exceptionNow());
      }
      // The counter first: it costs nothing, and until it is there the query would only steal
      // time from the contender.
      return enqueueNanos.isDone()
          && contender.executed() >= executed
          && contender.completed() >= completed;
    }
  }

  /**
   * When everything was seen to be done, or {@link #NEVER} when the time was over first. That is
   * when the look began: what it found was there by then, give or take its first query, and how
   * long counting takes is no contender's business.
   */
  private long reach(Goal goal, long startNanos) {
    while (System.nanoTime() - startNanos <= timeLimit.toNanos()) {
      long lookNanos = System.nanoTime();
      if (goal.reached()) {
        return lookNanos;
      }
      LockSupport.parkNanos(LOOK_INTERVAL.toNanos());
    }
    return NEVER;
  }

  private static double perSecond(long count, long nanos) {
    return count * 1e9 / nanos;
  }
}
