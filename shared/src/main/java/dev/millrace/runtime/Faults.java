package dev.millrace.runtime;

/**
 * Places where a process may die, so that process tests can kill it exactly there. Production
 * passes {@link #NONE}. May be called from any thread.
 */
@FunctionalInterface
public interface Faults {
  /** Every crash has a name. */
  enum Point {
    /** The leader's transaction is committed, the start messages are not published yet. */
    COMMITTED_NOT_PUBLISHED,
    /** Start messages are published, reports of the same turn are not acked yet. */
    PUBLISHED_NOT_ACKED,
    /** Runs that messages asked for are committed, those messages are not acked yet. */
    STARTS_NOT_ACKED,
    /** A worker has sent STARTED and not yet acked the delivery. */
    STARTED_NOT_ACKED,
    /** A worker's handler has ended, its FINISHED is not yet confirmed. */
    ENDED_NOT_REPORTED
  }

  Faults NONE = point -> {};

  void at(Point point);
}
