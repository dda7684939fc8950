package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import java.util.ArrayDeque;
import java.util.BitSet;
import java.util.Deque;
import java.util.function.IntPredicate;

/**
 * What people ask of a run and its stages. What an action's precondition forbids is ILLEGAL and
 * changes nothing. Pure and stateless.
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

  /** A run that has ended can only be put right; one that stops is left alone. */
  private static boolean possibleHere(Draft draft, Fact.OnStage fact) {
    RunState run = draft.state();
    StageDefinition stage = draft.plan().stage(fact.stage());
    boolean approval = stage.handler().equals(StageDefinition.WAIT_APPROVAL);
    return switch (fact.action()) {
      case HOLD, RELEASE, SKIP -> open(run);
      case UNSKIP -> open(run);
      case RESET, ACKNOWLEDGE -> open(run) || (run.isFinal() && mayReopen(draft));
      case COMPLETE ->
          (open(run) || (run.isFinal() && mayReopen(draft)))
              && !stage.handler().equals(StageDefinition.GROUP);
      case KILL -> open(run) || run == RunState.STOPPING;
      case RUN -> open(run) && run != RunState.PAUSED && admitted(draft);
      case APPROVE, REJECT -> open(run) && approval;
    };
  }

  private static boolean open(RunState run) {
    return !run.isFinal() && run != RunState.STOPPING;
  }

  private static boolean admitted(Draft draft) {
    return draft.state() != RunState.PENDING && !draft.clock().is(RunClock.UNADMITTED);
  }

  /** A window that is over stays over. */
  static boolean mayReopen(Draft draft) {
    return draft.state().canBecome(RunState.SCHEDULED);
  }

  static void reopen(Draft draft, String actor, String reason, long now) {
    RunClock clock = draft.clock().reopened(now - draft.run().finishedAt());
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
    draft.move(
        fact.stage(), draft.stage(fact.stage()).reset(), COMMAND, fact.actor(), fact.reason());
    reopenGroups(draft, fact.stage(), fact.actor(), fact.reason());
    reconsider(draft, fact.stage(), now);
    Flow.lookAt(draft, fact.stage(), now);
  }

  /** A group whose stage goes on goes on too. */
  private static void reopenGroups(Draft draft, int index, String actor, String reason) {
    int group = draft.plan().group(index);
    while (group >= 0) {
      Stage stage = draft.stage(group);
      if (stage.state().isFinal()) {
        draft.move(group, stage.reset(), COMMAND, actor, reason);
      }
      group = draft.plan().group(group);
    }
  }

  /** What was skipped because it could not start any more may start after all. */
  private static void reconsider(Draft draft, int index, long now) {
    Deque<Integer> open = new ArrayDeque<>();
    open.add(index);
    while (!open.isEmpty()) {
      int at = open.poll();
      for (int dependent : draft.plan().dependents(at)) {
        if (draft.stage(dependent).state() == StageState.SKIPPED
            && draft.plan().needs(dependent).possible(draft.stages())) {
          mayStartAfterAll(draft, dependent);
          open.add(dependent);
        }
      }
    }
    Flow.lookAtAll(draft, now);
  }

  /** What a person skipped stays skipped: its turn may come again, that is all. */
  private static void mayStartAfterAll(Draft draft, int index) {
    Stage stage = draft.stage(index);
    if (stage.is(Stage.BY_HAND)) {
      draft.put(index, stage.edit().unmark(Stage.HOPELESS).build());
    } else {
      draft.move(index, stage.reset(), "needs", null, "it can start after all");
    }
  }

  private static void kill(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    StageDefinition definition = draft.plan().stage(index);
    if (Led.hasChildren(draft.plan(), index)) {
      draft.put(index, stage.edit().mark(Stage.KILLED).build());
      draft.wish(new Wish.TellChildren(index, new Fact.Kill(fact.actor(), fact.reason())));
      return;
    }
    if (Led.isGroup(draft.plan(), index)) {
      for (int member : draft.plan().members(index)) {
        killMember(draft, member, fact, now);
      }
      Flow.after(draft, index, now);
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
    reopenGroups(draft, index, fact.actor(), fact.reason());
    reconsider(draft, index, now);
  }

  private static void acknowledge(Draft draft, Fact.OnStage fact, long now) {
    int index = fact.stage();
    Stage stage = draft.stage(index);
    Stage accepted =
        stage
            .ended(
                StageState.ACKNOWLEDGED, now, stage.exitCode(), stage.errorClass(), stage.error())
            .edit()
            .finishedAt(stage.finishedAt())
            .build();
    draft.move(index, accepted, COMMAND, fact.actor(), fact.reason());
    reopenGroups(draft, index, fact.actor(), fact.reason());
    reconsider(draft, index, now);
  }

  /** The stages that failed or were cancelled, and what was skipped because of them. */
  static Verdict retry(Draft draft, Fact.Retry fact, long now) {
    return again(
        draft,
        index -> {
          Stage stage = draft.stage(index);
          return stage.state() == StageState.FAILED
              || stage.state() == StageState.CANCELLED
              || (stage.state() == StageState.SKIPPED && !stage.is(Stage.BY_HAND));
        },
        StageState.FAILED,
        fact.actor(),
        fact.reason(),
        now);
  }

  static Verdict rerun(Draft draft, Fact.Rerun fact, long now) {
    BitSet from = new BitSet();
    Deque<Integer> open = new ArrayDeque<>();
    open.add(fact.stage());
    while (!open.isEmpty()) {
      int index = open.poll();
      if (from.get(index)) {
        continue;
      }
      from.set(index);
      for (int dependent : draft.plan().dependents(index)) {
        open.add(dependent);
      }
      for (int member : draft.plan().members(index)) {
        open.add(member);
      }
    }
    for (int i = from.nextSetBit(0); i >= 0; i = from.nextSetBit(i + 1)) {
      if (draft.stage(i).state().isInFlight()) {
        return Verdict.ILLEGAL;
      }
    }
    return again(
        draft,
        index -> from.get(index) && draft.stage(index).state().isFinal(),
        null,
        fact.actor(),
        fact.reason(),
        now);
  }

  /**
   * @param needed a state that one of them must have, or null
   */
  private static Verdict again(
      Draft draft, IntPredicate which, StageState needed, String actor, String reason, long now) {
    if (draft.state() == RunState.STOPPING || (draft.state().isFinal() && !mayReopen(draft))) {
      return Verdict.ILLEGAL;
    }
    BitSet chosen = new BitSet();
    boolean found = false;
    for (int i = 0; i < draft.plan().size(); i++) {
      if (which.test(i)) {
        chosen.set(i);
        found |= needed == null || draft.stage(i).state() == needed;
      }
    }
    boolean cancelled = draft.state() == RunState.CANCELLED && !chosen.isEmpty();
    if (!found && !cancelled) {
      return Verdict.ILLEGAL;
    }
    if (draft.state().isFinal()) {
      reopen(draft, actor, reason, now);
    }
    for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
      draft.move(i, draft.stage(i).reset(), COMMAND, actor, reason);
    }
    for (int i = chosen.nextSetBit(0); i >= 0; i = chosen.nextSetBit(i + 1)) {
      reopenGroups(draft, i, actor, reason);
    }
    for (int i = 0; i < draft.plan().size(); i++) {
      if (draft.stage(i).is(Stage.HOPELESS)) {
        draft.put(i, draft.stage(i).edit().unmark(Stage.HOPELESS).build());
      }
    }
    Flow.lookAtAll(draft, now);
    return Verdict.ACCEPTED;
  }
}
