package dev.millrace.scheduler.engine;

import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Phase;
import java.util.ArrayDeque;

/**
 * What the change of one stage means for the others: which may start, which can no longer start,
 * which groups end. Looks only at what a change can concern, in the order of the graph and then of
 * the text. One for each fact; pure, like the engine.
 */
final class Flow {
  private static final String NEEDS = "needs";

  private enum Gate {
    OPEN,
    NOT_YET,
    NEVER
  }

  private final Draft draft;
  private final Plan plan;
  private final long now;
  private ArrayDeque<Integer> open;

  Flow(Draft draft, long now) {
    this.draft = draft;
    this.plan = draft.plan();
    this.now = now;
  }

  /** One stage has changed: whatever waits for it is looked at. */
  static void after(Draft draft, int index, long now) {
    new Flow(draft, now).changed(index).settle();
  }

  /** Every stage that waits is looked at. */
  static void lookAtAll(Draft draft, long now) {
    Flow flow = new Flow(draft, now);
    for (int i = 0; i < flow.plan.size(); i++) {
      flow.push(i);
    }
    flow.settle();
  }

  /** One stage is looked at. */
  static void lookAt(Draft draft, int index, long now) {
    Flow flow = new Flow(draft, now);
    flow.push(index);
    flow.settle();
  }

  /** Starts one stage whose needs are met, or that a person wants to start. */
  static void start(Draft draft, int index, long now, String cause, String actor, String reason) {
    Flow flow = new Flow(draft, now);
    flow.start(index, cause, actor, reason);
    flow.settle();
  }

  private void push(int index) {
    if (open == null) {
      open = new ArrayDeque<>();
    }
    open.add(index);
  }

  private Flow changed(int index) {
    for (int dependent : plan.dependents(index)) {
      push(dependent);
    }
    if (plan.group(index) >= 0) {
      push(plan.group(index));
    }
    for (int member : plan.members(index)) {
      push(member);
    }
    if (Led.isGroup(plan, index)) {
      push(index); // all that is in it may have ended before it began
    }
    if (plan.phased() && draft.stage(index).isSettled()) {
      for (int i = 0; i < plan.size(); i++) {
        if (plan.phase(i) != Phase.MAIN) {
          push(i);
        }
      }
    }
    return this;
  }

  private void settle() {
    while (open != null && !open.isEmpty()) {
      int index = open.poll();
      Stage stage = draft.stage(index);
      if (stage.state() == StageState.WAITING || stage.awaitsItsTurn()) {
        judge(index, stage);
      } else if (stage.state() == StageState.RUNNING && Led.isGroup(plan, index)) {
        endGroup(index);
      }
    }
  }

  private void judge(int index, Stage stage) {
    if (!mayStart(index)) {
      return;
    }
    Gate gate = gate(index);
    Condition needs = plan.needs(index);
    if (gate == Gate.NEVER || (needs != null && !needs.possible(draft.stages()))) {
      skip(index, stage, gate == Gate.NEVER ? why(index) : "what it needs cannot come any more");
      return;
    }
    if (gate == Gate.OPEN && (needs == null || needs.holds(draft.stages()))) {
      begin(index, stage);
    }
  }

  /** A run that is not admitted starts nothing, one that stops only what always comes last. */
  private boolean mayStart(int index) {
    return switch (draft.state()) {
      case PENDING, COMPLETED, FAILED, CANCELLED, ENDED -> false;
      case STOPPING -> !Endings.endsInStop(draft, index);
      case SCHEDULED, STARTING, RUNNING -> true;
      case PAUSED -> !draft.clock().is(RunClock.UNADMITTED);
    };
  }

  private Gate gate(int index) {
    int group = plan.group(index);
    if (group >= 0) {
      boolean forItems = plan.stage(group).rules().forEach() != null;
      if (forItems || draft.stage(group).state() != StageState.RUNNING) {
        return draft.stage(group).isSettled() ? Gate.NEVER : Gate.NOT_YET;
      }
    }
    return switch (plan.phase(index)) {
      case MAIN -> Gate.OPEN;
      case COMPENSATE -> compensateGate(index);
      case ON_FAILURE -> afterFailure(Phase.COMPENSATE);
      case FINALLY -> settledUpTo(Phase.ON_FAILURE) ? Gate.OPEN : Gate.NOT_YET;
    };
  }

  private Gate afterFailure(Phase last) {
    if (!settledUpTo(last)) {
      return Gate.NOT_YET;
    }
    return mainFailed() ? Gate.OPEN : Gate.NEVER;
  }

