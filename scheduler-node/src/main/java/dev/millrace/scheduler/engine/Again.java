package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Phase;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.Locale;

/**
 * Stages that are executed again because a person asks for it, and what follows: the groups around
 * them go on, what was skipped because of them may start after all. One for each fact; pure, like
 * the engine.
 */
final class Again {
  private final Draft draft;
  private final Plan plan;
  private final String actor;
  private final String reason;

  Again(Draft draft, String actor, String reason) {
    this.draft = draft;
    this.plan = draft.plan();
    this.actor = actor;
    this.reason = reason;
  }

  /** The stages that failed or were cancelled or undone, and what was skipped because of them. */
  static Verdict retry(Draft draft, Fact.Retry fact, long now) {
    BitSet chosen = new BitSet();
    boolean found = false;
    for (int i = 0; i < draft.plan().size(); i++) {
      Stage stage = draft.stage(i);
      boolean again =
          switch (stage.state()) {
            case FAILED, CANCELLED -> true;
            case SKIPPED -> !stage.is(Stage.BY_HAND);
            case COMPLETED -> isUndone(draft, i);
            default -> false;
          };
      if (again) {
        chosen.set(i);
        found |= stage.state() == StageState.FAILED || draft.state() == RunState.CANCELLED;
      }
    }
    Again again = new Again(draft, fact.actor(), fact.reason());
    return found ? again.all(chosen, now) : Verdict.ILLEGAL;
  }

  private static boolean isUndone(Draft draft, int index) {
    int by = draft.plan().undoneBy(index);
    return by >= 0 && draft.stage(by).state() == StageState.COMPLETED;
  }

  /** True while what undoes this stage is under way: both at once would be neither. */
  static boolean isBeingUndone(Draft draft, int index) {
    int by = draft.plan().undoneBy(index);
    if (by < 0) {
      return false;
    }
    StageState state = draft.stage(by).state();
    return !state.isFinal() && state != StageState.WAITING;
  }

