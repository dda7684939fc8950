package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;

/**
 * What people ask of one stage. What an action's precondition forbids is ILLEGAL and changes
 * nothing. Pure and stateless.
 */
final class Operators {
  static final String COMMAND = "command";

  private Operators() {}

  static Verdict onStage(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    if (!fact.action().possibleIn(stage.state()) || !possibleHere(draft, fact)) {
      return Verdict.ILLEGAL;
    }
    if (draft.state().isFinal()) {
      reopen(draft, fact.actor(), fact.reason(), now);
    }
    switch (fact.action()) {
      case HOLD -> hold(draft, fact);
      case RELEASE -> release(draft, fact, now);
      case SKIP -> skip(draft, fact, now);
      case UNSKIP, RESET -> reset(draft, fact, now);
      case KILL -> kill(draft, fact, now);
      case RUN -> runNow(draft, fact, now);
      case COMPLETE -> complete(draft, fact, now);
      case ACKNOWLEDGE -> acknowledge(draft, fact, now);
      case APPROVE -> Led.answer(draft, fact, true, now);
      case REJECT -> Led.answer(draft, fact, false, now);
    }
    return Verdict.ACCEPTED;
  }

  /** A run that has ended can only be put right; what a stop ends is left alone. */
  private static boolean possibleHere(Draft draft, Fact.OnStage fact) {
    int index = fact.stage();
    Plan plan = draft.plan();
    if (plan.isForItems(index)) {
      return false; // it is executed in the runs of the items; here it only stands for them
    }
    RunState run = draft.state();
    String handler = plan.stage(index).handler();
    boolean open = !run.isFinal() && !Endings.endsInStop(draft, index);
    boolean putsRight = (open || (run.isFinal() && mayReopen(draft))) && !inSkipped(draft, index);
    return switch (fact.action()) {
      case HOLD, RELEASE, SKIP -> open;
      case UNSKIP -> open && !inSkipped(draft, index);
      case RESET -> putsRight && !Again.isBeingUndone(draft, index);
      case ACKNOWLEDGE -> putsRight;
      case COMPLETE -> putsRight && !handler.equals(StageDefinition.GROUP);
      case KILL -> !run.isFinal();
      case RUN -> open && run != RunState.PAUSED && admitted(draft);
      case APPROVE, REJECT -> open && handler.equals(StageDefinition.WAIT_APPROVAL);
    };
  }

  /** What stands in a group that was skipped goes with its group. */
  private static boolean inSkipped(Draft draft, int index) {
    for (int at = draft.plan().group(index); at >= 0; at = draft.plan().group(at)) {
      StageState state = draft.stage(at).state();
      if (state == StageState.SKIPPED || state == StageState.SKIPPED_COMPLETE) {
        return true;
      }
    }
    return false;
  }

  private static boolean admitted(Draft draft) {
    return draft.state() != RunState.PENDING && !draft.clock().is(RunClock.UNADMITTED);
  }

  /** A window that is over stays over. */
  static boolean mayReopen(Draft draft) {
    return draft.state().canBecome(RunState.SCHEDULED);
  }

  static void reopen(Draft draft, String actor, String reason, long now) {
    Run run = draft.run();
    RunClock clock = run.clock().reopened(run.startedAt() == 0 ? 0 : now - run.finishedAt());
    boolean windowOver = clock.endsAt() != 0 && clock.endsAt() <= now;
    draft.put(windowOver ? clock.mark(RunClock.MANUAL_END) : clock);
    draft.moveRun(RunState.SCHEDULED, COMMAND, actor, reason, now);
  }

  private static void hold(Draft draft, Fact.OnStage fact) {
    Stage stage = draft.stage(fact.stage());
    Stage held = stage.edit().state(StageState.HELD).due(0).unmark(Stage.PARKED).build();
    draft.move(fact.stage(), held, COMMAND, fact.actor(), fact.reason());
  }

  private static void release(Draft draft, Fact.OnStage fact, long now) {
    Stage waiting = draft.stage(fact.stage()).edit().state(StageState.WAITING).build();
    draft.move(fact.stage(), waiting, COMMAND, fact.actor(), fact.reason());
    Flow.lookAt(draft, fact.stage(), now);
  }

