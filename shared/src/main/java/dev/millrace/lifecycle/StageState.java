package dev.millrace.lifecycle;

/** Where a stage is in its life. Names are stored in Postgres; the picture is docs/lifecycle.md. */
public enum StageState {
  /** Its needs are not met yet. */
  WAITING,
  /** Waits in Postgres for room in its pool's dispatch window. */
  READY,
  /** Must be with the broker: the row is the outbox. */
  QUEUED,
  /** A worker said that it started; the row says which. */
  RUNNING,
  /** Waits for its next attempt. */
  BACKING_OFF,
  /** Kept back by a person. */
  HELD,
  /** Waits for a named lock. */
  LOCK_WAIT,
  COMPLETED,
  FAILED,
  CANCELLED,
  /**
   * Can no longer start, or a person skipped it before its needs were met; then it becomes
   * SKIPPED_COMPLETE when they are.
   */
  SKIPPED,
  /** Skipped, and counts as complete for its successors. */
  SKIPPED_COMPLETE,
  /** A failure that a person accepted; counts as complete for its successors. */
  ACKNOWLEDGED;

  public boolean canBecome(StageState next) {
    return switch (this) {
      case WAITING ->
          next == READY
              || next == HELD
              || next == LOCK_WAIT
              || next == SKIPPED
              || next == SKIPPED_COMPLETE
              || next == FAILED // its condition or its list cannot be evaluated
              || next == CANCELLED;
      // RUNNING without a broker: what the leader executes itself, such as a wait or a group.
      case READY ->
          next == QUEUED
              || next == RUNNING
              || next == HELD
              || next == SKIPPED_COMPLETE
              || next == FAILED // waited too long
              || next == CANCELLED;
      // READY again: unroutable, or handed back by a worker that drains.
      case QUEUED ->
          next == RUNNING
              || next == READY
              || next == BACKING_OFF // no worker took it in time
              || next == FAILED
              || next == CANCELLED;
      // READY again: a drained worker hands back what it could not finish; that is not a failure.
      case RUNNING ->
          next == COMPLETED
              || next == SKIPPED_COMPLETE // an approval that nobody gave in time
              || next == FAILED
              || next == CANCELLED
              || next == BACKING_OFF
              || next == READY;
      case BACKING_OFF -> next == READY || next == LOCK_WAIT || next == HELD || next == CANCELLED;
      case HELD ->
          next == WAITING
              || next == READY
              || next == LOCK_WAIT
              || next == SKIPPED // skipped by a person: it becomes complete when its turn comes
              || next == CANCELLED;
      case LOCK_WAIT ->
          next == READY
              || next == HELD
              || next == SKIPPED_COMPLETE
              || next == FAILED
              || next == CANCELLED;
      // A person skipped it early; its turn has come.
      case SKIPPED -> next == WAITING || next == SKIPPED_COMPLETE;
      case SKIPPED_COMPLETE -> next == WAITING;
      case FAILED -> next == ACKNOWLEDGED || next == WAITING || next == COMPLETED;
      case COMPLETED, ACKNOWLEDGED, CANCELLED -> next == WAITING; // reset
    };
  }

  /** True when nothing happens to the stage any more unless a person asks for it. */
  public boolean isFinal() {
    return switch (this) {
      case WAITING, READY, QUEUED, RUNNING, BACKING_OFF, HELD, LOCK_WAIT -> false;
      case COMPLETED, FAILED, CANCELLED, SKIPPED, SKIPPED_COMPLETE, ACKNOWLEDGED -> true;
    };
  }

  /** True when a successor that needs this stage may start. */
  public boolean countsAsComplete() {
    return this == COMPLETED || this == SKIPPED_COMPLETE || this == ACKNOWLEDGED;
  }

  /** True while an attempt may be with the broker or on a worker. */
  public boolean isInFlight() {
    return this == QUEUED || this == RUNNING;
  }
}
