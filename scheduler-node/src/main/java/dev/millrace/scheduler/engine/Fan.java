package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;

/**
 * How far a stage is that is executed once for each item of a list: each item is a run of its own.
 * Immutable.
 *
 * @param items how many there are
 * @param started items 0..started-1 have their runs
 */
public record Fan(int items, int started, int completed, int failed, int cancelled) {
  static Fan of(int items) {
    return new Fan(items, 0, 0, 0, 0);
  }

  /** Items that are under way. */
  public int open() {
    return started - completed - failed - cancelled;
  }

  Fan startedUpTo(int count) {
    return new Fan(items, count, completed, failed, cancelled);
  }

  Fan completedOne() {
    return new Fan(items, started, completed + 1, failed, cancelled);
  }

  Fan failedOne() {
    return new Fan(items, started, completed, failed + 1, cancelled);
  }

  Fan cancelledOne() {
    return new Fan(items, started, completed, failed, cancelled + 1);
  }

  /** An item that had ended goes on. */
  Fan reopenedOne(RunState was) {
    return switch (was) {
      case COMPLETED -> new Fan(items, started, completed - 1, failed, cancelled);
      case FAILED -> new Fan(items, started, completed, failed - 1, cancelled);
      default -> new Fan(items, started, completed, failed, cancelled - 1);
    };
  }

  /** As it is stored. */
  public String text() {
    return items + " " + started + " " + completed + " " + failed + " " + cancelled;
  }

  /** From what {@link #text} gave; null for null. */
  public static Fan parse(String text) {
    if (text == null) {
      return null;
    }
    String[] n = text.split(" ");
    return new Fan(
        Integer.parseInt(n[0]),
        Integer.parseInt(n[1]),
        Integer.parseInt(n[2]),
        Integer.parseInt(n[3]),
        Integer.parseInt(n[4]));
  }
}
