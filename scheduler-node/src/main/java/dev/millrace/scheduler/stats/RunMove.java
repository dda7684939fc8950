package dev.millrace.scheduler.stats;

import dev.millrace.lifecycle.RunState;
import dev.millrace.scheduler.event.Move;
import dev.millrace.scheduler.store.ReadsEvents.LogBatch;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.List;

/**
 * A run that ended, or had ended and goes on, as the log has it. Immutable.
 *
 * @param seq of the log's row
 * @param end true when it ended, in {@code state}; false when it goes on, and had ended in that
 * @param at microseconds since 1970
 */
record RunMove(long seq, long run, long job, boolean end, String state, long at) {
  private record Step(boolean end, String state) {}

  /** Those of a batch, in their order. */
  static void of(LogBatch batch, List<RunMove> into) {
    List<List<Step>> stories = new ArrayList<>(batch.moves().length);
    for (String moves : batch.moves()) {
      stories.add(steps(moves));
    }
    long at = ChronoUnit.MICROS.between(Instant.EPOCH, batch.at());
    for (int place = 0; place < batch.runs().length; place++) {
      int story = batch.which()[place] - 1;
      for (Step step : stories.get(story)) {
        into.add(
            new RunMove(
                batch.seq(place),
                batch.runs()[place],
                batch.jobs()[story],
                step.end,
                step.state,
                at));
      }
    }
  }

  /** Most lists say nothing of the run; to see that they need not be read. */
  private static List<Step> steps(String moves) {
    List<Step> steps = new ArrayList<>(1);
    if (!moves.contains("[\"\",")) {
      return steps;
    }
    for (Move move : Move.of(moves)) {
      if (!move.subject().isEmpty() || move.to() == null) {
        continue;
      }
      boolean was = isFinal(move.from());
      boolean is = isFinal(move.to());
      if (is != was) {
        steps.add(new Step(is, is ? move.to() : move.from()));
      }
    }
    return steps;
  }

  private static boolean isFinal(String state) {
    return state != null && RunState.valueOf(state).isFinal();
  }
}
