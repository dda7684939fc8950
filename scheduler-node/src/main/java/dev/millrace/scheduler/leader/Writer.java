package dev.millrace.scheduler.leader;

import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.store.Leases;
import dev.millrace.scheduler.store.Runs;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Writes what a pass decided. A large batch is written by two connections at once, each in a
 * transaction that holds the lease: new runs with everything else of the pass in the caller's,
 * known runs in one of their own, as many as make both take about as long. They share no run, so
 * each run's moves stay in one transaction. The one with the known runs commits first; if the
 * caller's then fails, the reports behind it were not acked, come again, and are stale. One backend
 * writes some 60 microseconds a run on the reference machine (2026-11-22, PG 15), which is most of
 * what a run costs: two halve it. The leader's thread.
 */
final class Writer {
  /** Below this a second transaction costs more than it saves. */
  private static final int APART_MIN = 300;

  /** What a new and a known run cost to write, in tenths of a microsecond (2026-11-24, PG 15). */
  private static final int FRESH_COST = 60;

  private static final int KNOWN_COST = 86;

  private final Jdbi jdbi;
  private final long epoch;

  Writer(Jdbi jdbi, long epoch) {
    this.jdbi = jdbi;
    this.epoch = epoch;
  }

  /** Returns when everything is written and the other transaction, if any, is committed. */
  void write(Handle tx, Collection<Draft> drafts, long now) {
    List<Draft> fresh = new ArrayList<>();
    List<Draft> known = new ArrayList<>();
    for (Draft draft : drafts) {
      (draft.isNew() ? fresh : known).add(draft);
    }
    if (fresh.size() < APART_MIN || known.size() < APART_MIN) {
      Runs.write(tx, drafts, epoch, now);
      return;
    }
    int cost = fresh.size() * FRESH_COST + known.size() * KNOWN_COST;
    int apartSize = Math.min(known.size(), cost / 2 / KNOWN_COST);
    List<Draft> apartDrafts = known.subList(0, apartSize);
    fresh.addAll(known.subList(apartSize, known.size()));
    FutureTask<Void> other =
        new FutureTask<>(
            () -> {
              jdbi.useTransaction(apart -> writeApart(apart, apartDrafts, now));
              return null;
            });
    // A platform thread: parking a virtual one at each answer costs more than starting this one.
    Thread.ofPlatform().daemon().name("millrace-write-apart").start(other);
    try {
      Runs.write(tx, fresh, epoch, now);
    } finally {
      // Also when this half failed: the other must have ended before anything is read again.
      await(other);
    }
  }

  /**
   * Does not wait for the disk: the caller's commit comes later in the same log, and makes both
   * durable before anything is published, acked or answered.
   */
  private void writeApart(Handle apart, List<Draft> known, long now) {
    if (!Leases.fence(apart, epoch)) {
      throw new QuietFailure("epoch " + epoch + " is over; nothing was written");
    }
    apart.execute("set local synchronous_commit = off");
    Runs.write(apart, known, epoch, now);
  }

  private static void await(FutureTask<Void> other) {
    boolean interrupted = false;
    try {
      while (true) {
        try {
          other.get(); // bounded by the connection's statement and socket timeouts
          return;
        } catch (InterruptedException e) {
          interrupted = true;
        } catch (ExecutionException e) {
          throw e.getCause() instanceof RuntimeException cause
              ? cause
              : new IllegalStateException("the other half of a batch failed", e.getCause());
        }
      }
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }
}
