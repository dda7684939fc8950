package dev.millrace.scheduler.engine;

/** What the leader should do once the decision is committed. Immutable. */
public sealed interface Wish {
  /** Ask whoever holds the attempt to end it. */
  record Cancel(String stage, int attempt) implements Wish {}
}
