package dev.millrace.scheduler.http;

import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.ReadsRuns;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;

/**
 * Which stages keep a need from being met, as the tables have them now. One for each question; the
 * caller's thread.
 */
final class Unmet {
  /** A stage that has not come to what is needed of it. */
  record Missing(String stage, Need.Is is, String state) {
    String text() {
      String wanted = is == Need.Is.COMPLETED ? "" : " to be " + is;
      return stage + wanted + " (" + state + ")";
    }
  }

  private final Map<String, ReadsRuns.Stage> stages;
  private final List<Missing> found = new ArrayList<>();

  private Unmet(Map<String, ReadsRuns.Stage> stages) {
    this.stages = stages;
  }

  /** Empty when the need is met. */
  static List<Missing> of(Need need, Map<String, ReadsRuns.Stage> stages) {
    Unmet unmet = new Unmet(stages);
    unmet.look(need);
    return unmet.found.stream().distinct().toList();
  }

  /** Ended, and only a person can change that. */
  static boolean isSettled(ReadsRuns.Stage stage) {
    boolean awaitsItsTurn =
        (stage.marks() & Stage.BY_HAND) != 0 && (stage.marks() & Stage.HOPELESS) == 0;
    return StageState.valueOf(stage.state()).isFinal() && !awaitsItsTurn;
  }

  private void look(Need need) {
    switch (need) {
      case Need.Stage leaf -> add(leaf);
      case Need.All all -> all.of().forEach(this::look);
      case Need.Any any -> {
        if (any.of().stream().noneMatch(this::holds)) {
          any.of().forEach(this::look);
        }
      }
      case Need.Not not ->
          not.of().stream().filter(this::holds).forEach(each -> each.visit(this::add));
    }
  }

  /** What has ended otherwise does not come any more: nobody waits for it. */
  private void add(Need.Stage leaf) {
    ReadsRuns.Stage stage = stages.get(leaf.id());
    if (stage != null && !isSettled(stage)) {
      found.add(new Missing(leaf.id(), leaf.is(), stage.state()));
    }
  }

  private boolean holds(Need need) {
    return switch (need) {
      case Need.Stage leaf -> holds(leaf);
      case Need.All all -> all.of().stream().allMatch(this::holds);
      case Need.Any any -> any.of().stream().anyMatch(this::holds);
      case Need.Not not -> not.of().stream().noneMatch(this::holds);
    };
  }

  private boolean holds(Need.Stage leaf) {
    ReadsRuns.Stage stage = stages.get(leaf.id());
    if (stage == null) {
      return true; // in the run of an item, what is outside of it has been before
    }
    StageState state = StageState.valueOf(stage.state());
    return isSettled(stage)
        && switch (leaf.is()) {
          case COMPLETED -> state.countsAsComplete();
          case FAILED -> state == StageState.FAILED;
          case SKIPPED -> state == StageState.SKIPPED || state == StageState.SKIPPED_COMPLETE;
          case CANCELLED -> state == StageState.CANCELLED;
          case ENDED -> true;
        };
  }
}
