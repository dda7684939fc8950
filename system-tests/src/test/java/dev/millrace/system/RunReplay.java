package dev.millrace.system;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.BiConsumer;

/** One run as its log tells it, move by move through the lifecycles. One thread. */
final class RunReplay {
  private static final class StageReplay {
    StageState state;
    int attempt;
    int attemptEnded;
    String worker;
  }

  private final RunId run;
  private final Map<String, List<String>> needs;
  private final BiConsumer<HistoryChecker.Law, String> violation;
  private final Map<String, StageReplay> stages = new HashMap<>();
  private RunState state;

  RunReplay(
      long run, Map<String, List<String>> needs, BiConsumer<HistoryChecker.Law, String> violation) {
    this.run = new RunId(run);
    this.needs = needs;
    this.violation = violation;
  }

  RunState state() {
    return state;
  }

  void apply(History.Move move) {
    if (move.subject().isEmpty()) {
      moveRun(move);
    } else {
      moveStage(move);
    }
  }

  private void moveRun(History.Move move) {
    RunState to = RunState.valueOf(move.to());
    boolean follows = Objects.equals(name(state), move.from());
    boolean legal = state == null ? to == RunState.PENDING : state.canBecome(to);
    if (!follows || !legal) {
      violation.accept(
          HistoryChecker.Law.MOVES_ARE_LEGAL, "run " + run + " was " + state + ": " + move);
    }
    state = to;
  }

  private void moveStage(History.Move move) {
    StageReplay stage = stages.computeIfAbsent(move.subject(), any -> new StageReplay());
    StageState from = stage.state;
    StageState to = StageState.valueOf(move.to());
    boolean follows = Objects.equals(name(from), move.from());
    boolean legal = from == null ? to == StageState.WAITING : from.canBecome(to);
    if (!follows || !legal) {
      violation.accept(
          HistoryChecker.Law.MOVES_ARE_LEGAL,
          "stage " + move.subject() + " of run " + run + " was " + from + ": " + move);
    }
    stage.state = to;
    if (to == StageState.QUEUED) {
      stage.attempt++;
      needsFirst(move.subject());
    }
    if (to == StageState.RUNNING) {
      stage.worker = move.actor();
    }
    if (move.from() != null && move.from().equals("RUNNING")) {
      end(stage, move);
    }
  }

  /** An attempt ends once, by the word of the worker that holds it or by the leader. */
  private void end(StageReplay stage, History.Move move) {
    if (stage.attemptEnded >= stage.attempt) {
      violation.accept(
          HistoryChecker.Law.ONE_END_PER_ATTEMPT,
          "stage " + move.subject() + " of run " + run + " attempt " + stage.attempt + ": " + move);
    }
    stage.attemptEnded = stage.attempt;
    if (move.to().equals("COMPLETED") && !Objects.equals(stage.worker, move.actor())) {
      violation.accept(
          HistoryChecker.Law.ONE_END_PER_ATTEMPT,
          "stage "
              + move.subject()
              + " of run "
              + run
              + " ran on "
              + stage.worker
              + " and was completed by "
              + move.actor());
    }
  }

  private void needsFirst(String name) {
    for (String need : needs.getOrDefault(name, List.of())) {
      StageReplay before = stages.get(need);
      if (before == null || before.state == null || !before.state.countsAsComplete()) {
        violation.accept(
            HistoryChecker.Law.NEEDS_FIRST,
            "stage " + name + " of run " + run + " was dispatched before " + need + " completed");
      }
    }
  }

  /** The table must say what the log leads to. */
  void compare(History.StageRow row) {
    StageReplay stage = stages.getOrDefault(row.name(), new StageReplay());
    boolean sameWorker =
        row.state() != StageState.COMPLETED || Objects.equals(stage.worker, row.worker());
    if (stage.state != row.state() || stage.attempt != row.attempt() || !sameWorker) {
      violation.accept(
          HistoryChecker.Law.TABLES_EQUAL_LOG,
          row + ", by the log " + stage.state + " attempt " + stage.attempt + " " + stage.worker);
    }
  }

  private static String name(Enum<?> state) {
    return state == null ? null : state.name();
  }
}