  private static void skip(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    boolean inLine = stage.state() == StageState.READY || stage.state() == StageState.LOCK_WAIT;
    if (inLine) {
      Stage skipped = stage.ended(StageState.SKIPPED_COMPLETE, now, null, null, null);
      draft.move(index, skipped, COMMAND, fact.actor(), fact.reason());
      Flow.after(draft, index, now);
      return;
    }
    // It counts as complete when its turn comes, not before: what comes after it keeps its order.
    Stage skipped =
        stage.ended(StageState.SKIPPED, now, null, null, null).edit().mark(Stage.BY_HAND).build();
    draft.move(index, skipped, COMMAND, fact.actor(), fact.reason());
    Flow.lookAt(draft, index, now);
  }

  private static void reset(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Again again = new Again(draft, fact.actor(), fact.reason());
    again.reset(index);
    again.resetMembers(index, false);
    again.reopenGroups(index);
    again.reconsider(index);
    Flow.lookAtAll(draft, now);
  }

  private static void kill(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    StageDefinition definition = draft.plan().stage(index);
    if (Led.hasChildren(draft.plan(), index)) {
      draft.put(index, stage.edit().mark(Stage.KILLED).build());
      draft.wish(new Wish.TellChildren(index, new Fact.Kill(fact.actor(), fact.reason())));
      if (stage.fan() != null) {
        Led.startItems(draft, index, now); // none; but when none is under way, it ends at once
        Flow.after(draft, index, now);
      }
      return;
    }
    if (Led.isGroup(draft.plan(), index)) {
      for (int member : draft.plan().members(index)) {
        killMember(draft, member, fact, now);
      }
      Flow.lookAtAll(draft, now);
      return;
    }
    if (stage.state() == StageState.RUNNING && !definition.ledByLeader()) {
      draft.put(index, stage.edit().mark(Stage.KILLED).build());
      draft.wish(new Wish.Cancel(definition.id(), stage.attempt(), true));
      return;
    }
    if (stage.state() == StageState.QUEUED) {
      draft.wish(new Wish.Cancel(definition.id(), stage.attempt(), true));
    }
    draft.move(
        index,
        stage.ended(StageState.CANCELLED, now, null, "killed", fact.reason()),
        COMMAND,
        fact.actor(),
        fact.reason());
    Flow.after(draft, index, now);
  }

  private static void killMember(Draft draft, int member, Fact.OnStage fact, long now) {
    Stage stage = draft.stage(member);
    if (stage.state().isInFlight()) {
      kill(
          draft,
          new Fact.OnStage(member, StageAction.KILL, fact.actor(), fact.reason(), null),
          now);
    } else if (!stage.state().isFinal()) {
      Endings.cancel(draft, member, fact.actor(), fact.reason(), now);
    }
  }

  private static void runNow(Draft draft, Fact.OnStage fact, long now) {
    Flow.start(draft, fact.stage(), now, COMMAND, fact.actor(), fact.reason());
  }

  private static void complete(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    boolean onWorker =
        stage.state() == StageState.RUNNING && !draft.plan().stage(index).ledByLeader();
    if (onWorker) {
      draft.wish(new Wish.Cancel(draft.plan().stage(index).id(), stage.attempt(), false));
    }
    if (stage.state() == StageState.RUNNING && Led.hasChildren(draft.plan(), index)) {
      draft.wish(new Wish.TellChildren(index, new Fact.Stop(fact.actor(), fact.reason())));
    }
    Led.complete(draft, index, fact.data(), COMMAND, fact.actor(), fact.reason(), now);
    if (stage.state() == StageState.FAILED) {
      putRight(draft, fact, now);
    }
  }

  /** The failures in a group are accepted with it. */
  private static void acknowledge(Draft draft, Fact.OnStage fact, long now) {
    accept(draft, fact.stage(), fact, now);
    putRight(draft, fact, now);
  }

  private static void accept(Draft draft, int index, Fact.OnStage fact, long now) {
    Stage stage = draft.stage(index);
    if (stage.state() != StageState.FAILED) {
      return;
    }
    Stage accepted =
        stage
            .ended(
                StageState.ACKNOWLEDGED, now, stage.exitCode(), stage.errorClass(), stage.error())
            .edit()
            .finishedAt(stage.finishedAt())
            .build();
    draft.move(index, accepted, COMMAND, fact.actor(), fact.reason());
    for (int member : draft.plan().members(index)) {
      accept(draft, member, fact, now);
    }
  }

  private static void putRight(Draft draft, Fact.OnStage fact, long now) {
    Again again = new Again(draft, fact.actor(), fact.reason());
    again.reopenGroups(fact.stage());
    again.reconsider(fact.stage());
    Flow.lookAtAll(draft, now);
  }
}
