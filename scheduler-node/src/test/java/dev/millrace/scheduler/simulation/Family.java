package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Fan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import java.util.HashMap;
import java.util.HashSet;
import java.util.Map;
import java.util.Set;

/** Counts the runs of items for itself, and what of them their stage knows. One thread. */
final class Family {
  private record Item(Claim of, int number) {}

  private static final class Count {
    int started;
    int completed;
    int failed;
    int cancelled;
  }

  private final Set<Item> items = new HashSet<>();
  private final Map<Claim, Count> counts = new HashMap<>();

  void saw(Draft draft) {
    Run run = draft.run();
    Run.Parent parent = run.parent();
    if (parent == null) {
      return;
    }
    Claim of = new Claim(parent.run(), parent.stage(), parent.attempt());
    Count count = counts.computeIfAbsent(of, any -> new Count());
    if (draft.isNew()) {
      boolean first = items.add(new Item(of, parent.item()));
      Checker.check(first, "I9", "an item has two runs", of + " " + parent.item());
      count.started++;
    }
    if (!draft.isNew()) {
      count(count, draft.before().state(), -1); // a person may have let it go on
    }
    count(count, run.state(), 1);
  }

  private static void count(Count count, RunState state, int by) {
    switch (state) {
      case COMPLETED -> count.completed += by;
      case FAILED -> count.failed += by;
      case CANCELLED, ENDED -> count.cancelled += by;
      case PENDING, SCHEDULED, STARTING, RUNNING, PAUSED, STOPPING -> {}
    }
  }

  /** After all drafts of a commit were seen. */
  void check(Draft draft) {
    Run run = draft.run();
    check(run, run.id());
  }

  private void check(Run run, long id) {
    for (int i = 0; i < run.stages().length; i++) {
      Stage stage = run.stages()[i];
      Fan fan = stage.fan();
      Count count = counts.get(new Claim(id, i, stage.attempt()));
      if (fan == null || count == null || stage.state() != StageState.RUNNING) {
        continue;
      }
      boolean same =
          fan.started() == count.started
              && fan.completed() == count.completed
              && fan.failed() == count.failed
              && fan.cancelled() == count.cancelled;
      Checker.check(same, "I9", "its items are counted wrong in run " + id, fan.text());
    }
  }
}
