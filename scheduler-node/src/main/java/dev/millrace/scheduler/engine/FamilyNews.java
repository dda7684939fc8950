package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;

/**
 * What the runs above others have still to hear about those, in one pass. It compares with what
 * they heard last and not with how the pass began: within one pass a run may go on again and end
 * another way (a person resets a stage of an item and the job is stopped; a person accepts its only
 * failure), and the stage above must count it once, as what it is. Confined to one pass.
 */
public final class FamilyNews {
  private final Map<Long, RunState> heard = new HashMap<>();

  /**
   * The facts for the run above, in their order; none when it knows all of it.
   *
   * @param child a run that has a parent
   * @param output gives the output of a run that has ended, or null for none
   */
  public List<Fact> of(Draft child, Function<Run, String> output) {
    Run run = child.run();
    RunState now = run.state();
    RunState last = heard.get(run.id());
    if (last == null) {
      last = child.isNew() ? RunState.PENDING : child.before().state();
    }
    if (now == last || (!now.isFinal() && !last.isFinal())) {
      return List.of();
    }
    heard.put(run.id(), now);
    Run.Parent parent = run.parent();
    List<Fact> news = new ArrayList<>(2);
    if (last.isFinal()) {
      news.add(new Fact.ChildReopened(parent.stage(), parent.attempt(), parent.item(), last));
    }
    if (now.isFinal()) {
      news.add(
          new Fact.ChildEnded(
              parent.stage(), parent.attempt(), parent.item(), now, output.apply(run), error(run)));
    }
    return news;
  }

  private static String error(Run run) {
    String what = "run " + new RunId(run.id()) + " is " + run.state();
    for (Stage stage : run.stages()) {
      if (stage.state() == StageState.FAILED && stage.error() != null) {
        return what + ": " + stage.error();
      }
    }
    return what;
  }
}
