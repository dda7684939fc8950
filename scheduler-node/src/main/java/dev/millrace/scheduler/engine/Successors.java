package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import java.util.ArrayDeque;
import java.util.Deque;

/**
 * What the end of a stage means for the stages that need it. Pure and stateless, like the engine.
 */
final class Successors {
  private Successors() {}

  static void wake(Draft draft, int index, long now) {
    if (draft.state() == RunState.STOPPING) {
      return;
    }
    for (int successor : draft.plan().successors(index)) {
      if (draft.stage(successor).state() == StageState.WAITING && needsMet(draft, successor)) {
        Engine.becomeReady(draft, successor, now, "needs", null);
      }
    }
  }

  /**
   * What needs a stage that will never complete can never start: it is skipped, and so on, so that
   * every run ends.
   */
  static void skip(Draft draft, int failedIndex, long now) {
    Deque<Integer> open = new ArrayDeque<>();
    open.add(failedIndex);
    while (!open.isEmpty()) {
      int index = open.poll();
      StageDefinition cause = draft.plan().stage(index);
      for (int successor : draft.plan().successors(index)) {
        Stage stage = draft.stage(successor);
        if (stage.state() == StageState.WAITING) {
          String why = "needs " + cause.id() + ", which did not complete";
          draft.move(
              successor,
              stage.ended(StageState.SKIPPED, now, null, null, null),
              "needs",
              null,
              why);
          open.add(successor);
        }
      }
    }
  }

  private static boolean needsMet(Draft draft, int index) {
    for (int need : draft.plan().needs(index)) {
      if (!draft.stage(need).state().countsAsComplete()) {
        return false;
      }
    }
    return true;
  }
}
