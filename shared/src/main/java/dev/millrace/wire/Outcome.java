package dev.millrace.wire;

/** How an attempt ended, as its worker says. */
public enum Outcome {
  COMPLETED,
  FAILED,
  /** Ended because the leader asked for it. */
  CANCELLED,
  /** The attempt's own time was over; the worker ended it. */
  TIMED_OUT,
  /**
   * The worker was cut off from the broker for too long and ended the attempt itself; not the job's
   * failure.
   */
  LOST,
  /** The worker drains and did not finish it; not a failure. */
  RETURNED,
  /** This worker has no such handler, or does not allow it; another may. */
  UNSUPPORTED
}
