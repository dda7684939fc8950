package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.wire.Outcome;

/** Something that happened to a run. Stages are named by their index in the plan. Immutable. */
public sealed interface Fact {
  /** The leader hands the stage to the broker. */
  record Dispatched(int stage, long dispatch) implements Fact {}

  /**
   * What the stage would be started with is larger than a message may be, or cannot be made, or
   * what it waits for cannot be said.
   */
  record Unstartable(int stage, String errorClass, String why) implements Fact {}

  /** No queue took the start of this attempt. */
  record Unroutable(int stage, int attempt) implements Fact {}

  record Started(int stage, int attempt, String worker) implements Fact {}

  record Checkpointed(int stage, int attempt, String worker, String checkpoint) implements Fact {}

  /**
   * An attempt has ended.
   *
   * @param retryable false when its worker says that trying again is of no use
   * @param retryAfterMicros the earliest next attempt, as whoever was asked wished, 0 for none
   */
  record Finished(
      int stage,
      int attempt,
      String worker,
      Outcome outcome,
      long ranMicros,
      Integer exitCode,
      String errorClass,
      String error,
      String output,
      boolean retryable,
      long retryAfterMicros)
      implements Fact {
    public Finished(
        int stage,
        int attempt,
        String worker,
        Outcome outcome,
        long ranMicros,
        Integer exitCode,
        String errorClass,
        String error,
        String output) {
      this(
          stage, attempt, worker, outcome, ranMicros, exitCode, errorClass, error, output, true, 0);
    }
  }

  /** The leader has given the worker of this attempt up. */
  record WorkerLost(int stage, int attempt, String worker, String why) implements Fact {}

  /**
   * The stage's due instant may have come.
   *
   * @param restedMicros how long its pool was paused since it stands in line
   */
  record Due(int stage, long restedMicros) implements Fact {
    public Due(int stage) {
      this(stage, 0);
    }
  }

  /** The run's own due instant may have come. */
  record RunDue() implements Fact {}

  /** What the run waits for as a whole is there: a key, a lock, its window. */
  record Admitted(String why) implements Fact {}

  /** What it requires of other jobs is not there; it is to be waited for. */
  record Gated() implements Fact {}

  /** What it requires of other jobs is there. Its turn is asked for after that. */
  record GateOpened(String why) implements Fact {}

  /** The locks that a stage in LOCK_WAIT waits for are its own now. */
  record LocksGranted(int stage) implements Fact {}

  /** A run that a stage waits for has ended; {@code output} is JSON text or null. */
  record ChildEnded(int stage, int attempt, int item, RunState state, String output, String error)
      implements Fact {}

  /**
   * A run that had ended for a stage goes on.
   *
   * @param was how it had ended
   */
  record ChildReopened(int stage, int attempt, int item, RunState was) implements Fact {}

  /** What a stage that the leader executes itself asked for could not be done. */
  record LedFailed(int stage, int attempt, String errorClass, String error) implements Fact {}

  /** An event came that a stage waits for. */
  record Event(int stage, int attempt, String dataJson, String actor) implements Fact {}

  /** A person or program asks the run to stop; partial results stay. */
  record Stop(String actor, String reason) implements Fact {}

  /** A person or program ends the run at once. */
  record Kill(String actor, String reason) implements Fact {}

  /**
   * Nothing new starts, timers stand still.
   *
   * @param by a bit of {@link RunClock#pauses}
   */
  record Pause(int by, String actor, String reason) implements Fact {}

  record Resume(int by, String actor, String reason) implements Fact {}

  /** The stages that failed, and what was skipped or cancelled because of them, again. */
  record Retry(String actor, String reason) implements Fact {}

  /**
   * Files are there that a stage waits for, or it may not look for them.
   *
   * @param output JSON text, or null
   * @param problem why it fails, or null
   */
  record FilesFound(int stage, int attempt, String output, String problem) implements Fact {}

  /** This stage and all that depend on it, again. */
  record Rerun(int stage, String actor, String reason) implements Fact {}

  /** One of its limits was reached: it ends with what it has. */
  record Limited(String why) implements Fact {}

  /**
   * The window's end is another one.
   *
   * @param endsAt microseconds, 0 for "only a person ends it"
   */
  record Extend(long endsAt, String actor, String reason) implements Fact {}

  /** The start of its window has come for a run that was made ahead. */
  record Promote(long endsAt) implements Fact {}

  /**
   * A person asks something of one stage.
   *
   * @param data JSON text that goes with it: the output of a completion, or null
   */
  record OnStage(int stage, StageAction action, String actor, String reason, String data)
      implements Fact {}
}
