package dev.millrace.scheduler.engine;

import dev.millrace.wire.Outcome;

/** Something that happened to a run. Stages are named by their index in the plan. Immutable. */
public sealed interface Fact {
  /** The leader hands the stage to the broker. */
  record Dispatched(int stage, long dispatch) implements Fact {}

  /** What the stage would be started with is larger than a message may be. */
  record TooLarge(int stage, String why) implements Fact {}

  /** No queue took the start of this attempt. */
  record Unroutable(int stage, int attempt) implements Fact {}

  record Started(int stage, int attempt, String worker) implements Fact {}

  record Checkpointed(int stage, int attempt, String worker, String checkpoint) implements Fact {}

  record Finished(
      int stage,
      int attempt,
      String worker,
      Outcome outcome,
      long ranMicros,
      Integer exitCode,
      String errorClass,
      String error,
      String output)
      implements Fact {}

  /** The leader has given the worker of this attempt up. */
  record WorkerLost(int stage, int attempt, String worker, String why) implements Fact {}

  /** The stage's due instant may have come. */
  record Due(int stage) implements Fact {}

  /** A person or program asks the run to stop. */
  record Stop(String actor, String reason) implements Fact {}
}