  /** After the compensations of all that came after the stage that it undoes. */
  private Gate compensateGate(int index) {
    Gate gate = afterFailure(Phase.MAIN);
    int undone = plan.undoes(index);
    if (gate == Gate.OPEN && draft.stage(undone).state() != StageState.COMPLETED) {
      return Gate.NEVER;
    }
    if (gate != Gate.OPEN) {
      return gate;
    }
    for (int i = 0; i < plan.size(); i++) {
      if (i != index
          && plan.phase(i) == Phase.COMPENSATE
          && !draft.stage(i).isSettled()
          && cameLater(plan.undoes(i), undone)) {
        return Gate.NOT_YET;
      }
    }
    return Gate.OPEN;
  }

  /** By when they finished; at the same instant, by their place. */
  private boolean cameLater(int other, int stage) {
    Stage a = draft.stage(other);
    Stage b = draft.stage(stage);
    return a.state() == StageState.COMPLETED
        && (a.finishedAt() > b.finishedAt() || (a.finishedAt() == b.finishedAt() && other > stage));
  }

  private boolean settledUpTo(Phase last) {
    for (int i = 0; i < plan.size(); i++) {
      if (plan.phase(i).compareTo(last) <= 0 && !draft.stage(i).isSettled()) {
        return false;
      }
    }
    return true;
  }

  private boolean mainFailed() {
    for (int i = 0; i < plan.size(); i++) {
      if (plan.phase(i) == Phase.MAIN && draft.stage(i).state() == StageState.FAILED) {
        return true;
      }
    }
    return false;
  }

  private String why(int index) {
    if (plan.group(index) >= 0 && draft.stage(plan.group(index)).state() != StageState.RUNNING) {
      int group = plan.group(index);
      return "its group " + plan.stage(group).id() + " is " + draft.stage(group).state();
    }
    return plan.phase(index) == Phase.COMPENSATE ? "there is nothing to undo" : "nothing failed";
  }

  private void skip(int index, Stage stage, String why) {
    if (stage.is(Stage.BY_HAND)) {
      draft.put(index, stage.edit().mark(Stage.HOPELESS).build());
    } else {
      draft.move(index, stage.ended(StageState.SKIPPED, now, null, null, null), NEEDS, null, why);
    }
    changed(index);
  }

  private void begin(int index, Stage stage) {
    if (stage.is(Stage.BY_HAND)) {
      skipComplete(index, stage, "a person skipped it");
      return;
    }
    Code code = plan.code(index);
    if (code != null && code.condition() != null) {
      try {
        if (!code.condition().test(Values.of(draft, index))) {
          skipComplete(index, stage, "if: " + code.condition().source() + " is false");
          return;
        }
      } catch (ExpressionException wrong) {
        fail(index, "if: " + wrong.getMessage());
        return;
      }
    }
    start(index, NEEDS, null, null);
  }

  private void skipComplete(int index, Stage stage, String why) {
    draft.move(
        index, stage.ended(StageState.SKIPPED_COMPLETE, now, null, null, null), NEEDS, null, why);
    changed(index);
  }

  /** Its turn has come: it takes its locks, or is ready; the leader's own stages run at once. */
  private void start(int index, String cause, String actor, String reason) {
    boolean locks = Led.takesLocks(plan, index);
    Stage stage = draft.stage(index);
    StageState to = locks ? StageState.LOCK_WAIT : StageState.READY;
    draft.move(
        index, Timers.waitingInLine(draft, index, stage.ready(now), now, to), cause, actor, reason);
    if (!locks) {
      lead(index);
    }
  }

  private void lead(int index) {
    if (plan.stage(index).ledByLeader() && draft.state() != RunState.PAUSED) {
      Led.begin(draft, index, now);
      changed(index);
    }
  }

  private void fail(int index, String why) {
    Attempts.failWithoutAttempt(draft, index, "expression", why, now);
    changed(index);
  }

  private void endGroup(int index) {
    boolean failed = false;
    boolean cancelled = false;
    for (int member : plan.members(index)) {
      Stage stage = draft.stage(member);
      if (!stage.isSettled()) {
        return;
      }
      failed |= stage.state() == StageState.FAILED;
      cancelled |= stage.state() == StageState.CANCELLED;
    }
    Led.endGroup(draft, index, failed, cancelled, now);
    changed(index);
  }
}