  /** One stage and all that depend on it. */
  static Verdict rerun(Draft draft, Fact.Rerun fact, long now) {
    if (draft.plan().isForItems(fact.stage())) {
      return Verdict.ILLEGAL;
    }
    BitSet chosen = downstream(draft.plan(), fact.stage());
    for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
      if (draft.stage(i).state().isInFlight()) {
        return Verdict.ILLEGAL;
      }
      chosen.set(i, draft.stage(i).state().isFinal());
    }
    Again again = new Again(draft, fact.actor(), fact.reason());
    return chosen.isEmpty() ? Verdict.ILLEGAL : again.all(chosen, now);
  }

  /** What is in it, what needs it, and what needs the groups around it. */
  private static BitSet downstream(Plan plan, int index) {
    BitSet found = new BitSet();
    Deque<Integer> open = new ArrayDeque<>();
    open.add(index);
    while (!open.isEmpty()) {
      int at = open.poll();
      if (found.get(at)) {
        continue;
      }
      found.set(at);
      for (int member : plan.members(at)) {
        open.add(member);
      }
      for (int around = at; around >= 0; around = plan.group(around)) {
        for (int dependent : plan.dependents(around)) {
          open.add(dependent);
        }
      }
    }
    return found;
  }

  private Verdict all(BitSet chosen, long now) {
    boolean closed = draft.state().isFinal() && !Operators.mayReopen(draft);
    if (draft.state() == RunState.STOPPING || closed) {
      return Verdict.ILLEGAL;
    }
    for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
      if (isBeingUndone(draft, i)) {
        return Verdict.ILLEGAL;
      }
    }
    if (draft.state().isFinal()) {
      Operators.reopen(draft, actor, reason, now);
    }
    for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
      boolean withGroup = !plan.isForItems(i) || chosen.get(plan.group(i));
      if (withGroup) {
        reset(i);
      } else {
        chosen.clear(i);
      }
    }
    for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
      reopenGroups(i);
      reconsider(i);
    }
    Flow.lookAtAll(draft, now);
    return Verdict.ACCEPTED;
  }

  /** As if it had never been executed: its last attempt is kept, and it can be undone again. */
  void reset(int index) {
    reset(index, Operators.COMMAND, actor, reason);
    int undoneBy = plan.undoneBy(index);
    if (undoneBy >= 0 && draft.stage(undoneBy).state().isFinal()) {
      again(undoneBy, "what it undoes is executed again");
    }
  }

  private void reset(int index, String cause, String by, String why) {
    Stage stage = draft.stage(index);
    if (!stage.state().isFinal()) {
      return; // another one of the chosen stages has brought it along
    }
    if (stage.queuedAt() != 0 || stage.startedAt() != 0) {
      draft.supersede(
          new Superseded(
              index,
              stage,
              stage.worker(),
              stage.state().name().toLowerCase(Locale.ROOT),
              stage.finishedAt(),
              stage.exitCode(),
              stage.errorClass(),
              stage.error()));
    }
    draft.move(index, stage.reset(), cause, by, why);
  }

  /** What a person skipped stays skipped. */
  private void again(int index, String why) {
    if (draft.stage(index).is(Stage.BY_HAND)) {
      mayCome(index);
    } else {
      reset(index, "needs", null, why);
    }
  }

  /** The turn of what a person skipped may come after all; else it is said again that it cannot. */
  private void turnsMayCome() {
    for (int i = 0; i < plan.size(); i++) {
      mayCome(i);
    }
  }

  private void mayCome(int index) {
    if (draft.stage(index).is(Stage.HOPELESS) && !Endings.endsInStop(draft, index)) {
      draft.put(index, draft.stage(index).edit().unmark(Stage.HOPELESS).build());
    }
  }

  /**
   * @param skippedOnly true for those that were skipped with their group
   */
  void resetMembers(int index, boolean skippedOnly) {
    for (int member : plan.members(index)) {
      StageState state = draft.stage(member).state();
      if (skippedOnly ? state == StageState.SKIPPED : state.isFinal()) {
        again(member, "its group may start after all");
      }
      resetMembers(member, skippedOnly);
    }
  }

  /** A group whose stage goes on goes on too. */
  void reopenGroups(int index) {
    for (int group = plan.group(index); group >= 0; group = plan.group(group)) {
      reset(group, Operators.COMMAND, actor, reason);
    }
  }

  /** What was skipped because it could not start any more may start after all. */
  void reconsider(int index) {
    Deque<Integer> open = new ArrayDeque<>();
    BitSet seen = new BitSet();
    open.add(index);
    while (!open.isEmpty()) {
      for (int at = open.poll(); at >= 0; at = plan.group(at)) {
        for (int dependent : plan.dependents(at)) {
          if (draft.stage(dependent).state() == StageState.SKIPPED
              && !seen.get(dependent)
              && plan.needs(dependent).possible(draft.stages())) {
            seen.set(dependent);
            again(dependent, "it can start after all");
            resetMembers(dependent, true);
            open.add(dependent);
          }
        }
      }
    }
    reconsiderPhases();
    turnsMayCome();
  }

  /** What was skipped in a later phase has its turn again when an earlier one goes on. */
  private void reconsiderPhases() {
    if (!plan.phased()) {
      return;
    }
    Phase first = null; // the first one that goes on
    for (int i = 0; i < plan.size(); i++) {
      boolean earlier = first == null || plan.phase(i).compareTo(first) < 0;
      if (earlier && !draft.stage(i).isSettled()) {
        first = plan.phase(i);
      }
    }
    for (int i = 0; i < plan.size(); i++) {
      if (first != null
          && plan.phase(i).compareTo(first) > 0
          && draft.stage(i).state() == StageState.SKIPPED
          && draft.stage(i).isSettled()) {
        again(i, "the stages before it go on");
      }
    }
  }
}
