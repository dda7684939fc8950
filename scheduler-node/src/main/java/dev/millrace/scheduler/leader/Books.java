package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.StageState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.Stages;

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
    long own = draft.run().clock().dueAt();
    long dueAt = own == 0 ? Long.MAX_VALUE : own;
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      Stage before = draft.stageBefore(i);
      Stage after = draft.stage(i);
      StageState from = before == null ? StageState.WAITING : inBooks(before);
      if (after.dueAt() != 0) {
        dueAt = Math.min(dueAt, after.dueAt());
      }
      if (from == inBooks(after) && before != null) {
        continue;
      }
      StageDefinition stage = draft.run().plan().stage(i);
      if (stage.ledByLeader()) {
        continue; // it is nobody's work
      }
      Pools.Pool pool = pools.of(stage.pool());
      count(pool, draft, from, -1);
      count(pool, draft, inBooks(after), 1);
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

  /** What a pause parked is kept back, though it is READY. */
  private static StageState inBooks(Stage stage) {
    return stage.state() == StageState.READY && stage.marks() != 0
        ? StageState.HELD
        : stage.state();
  }

  private void count(Pools.Pool pool, Draft draft, StageState state, int delta) {
    if (state == StageState.READY) {
      JobDefinition job = draft.run().plan().definition();
      booking.ready(pool, new Stages.Lane(job.namespace(), draft.run().priority()), delta);
    } else if (state == StageState.QUEUED) {
      booking.queued(pool, delta);
    } else if (state == StageState.RUNNING) {
      booking.running(pool, delta);
    }
  }
}
