package dev.millrace.lifecycle;

/** Where a run is in its life. Names are stored in Postgres; the picture is docs/lifecycle.md. */
public enum RunState {
  /** Accepted; waiting for a gate, key, lock, quota or window. */
  PENDING,
  /** Admitted, or waiting for a retry time. */
  SCHEDULED,
  /** A start message is with the broker. */
  STARTING,
  /** A worker said that it started. */
  RUNNING,
  /** In-flight attempts finish, nothing new starts. */
  PAUSED,
  /** Asked to stop; attempts in flight are being cancelled. */
  STOPPING,
  COMPLETED,
  /**
   * Final once attempts are exhausted; with attempts left it is passed through on the way to
   * SCHEDULED.
   */
  FAILED,
  CANCELLED,
  /** Its window closed. */
  ENDED;

  public boolean canBecome(RunState next) {
    return switch (this) {
      case PENDING -> next == SCHEDULED || next == PAUSED || next == CANCELLED || next == ENDED;
      case SCHEDULED ->
          next == STARTING
              || next == PAUSED
              || next == STOPPING
              || next == FAILED // a stage may wait in the queue for too long
              || next == CANCELLED
              || next == ENDED;
      case STARTING ->
          next == RUNNING
              || next == SCHEDULED // the start came back: no worker took it
              || next == PAUSED
              || next == STOPPING
              || next == FAILED
              || next == CANCELLED
              || next == ENDED;
      case RUNNING ->
          next == COMPLETED
              || next == FAILED
              || next == CANCELLED
              || next == PAUSED
              || next == STOPPING
              || next == ENDED;
      case PAUSED ->
          next == PENDING
              || next == SCHEDULED
              || next == STARTING
              || next == RUNNING
              || next == COMPLETED // the last attempt in flight may end while paused
              || next == FAILED
              || next == STOPPING
              || next == CANCELLED
              || next == ENDED;
      // The last attempt may end by itself before the stop reaches it.
      case STOPPING -> next == CANCELLED || next == COMPLETED || next == FAILED || next == ENDED;
      // A retry, or a person who runs a part of it again.
      case FAILED, COMPLETED, CANCELLED -> next == SCHEDULED;
      case ENDED -> false;
    };
  }

  /** True for states in which nothing happens any more unless a person or a retry asks for it. */
  public boolean isFinal() {
    return switch (this) {
      case PENDING, SCHEDULED, STARTING, RUNNING, PAUSED, STOPPING -> false;
      case COMPLETED, FAILED, CANCELLED, ENDED -> true;
    };
  }
}
