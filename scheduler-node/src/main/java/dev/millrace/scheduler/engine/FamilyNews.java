package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import java.util.HashMap;
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
   * That a run had ended and goes on, or null. This is to be told of all runs before the end of any
   * is: else the stage above takes the last end for the end of all.
   *
   * @param child a run that has a parent
   */
  public Fact reopened(Draft child) {
    RunState last = heardOf(child);
    if (!last.isFinal() || last == child.state()) {
      return null;
    }
    heard.put(child.run().id(), RunState.SCHEDULED);
    Run.Parent parent = child.run().parent();
    return new Fact.ChildReopened(parent.stage(), parent.attempt(), parent.item(), last);
  }

  /**
   * That a run has ended, or null. Ask {@link #reopened} first.
   *
   * @param child a run that has a parent
   * @param output gives the output of a run that has ended, or null for none
   */
  public Fact ended(Draft child, Function<Run, String> output) {
    Run run = child.run();
    if (!run.state().isFinal() || heardOf(child).isFinal()) {
      return null;
    }
    heard.put(run.id(), run.state());
    Run.Parent parent = run.parent();
    return new Fact.ChildEnded(
        parent.stage(),
        parent.attempt(),
        parent.item(),
        run.state(),
        output.apply(run),
        error(run));
  }

  private RunState heardOf(Draft child) {
    RunState last = heard.get(child.run().id());
    if (last != null) {
      return last;
    }
    return child.isNew() ? RunState.PENDING : child.before().state();
  }

  /**
   * True when what a run tells those below one of its stages is for this one. A stop is for all
   * that are open. A pause is only for those that the stage still waits for, as nobody would let
   * the others go on again: a person may have reopened one of them after the stage had ended.
   */
  public static boolean reaches(Wish.TellChildren wish, Draft above, Draft below) {
    Run.Parent parent = below.run().parent();
    if (parent == null
        || parent.run() != above.run().id()
        || parent.stage() != wish.stage()
        || below.run().state().isFinal()) {
      return false;
    }
    Stage stage = above.stage(wish.stage());
    boolean pause = wish.fact() instanceof Fact.Pause || wish.fact() instanceof Fact.Resume;
    return !pause || (stage.state() == StageState.RUNNING && stage.attempt() == parent.attempt());
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
