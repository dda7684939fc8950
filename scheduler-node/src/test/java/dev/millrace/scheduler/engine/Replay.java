package dev.millrace.scheduler.engine;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import java.util.ArrayList;
import java.util.List;

/** What the log says, replayed: each move is legal and begins where the one before ended. */
final class Replay {
  private final Plan plan;
  private final Arrows<RunState> runArrows;
  private final Arrows<StageState> stageArrows;
  private final String[] states;
  private String run;

  /** Stages that a person skipped: SKIPPED, and yet their turn may come. */
  private final boolean[] byHand;

  /**
   * One move of a stage, or of the run.
   *
   * @param stage index, or -1 for the run
   */
  record Move(int stage, String from, String to, String cause) {}

  Replay(Plan plan, Arrows<RunState> runArrows, Arrows<StageState> stageArrows) {
    this.plan = plan;
    this.runArrows = runArrows;
    this.stageArrows = stageArrows;
    this.states = new String[plan.size()];
    this.byHand = new boolean[plan.size()];
  }

  /** The moves of a text that begins after those that were read before. Nothing is applied. */
  List<Move> read(String json) {
    List<Move> moves = new ArrayList<>();
    for (JsonNode move : JsonText.parse(json)) {
      if (!move.get(2).isNull()) {
        String subject = move.get(0).asText();
        moves.add(
            new Move(
                subject.isEmpty() ? -1 : plan.indexOf(subject),
                move.get(1).isNull() ? null : move.get(1).asText(),
                move.get(2).asText(),
                move.get(3).asText()));
      }
    }
    return moves;
  }

  void apply(Move move) {
    String at = move.stage() < 0 ? run : states[move.stage()];
    Law.same(at, move.from(), "before %s", move);
    if (move.from() != null) {
      Arrows<?> arrows = move.stage() < 0 ? runArrows : stageArrows;
      Law.holds(arrows.walk(move.from(), move.to()), "%s is legal", move);
    }
    if (move.stage() < 0) {
      run = move.to();
    } else {
      states[move.stage()] = move.to();
      byHand[move.stage()] = move.to().equals("SKIPPED") && move.cause().equals("command");
    }
  }

  void assertIs(RunState state, Stage[] stages) {
    Law.same(run, state.name(), "%s", "the run");
    for (int i = 0; i < stages.length; i++) {
      Law.same(states[i], stages[i].state().name(), "stage %s", i);
    }
  }

  String run() {
    return run;
  }

  StageState state(int stage) {
    return StageState.valueOf(states[stage]);
  }

  /** True when it is SKIPPED and nobody can tell from the log whether its turn may still come. */
  boolean inDoubt(int stage) {
    return byHand[stage];
  }
}
