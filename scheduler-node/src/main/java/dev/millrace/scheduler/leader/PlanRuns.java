package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.RunState;
import dev.millrace.model.Window;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Runs that live in a window: made at its start with its planned end, also when the start comes
 * late, or made ahead so that people can hold and skip in them. The leader's thread.
 */
final class PlanRuns {
  private final Drafts drafts;
  private final Births births;

  PlanRuns(Drafts drafts, Births births) {
    this.drafts = drafts;
    this.births = births;
  }

  Births.Birth fire(Handle tx, Pass pass, Plan plan, Ticker.Fire fire, String params) {
    Window window = plan.definition().rules().window();
    if (window == null || PlannedTriggers.blackedOut(window, instant(pass.now))) {
      return new Births.Birth.Skipped("SKIPPED_WINDOW", "a blackout of its window");
    }
    long endsAt = fire.plannedAt() + window.length().toNanos() / 1_000;
    Births.Birth birth = born(tx, pass, plan, fire, params, endsAt);
    if (window.prepare()) {
      prepareNext(pass, plan, fire, params);
    }
    return birth;
  }

  private Births.Birth born(
      Handle tx, Pass pass, Plan plan, Ticker.Fire fire, String params, long endsAt) {
    Draft prepared = prepared(tx, pass, plan.job());
    if (prepared != null && prepared.run().scheduledFor() == fire.plannedAt()) {
      return births.promote(tx, pass, prepared, endsAt);
    }
    if (prepared != null) { // its tick never came: the plan has changed
      Engine.apply(
          prepared, new Fact.Stop(null, "the plan's next start is another one"), pass.now, 0);
    }
    Run run =
        births
            .fresh(plan, fire.kind(), fire.trigger(), fire.plannedAt(), params, pass.now)
            .endingAt(endsAt, false);
    return births.make(tx, pass, run, "tick");
  }

  private Draft prepared(Handle tx, Pass pass, long job) {
    long id = OpenRuns.prepared(tx, job, 0);
    if (id == 0) {
      return null;
    }
    drafts.open(tx, pass, List.of(id));
    Draft draft = pass.drafts.get(id);
    return draft.sealed() || draft.run().state().isFinal() ? null : draft;
  }

  private void prepareNext(Pass pass, Plan plan, Ticker.Fire fire, String params) {
    Optional<Instant> next =
        PlannedTriggers.of(plan.definition()).stream()
            .filter(planned -> planned.kind().equals(PlannedTriggers.PLAN))
            .findFirst()
            .map(planned -> Ticker.tickAfter(planned, fire.plannedAt()))
            .filter(at -> at != 0)
            .map(PlanRuns::instant);
    if (next.isEmpty()) {
      return;
    }
    long at = Ticker.microsOf(next.get());
    Run run =
        births
            .fresh(plan, fire.kind(), fire.trigger(), at, params, pass.now)
            .endingAt(at + plan.definition().rules().window().length().toNanos() / 1_000, true);
    pass.drafts.put(run.id(), Engine.createPending(run, "tick", 0, pass.now));
  }

  /** Nobody starts it any more. */
  void dropPrepared(Handle tx, Pass pass, long job, String actor) {
    Draft draft = prepared(tx, pass, job);
    if (draft != null && draft.run().state() == RunState.PENDING) {
      Engine.apply(draft, new Fact.Stop(actor, "its job starts no more runs"), pass.now, 0);
    }
  }

  private static Instant instant(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L), Math.floorMod(micros, 1_000_000L) * 1_000);
  }
}
