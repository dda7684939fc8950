package dev.millrace.scheduler.simulation;

/**
 * What a client asks for; lies in the inbox until it is answered. Immutable.
 *
 * @param key the submission's idempotency key
 * @param job of a submission
 * @param run of the others
 */
record Command(long id, Kind kind, String key, int job, long run) {
  enum Kind {
    SUBMIT,
    PAUSE,
    RESUME,
    STOP,
    KILL
  }
}
