package dev.millrace.scheduler.simulation;

/**
 * A mistake that the simulated leader, worker or store makes on purpose: the checks have to find
 * each. The production code stays as it is. Any thread.
 */
enum Mutant {
  /** A commit is written whatever epoch it carries. */
  NO_EPOCH_CHECK,
  /** Reports are acked when they are taken. */
  ACK_BEFORE_COMMIT,
  /** A failed commit gives its reports not back to the broker but acks them. */
  REPORTS_DROPPED_ON_STORE_ERROR,
  /** Who takes over publishes nothing that its predecessor committed. */
  NO_REPUBLISH_AT_TAKEOVER,
  /** The watermark moves when a start is sent, not when the broker has it. */
  WATERMARK_BEFORE_CONFIRM,
  /** Starts go out before the transaction that makes them. */
  PUBLISH_BEFORE_COMMIT,
  /** Starts that the broker lost are not published again. */
  NO_SWEEP_OF_LOST_STARTS,
  /** The tick ledger takes the same instant twice. */
  TICK_KEY_DROPPED,
  /** Who takes over counts ticks from now on. */
  TICKS_FORGOTTEN_AT_TAKEOVER,
  /** Results are matched by their stage only. */
  ATTEMPT_NOT_CHECKED,
  /** Nobody looks after attempts whose worker is gone. */
  NO_LOST_WORKER_SWEEP,
  /** The lock of a lost attempt stays taken. */
  LOCK_NOT_FREED_WHEN_LOST,
  /** Who takes over knows who waits for a lock, and not who holds it. */
  LOCK_GRANTED_TWICE_AFTER_TAKEOVER,
  /** The end of an item's run is told twice. */
  CHILD_END_TOLD_TWICE,
  /** Only an end that comes first in a turn is told, not that a person changed it. */
  CHILD_END_COMPARED_WITH_BEFORE,
  /** The end of an item's run is not told. */
  CHILD_END_NOT_TOLD,
  /** A submission that comes again makes another run. */
  SUBMIT_KEY_IGNORED,
  /** A worker executes a start that it has had already. */
  CLAIM_EXECUTED_TWICE,
  /** Stages of a paused run are dispatched. */
  PAUSE_IGNORED_AT_DISPATCH,
  /** A stop is answered and forgotten. */
  STOP_ANSWERED_NOT_DONE,
  /** After a failed commit the leader goes on with what it thought it knew. */
  CACHE_KEPT_AFTER_FAILED_COMMIT,
  /** Whoever takes the lease keeps its number. */
  EPOCH_NOT_RAISED
}
