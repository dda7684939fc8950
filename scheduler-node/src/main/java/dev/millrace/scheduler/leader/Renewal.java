package dev.millrace.scheduler.leader;

import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.store.Runs;
import java.util.List;
import java.util.Objects;
import org.jdbi.v3.core.Handle;

/**
 * Lets a run that has ended go on with the version of its job that is in force: who has corrected a
 * definition need not execute again what went well. Only a version with the same stages will do,
 * since what they gave stays. The leader's thread.
 */
final class Renewal {
  private final Catalog catalog;
  private final Drafts drafts;

  Renewal(Catalog catalog, Drafts drafts) {
    this.catalog = catalog;
    this.drafts = drafts;
  }

  /** What asks for it. */
  static boolean isAsked(Command command) {
    return "latest".equals(Desk.text(command.body(), "version"));
  }

  /**
   * @param draft of the run
   * @return null when the run has the newest version now, else why it cannot have it
   */
  Outcome renew(Handle tx, Pass pass, Draft draft) {
    Plan old = draft.run().plan();
    int newest = catalog.find(tx, old.job()).version();
    if (newest == old.version()) {
      return null;
    }
    RunId id = new RunId(draft.run().id());
    if (!draft.run().state().isFinal() || draft.changed() || draft.run().parent() != null) {
      return refused(id, "only a run that has ended, and is no part of another one, can have it");
    }
    String differs = difference(old, catalog.plan(tx, old.job(), newest));
    if (differs != null) {
      return refused(id, "version " + newest + " " + differs);
    }
    give(tx, pass, draft.run().id(), newest);
    return null;
  }

  /** The run has that version from now on. */
  void give(Handle tx, Pass pass, long run, int version) {
    Runs.renew(tx, run, version);
    pass.drafts.remove(run);
    drafts.open(tx, pass, List.of(run));
  }

  private static Outcome refused(RunId id, String why) {
    return Desk.refused(
        409,
        "run " + id + " cannot go on with another version: " + why,
        "rerun it with its own version, or start a new run");
  }

  /** Where the stages are not the same ones, or null. */
  private static String difference(Plan old, Plan now) {
    if (old.size() != now.size()) {
      return "has " + now.size() + " stages, the run has " + old.size();
    }
    for (int i = 0; i < old.size(); i++) {
      StageDefinition before = old.stage(i);
      StageDefinition after = now.stage(i);
      if (!before.id().equals(after.id())) {
        return "has the stage '" + after.id() + "' where the run has '" + before.id() + "'";
      }
      boolean same =
          before.handler().equals(after.handler())
              && before.pool().equals(after.pool())
              && before.rules().phase() == after.rules().phase()
              && Objects.equals(before.rules().group(), after.rules().group())
              && Objects.equals(before.rules().compensates(), after.rules().compensates())
              && (before.rules().forEach() == null) == (after.rules().forEach() == null);
      if (!same) {
        return "executes the stage '" + after.id() + "' in another way or in another pool";
      }
    }
    return null;
  }
}
