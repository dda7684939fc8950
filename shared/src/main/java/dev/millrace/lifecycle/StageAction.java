package dev.millrace.lifecycle;

import java.util.Locale;

/**
 * What a person may do with one stage of a run, and in which states of the stage. The names are
 * those of the API's routes in lower case.
 */
public enum StageAction {
  /** Keep it back: it does not start until it is released. */
  HOLD,
  /** Let a held one go on: at once when its needs are met. */
  RELEASE,
  /** Do not execute it; it counts as complete as soon as its needs are met. */
  SKIP,
  /** Take a skip back. */
  UNSKIP,
  /** Make it as if it had not been executed; it starts again when its needs are met. */
  RESET,
  /** End its attempt at once. */
  KILL,
  /** Start it now, whatever it needs. */
  RUN,
  /** Say that it is complete, whatever its attempt did. */
  COMPLETE,
  /** Accept a failure: it counts as complete for its successors. */
  ACKNOWLEDGE,
  /** Say yes to a stage that waits for approval. */
  APPROVE,
  /** Say no to a stage that waits for approval. */
  REJECT;

  /** The precondition on the stage's own state; what it is may forbid it all the same. */
  public boolean possibleIn(StageState state) {
    return switch (this) {
      case HOLD ->
          switch (state) {
            case WAITING, READY, BACKING_OFF, LOCK_WAIT -> true;
            default -> false;
          };
      case RELEASE -> state == StageState.HELD;
      case SKIP ->
          switch (state) {
            case WAITING, READY, HELD, LOCK_WAIT -> true;
            default -> false;
          };
      case UNSKIP -> state == StageState.SKIPPED || state == StageState.SKIPPED_COMPLETE;
      case RESET -> state.isFinal();
      case KILL, APPROVE, REJECT -> state == StageState.RUNNING || state == StageState.QUEUED;
      case RUN ->
          switch (state) {
            case WAITING, HELD, BACKING_OFF -> true;
            default -> false;
          };
      case COMPLETE -> state == StageState.RUNNING || state == StageState.FAILED;
      case ACKNOWLEDGE -> state == StageState.FAILED;
    };
  }

  /** As in routes and commands. */
  public String word() {
    return name().toLowerCase(Locale.ROOT);
  }
}
