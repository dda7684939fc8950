package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.Runs;
import dev.millrace.scheduler.store.Stages;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * The runs of a term as this leader knows them, and what opens them for a pass: from the cache,
 * else from the tables. The leader's thread.
 */
final class Drafts {
  private final Catalog catalog;
  private final RunCache cache = new RunCache();

  Drafts(Catalog catalog) {
    this.catalog = catalog;
  }

  /** Makes sure that these runs have a draft in this pass; ids that do not exist stay without. */
  void open(Handle tx, Pass pass, Collection<Long> runs) {
    List<Long> missing = null;
    for (Long id : runs) {
      if (pass.drafts.containsKey(id)) {
        continue;
      }
      Run cached = cache.get(id);
      if (cached != null) {
        pass.drafts.put(id, Draft.of(cached));
      } else {
        missing = missing == null ? new ArrayList<>() : missing;
        missing.add(id);
      }
    }
    if (missing != null) {
      Runs.load(tx, missing, (job, version, part) -> catalog.plan(tx, job, version, part))
          .forEach((id, run) -> pass.drafts.putIfAbsent(id, Draft.of(run)));
    }
    openOuter(tx, pass, runs);
  }

  /** The runs that items read from. */
  private void openOuter(Handle tx, Pass pass, Collection<Long> runs) {
    for (Long id : runs) {
      Draft draft = pass.drafts.get(id);
      if (draft == null || !draft.run().plan().outer() || draft.hasOuter()) {
        continue;
      }
      long parent = draft.run().parent().run();
      open(tx, pass, List.of(parent));
      Draft above = pass.drafts.get(parent);
      draft.outer(above == null ? null : above.run());
    }
  }

  /**
   * Whose seats a stage of a run, or the run itself, has too: its groups, its run, the stage that
   * started that, and so on.
   */
  List<Stages.Key> above(Handle tx, Pass pass, Run run, int index) {
    List<Stages.Key> above = new ArrayList<>();
    Run at = run;
    int stage = index;
    while (at != null) {
      if (stage != Seats.RUN) {
        for (int group = Engine.groupOf(at, stage); group >= 0; group = Engine.groupOf(at, group)) {
          above.add(new Stages.Key(at.id(), group));
        }
        above.add(new Stages.Key(at.id(), Seats.RUN));
      }
      Run.Parent parent = at.parent();
      if (parent == null) {
        return above;
      }
      above.add(new Stages.Key(parent.run(), parent.stage()));
      open(tx, pass, List.of(parent.run()));
      Draft up = pass.drafts.get(parent.run());
      at = up == null ? null : up.run();
      stage = parent.stage();
    }
    return above;
  }

  /** What is committed is what is there. */
  void committed(Run run) {
    if (run.state().isFinal()) {
      cache.remove(run.id());
    } else {
      cache.put(run);
    }
  }

  void clear() {
    cache.clear();
  }
}
