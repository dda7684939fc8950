package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Stage;

/**
 * What a committed pass means for the pools' counts and the meters. One per pass; the leader's
 * thread.
 */
final class Books {
  private final Pools pools;
  private final Meters meters;
  private final Pools.Booking booking = new Pools.Booking();

  Books(Pools pools, Meters meters) {
    this.pools = pools;
    this.meters = meters;
  }

  /**
   * Books the moved stages of one committed draft.
   *
   * @return the earliest due instant among them in microseconds, or Long.MAX_VALUE
   */
  long book(Draft draft, long now) {
    long dueAt = Long.MAX_VALUE;
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      Stage before = draft.stageBefore(i);
      Stage after = draft.stage(i);
      StageState from = before == null ? StageState.WAITING : before.state();
      if (after.dueAt() != 0) {
        dueAt = Math.min(dueAt, after.dueAt());
      }
      if (from == after.state() && before != null) {
        continue;
      }
      Pools.Pool pool = pools.of(draft.run().plan().stage(i).pool());
      count(pool, from, -1);
      count(pool, after.state(), 1);
      if (after.state().isFinal()) {
        meters.stageFinished(after.state().name());
        if (after.startedAt() != 0) {
          booking.finished(pool, (now - after.startedAt()) / 1_000.0);
        }
      }
    }
    return dueAt;
  }

  /** The counts that the gauges and the windows see change now. */
  void commit() {
    booking.commit();
  }

  private void count(Pools.Pool pool, StageState state, int delta) {
    if (state == StageState.READY) {
      booking.ready(pool, delta);
    } else if (state == StageState.QUEUED) {
      booking.queued(pool, delta);
    } else if (state == StageState.RUNNING) {
      booking.running(pool, delta);
    }
  }
}
