package dev.millrace.scheduler.engine;

/**
 * What the leader should do about a decision. {@link Cancel} is told when it is committed; the
 * others are done in the same transaction. Stages are named by their index. Immutable.
 */
public sealed interface Wish {
  /** Ask whoever holds the attempt to end it. */
  record Cancel(String stage, int attempt, boolean atOnce) implements Wish {}

  /** The stage has failed for good: it becomes a dead letter. */
  record Dead(int stage) implements Wish {}

  /** Store the list of a fan-out. */
  record StoreItems(int stage, int attempt, String listJson) implements Wish {}

  /** Make the runs of these items, {@code from} up to but without {@code until}. */
  record StartItems(int stage, int attempt, int from, int until) implements Wish {}

  /** Start a run of another job; its end is told to the stage. */
  record StartJob(int stage, int attempt, String namespace, String job, String paramsJson)
      implements Wish {}

  /** Tell the open runs that a stage waits for the same; the fact is about a run as a whole. */
  record TellChildren(int stage, Fact fact) implements Wish {}

  /** Look for files, as its {@code with} says. */
  record WatchFiles(int stage, int attempt, String withJson) implements Wish {}

  /** Look out for an event; those that came since the run was created count. */
  record Listen(int stage, int attempt, String name, String key) implements Wish {}
}
