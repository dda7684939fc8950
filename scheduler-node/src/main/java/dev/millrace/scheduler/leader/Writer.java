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
 * transaction that holds the lease; they share no run, so each run's moves stay in one transaction.
 * Runs that ended go apart while the turn still decides about everything else, for nothing in the
 * pass can change them any more; where few ended, other known runs go apart when all is decided.
 * The one apart commits first; if the caller's then fails, the reports behind it were not acked,
 * come again, and are stale. One backend is most of what a run costs: two, and the turn beside
 * them, share it. The leader's thread.
 */
final class Writer {
  /** Below this a second transaction costs more than it saves. */
  private static final int APART_MIN = 300;

  /** What a new and a known run cost to write, in tenths of a microsecond (2026-11-24, PG 15). */
  private static final int FRESH_COST = 46;

  private static final int KNOWN_COST = 71;
  private static final double SHARE_MIN = 0.1;
  private static final double SHARE_STEP = 0.01;

  private final Jdbi jdbi;
  private final long epoch;

  /** How many of the ended runs go apart: found by doing, so that both take about as long. */
  private double share = 0.8;

  private FutureTask<Long> apart;
  private long begunNanos;

  Writer(Jdbi jdbi, long epoch) {
    this.jdbi = jdbi;
    this.epoch = epoch;
  }

  /**
   * Begins to write ended runs apart, if there are many and they are most of what is known. Ends
   * with {@link #write} or {@link #abandon}.
   */
  void begin(Collection<Draft> known, long now) {
    List<Draft> ended = known.stream().filter(Draft::ends).filter(Writer::mayGoApart).toList();
    if (ended.size() < APART_MIN || ended.size() < known.size() / 2) {
      return;
    }
    List<Draft> taken = ended.subList(0, (int) (ended.size() * share));
    taken.forEach(Draft::seal);
    startApart(taken, now);
  }

  /** Writes the rest. Returns when the other transaction, if any, is committed too. */
  void write(Handle tx, Collection<Draft> drafts, long now) {
    List<Draft> rest = drafts.stream().filter(draft -> !draft.sealed()).toList();
    if (apart != null) {
      Runs.write(tx, rest, epoch, now);
      long hereNanos = System.nanoTime() - begunNanos;
      double step = await() > hereNanos ? -SHARE_STEP : SHARE_STEP;
      share = Math.clamp(share + step, SHARE_MIN, 1);
      return;
    }
    List<Draft> here = new ArrayList<>(rest.stream().filter(Draft::isNew).toList());
    List<Draft> known =
        rest.stream().filter(draft -> !draft.isNew()).filter(Writer::mayGoApart).toList();
    if (here.size() < APART_MIN || known.size() < APART_MIN) {
      Runs.write(tx, rest, epoch, now);
      return;
    }
    int cost = here.size() * FRESH_COST + known.size() * KNOWN_COST;
    int apartSize = Math.min(known.size(), cost / 2 / KNOWN_COST);
    startApart(known.subList(0, apartSize), now);
    here.addAll(known.subList(apartSize, known.size()));
    rest.stream().filter(draft -> !draft.isNew() && !mayGoApart(draft)).forEach(here::add);
    Runs.write(tx, here, epoch, now);
    await();
  }

  /**
   * A wish is told after the commit of all, a parent hears of the end of its child, a seat is given
   * back, a dead letter goes with its stage: such a draft must not be committed without the rest.
   */
  private static boolean mayGoApart(Draft draft) {
    return draft.wishes().isEmpty()
        && draft.run().parent() == null
        && !draft.run().plan().limited()
        && !draft.reopens()
        && !DeadRecords.concerns(draft);
  }

  private void startApart(List<Draft> drafts, long now) {
    begunNanos = System.nanoTime();
    FutureTask<Long> task =
        new FutureTask<>(
            () -> {
              jdbi.useTransaction(tx -> writeApart(tx, drafts, now));
              return System.nanoTime() - begunNanos;
            });
    // A platform thread: parking a virtual one at each answer costs more than starting this one.
    Thread.ofPlatform().daemon().name("millrace-write-apart").start(task);
    apart = task; // only what has started is ever waited for
  }

  /** After a failure: the other transaction must have ended before anything is read again. */
  void abandon(Throwable cause) {
    if (apart == null) {
      return;
    }
    try {
      await();
    } catch (RuntimeException e) {
      cause.addSuppressed(e);
    }
  }

  /**
   * Does not wait for the disk: the caller's commit comes later in the same log, and makes both
   * durable before anything is published, acked or answered.
   */
  private void writeApart(Handle tx, List<Draft> drafts, long now) {
    if (!Leases.fence(tx, epoch)) {
      throw new QuietFailure("epoch " + epoch + " is over; nothing was written");
    }
    tx.execute("set local synchronous_commit = off");
    Runs.write(tx, drafts, epoch, now);
  }

  private long await() {
    FutureTask<Long> ending = apart;
    apart = null;
    boolean interrupted = false;
    try {
      while (true) {
        try {
          return ending.get(); // bounded by the connection's statement and socket timeouts
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
