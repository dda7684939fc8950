package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.StageAction;

/**
 * What a client asks for; lies in the inbox until it is answered. Immutable.
 *
 * @param key the submission's idempotency key
 * @param job of a submission
 * @param run of the others
 * @param stage of what is asked of one stage
 * @param action what is asked of it
 */
record Command(long id, Kind kind, String key, int job, long run, int stage, StageAction action) {
  enum Kind {
    SUBMIT,
    PAUSE,
    RESUME,
    STOP,
    KILL,
    ON_STAGE
  }
}
