package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.Runs;
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
