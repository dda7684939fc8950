package dev.millrace.scheduler.simulation;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Superseded;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Replays the log of moves, and holds it against the rows and against what clients know. */
final class History {
  private static final ObjectMapper JSON = new ObjectMapper();

  /** A run as its log tells it. */
  private static final class Told {
    RunState state;
    final StageState[] stages;
    final int[] attempts;

    Told(int size) {
      stages = new StageState[size];
      attempts = new int[size];
    }
  }

  private final World world;
  private final Map<Long, Told> told = new HashMap<>();
  private final Set<Claim> superseded = new HashSet<>();
  private final Set<Long> paused = new HashSet<>();
  private final Set<Long> stopped = new HashSet<>();

  /** Runs that a person let go on after their end. */
  private final Set<Long> reopened = new HashSet<>();

  History(World world) {
    this.world = world;
  }

  void answered(Answer answer) {
    if (!answer.accepted()) {
      return;
    }
    switch (answer.command().kind()) {
      case SUBMIT -> {}
      case PAUSE -> paused.add(answer.run());
      case RESUME -> paused.remove(answer.run());
      case STOP, KILL -> {
        stopped.add(answer.run());
        paused.remove(answer.run()); // what always comes last comes now
      }
      case ON_STAGE -> {
        switch (answer.command().action()) {
          case RESET, COMPLETE, ACKNOWLEDGE -> {
            // In a run that is stopped they are refused, except for what always comes last; so it
            // had ended, and goes on because a person says so.
            stopped.remove(answer.run());
            reopened.add(answer.run());
          }
          case HOLD, RELEASE, SKIP, UNSKIP, RUN, KILL, APPROVE, REJECT -> {}
        }
      }
    }
  }

  void replay(Draft draft) {
    Run run = draft.run();
    Told known = told.computeIfAbsent(run.id(), any -> new Told(run.plan().size()));
    for (Superseded old : draft.superseded()) {
      Claim claim = new Claim(run.id(), old.index(), old.stage().attempt());
      Checker.check(superseded.add(claim), "I6", "an attempt ended twice", claim);
    }
    try {
      for (JsonNode move : JSON.readTree(draft.movesJson())) {
        if (!move.path(2).isNull()) {
          world.trace.note(world.now, run.id() + " " + move);
          move(run, known, move);
        }
      }
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("moves are no JSON", e);
    }
    same(run, known);
    attempts(draft);
  }

  private void move(Run run, Told known, JsonNode move) {
    String subject = move.get(0).asText();
    String from = move.get(1).isNull() ? null : move.get(1).asText();
    String to = move.get(2).asText();
    if (subject.isEmpty()) {
      String was = known.state == null ? null : known.state.name();
      RunState next = RunState.valueOf(to);
      boolean legal = known.state == null || known.state.canBecome(next);
      Checker.check(java.util.Objects.equals(was, from) && legal, "I5", "run " + run.id(), move);
      known.state = next;
      if (next.isFinal()) {
        paused.remove(run.id()); // who lets it go on later, asks for no resume
      }
      return;
    }
    int index = run.plan().indexOf(subject);
    StageState was = known.stages[index];
    StageState next = StageState.valueOf(to);
    boolean legal = was == null ? from == null : was.name().equals(from) && was.canBecome(next);
    Checker.check(legal, "I5", "run " + run.id() + ", log says " + was, move);
    known.stages[index] = next;
    if (was == StageState.WAITING && (next == StageState.READY || next == StageState.LOCK_WAIT)) {
      boolean met =
          move.path(3).asText().equals("command") // a person runs it now, whatever it needs
              || holds(run.plan().stage(index).needs(), run.plan(), outcomes(run, known));
      Checker.check(met, "I7", "run " + run.id() + " starts before its needs", move);
    }
    if (next == StageState.QUEUED) {
      dispatched(run, known, index);
    }
  }

  private void dispatched(Run run, Told known, int index) {
    boolean last = run.plan().stage(index).rules().phase() == Phase.FINALLY;
    Checker.check(!paused.contains(run.id()), "I14", "dispatched in a pause, run", run.id());
    boolean stop = stopped.contains(run.id()) && !last;
    Checker.check(!stop, "I14", "dispatched after a stop, run", run.id());
    Checker.check(!known.state.isFinal(), "I14", "dispatched after its end, run", run.id());
    if (run.parent() != null && !reopened.contains(run.id())) {
      boolean above = paused.contains(run.parent().run());
      Checker.check(!above, "I14", "an item is dispatched in a pause, run", run.id());
      boolean over = stopped.contains(run.parent().run());
      Checker.check(!over, "I14", "an item is dispatched after a stop, run", run.id());
    }
  }

  /** What a person skipped ahead of its turn counts when its turn comes. */
  private static StageState[] outcomes(Run run, Told known) {
    StageState[] states = known.stages.clone();
    for (int i = 0; i < states.length; i++) {
      if (run.stages()[i].awaitsItsTurn()) {
        states[i] = StageState.WAITING;
      }
    }
    return states;
  }

  private static boolean holds(Need need, Plan plan, StageState[] states) {
    return switch (need) {
      case Need.All all -> all.of().stream().allMatch(each -> holds(each, plan, states));
      case Need.Any any -> any.of().stream().anyMatch(each -> holds(each, plan, states));
      case Need.Not not -> not.of().stream().noneMatch(each -> holds(each, plan, states));
      case Need.Stage leaf -> {
        StageState state = states[plan.indexOf(leaf.id())];
        yield switch (leaf.is()) {
          case COMPLETED -> state.countsAsComplete();
          case FAILED -> state == StageState.FAILED;
          case SKIPPED -> state == StageState.SKIPPED || state == StageState.SKIPPED_COMPLETE;
          case CANCELLED -> state == StageState.CANCELLED;
          case ENDED -> state.isFinal();
        };
      }
    };
  }

  private void same(Run run, Told known) {
    Checker.check(known.state == run.state(), "I5", "log and row differ, run", run.id());
    for (int i = 0; i < run.stages().length; i++) {
      boolean same = known.stages[i] == run.stages()[i].state();
      Checker.check(same, "I5", "log and row differ, run " + run.id() + ", stage", i);
    }
  }

  /** Numbers without gaps; the next only when the one before has ended. */
  private void attempts(Draft draft) {
    Run run = draft.run();
    Told known = told.get(run.id());
    for (int i = 0; i < run.stages().length; i++) {
      Stage stage = draft.stage(i);
      int step = stage.attempt() - known.attempts[i];
      Checker.check(step == 0 || step == 1, "I6", "attempts " + known.attempts[i], stage);
      if (step == 1 && stage.attempt() > 1) {
        Claim before = new Claim(run.id(), i, stage.attempt() - 1);
        Checker.check(superseded.contains(before), "I6", "two attempts at once, after", before);
      }
      known.attempts[i] = stage.attempt();
      boolean few = stage.failures() <= run.plan().stage(i).retry().maxAttempts();
      Checker.check(few, "I6", "more failures than its policy has attempts", stage);
    }
  }

  void equalsStored(Run run) {
    Told known = told.get(run.id());
    Checker.check(known != null, "I5", "no log of run", run.id());
    same(run, known);
    boolean open = Arrays.stream(run.stages()).anyMatch(stage -> !stage.state().isFinal());
    Checker.check(!open, "I15", "its run has ended, and a stage has not", run.id());
  }
}
