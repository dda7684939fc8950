package dev.millrace.scheduler.leader;

import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import dev.millrace.model.Window;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.engine.RunKey;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.Ticks;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Runs that live in a window: made at its start with its planned end, also when the start comes
 * late, or made ahead so that people can hold and skip in them. What a start becomes depends on
 * when it was planned and not on when somebody looked. The leader's thread.
 */
final class PlanRuns {
  /** Starts in a row that blackouts may take; then nobody looks further ahead. */
  private static final int BLACKED_OUT_MAX = 1_000;

  private final Catalog catalog;
  private final Drafts drafts;
  private final Births births;

  PlanRuns(Catalog catalog, Drafts drafts, Births births) {
    this.catalog = catalog;
    this.drafts = drafts;
    this.births = births;
  }

  Births.Birth fire(Handle tx, Pass pass, Plan plan, Ticker.Fire fire) {
    Window window = plan.definition().rules().window();
    if (window == null || plan.blackouts().covers(fire.plannedAt())) {
      return new Births.Birth.Skipped("SKIPPED_WINDOW", "it starts in a blackout of its window");
    }
    Births.Birth birth = born(tx, pass, plan, fire, fire.plannedAt() + micros(window));
    prepareNext(tx, pass, plan, fire, fire.plannedAt());
    return birth;
  }

  private static long micros(Window window) {
    return window.length().toNanos() / 1_000;
  }

  private Births.Birth born(Handle tx, Pass pass, Plan plan, Ticker.Fire fire, long endsAt) {
    Draft prepared = prepared(tx, pass, plan.job());
    if (prepared != null && prepared.run().scheduledFor() == fire.plannedAt()) {
      return births.promote(tx, pass, prepared, prepared.run().clock().endsAt());
    }
    if (prepared != null && prepared.run().scheduledFor() < fire.plannedAt()) {
      stop(pass, prepared, null, "the start that it was made for has passed");
    }
    Births.Fresh fresh = births.ticked(plan, fire, fire.plannedAt(), pass.now);
    return births.make(tx, pass, fresh.endingAt(endsAt, false));
  }

  /** The run of this job that is made ahead, also one that this pass has made; or null. */
  private Draft prepared(Handle tx, Pass pass, long job) {
    for (Draft draft : pass.drafts.values()) {
      if (draft.run().plan().job() == job && isPrepared(draft)) {
        return draft;
      }
    }
    long id = OpenRuns.prepared(tx, job, 0);
    if (id == 0) {
      return null;
    }
    drafts.open(tx, pass, List.of(id));
    Draft draft = pass.drafts.get(id);
    return isPrepared(draft) ? draft : null;
  }

  private static boolean isPrepared(Draft draft) {
    Run run = draft.run();
    return !draft.sealed()
        && !run.state().isFinal()
        && (run.clock().marks() & RunClock.PREPARED) != 0;
  }

  /** Makes the run for the first start after this one, unless it is there. */
  private void prepareNext(Handle tx, Pass pass, Plan plan, Ticker.Fire start, long after) {
    long at = plan.definition().rules().window().prepare() ? nextStart(plan, after) : 0;
    Draft has = at == 0 ? null : prepared(tx, pass, plan.job());
    if (at != 0 && (has == null || has.run().scheduledFor() != at)) {
      prepare(pass, plan, start, at);
    }
  }

  private Draft prepare(Pass pass, Plan plan, Ticker.Fire start, long at) {
    long endsAt = at + micros(plan.definition().rules().window());
    Births.Fresh fresh = births.ticked(plan, start, at, pass.now).endingAt(endsAt, true);
    Run run = fresh.run();
    String problem = fresh.problem();
    try {
      String key = problem == null ? RunKey.of(run) : null;
      run = key == null ? run : run.withKey(key);
    } catch (ExpressionException wrong) {
      problem = "concurrency key: " + wrong.getMessage();
    }
    Draft draft = Engine.createPending(run, "tick", 0, pass.now);
    if (problem != null) {
      // The start itself will say so again, in the run that it makes.
      Engine.apply(draft, new Fact.Stop(null, "params: " + problem), pass.now, 0);
    }
    pass.drafts.put(run.id(), draft);
    return draft;
  }

  /** The first start after an instant that no blackout takes, 0 for none. */
  private static long nextStart(Plan plan, long after) {
    PlannedTriggers.Planned start = start(plan);
    long at = start == null ? 0 : Ticker.tickAfter(start, after);
    for (int i = 0; at != 0 && plan.blackouts().covers(at); i++) {
      at = i == BLACKED_OUT_MAX ? 0 : Ticker.tickAfter(start, at);
    }
    return at;
  }

  private static PlannedTriggers.Planned start(Plan plan) {
    return PlannedTriggers.of(plan.definition()).stream()
        .filter(planned -> planned.kind().equals(PlannedTriggers.PLAN))
        .findFirst()
        .orElse(null);
  }

  /**
   * The job is new, or has a new version: its next run follows it, with what people did to it.
   *
   * @param window of this version, or null
   */
  void applied(Handle tx, Pass pass, Jobs.Row job, Window window) {
    if (window == null && job.version() == 1) {
      return; // most jobs
    }
    boolean starts = job.state() == JobState.SCHEDULED || job.state() == JobState.PAUSED;
    Draft old = prepared(tx, pass, job.id());
    Jobs.TriggerRow trigger = window != null && window.prepare() && starts ? armed(tx, job) : null;
    if (trigger == null) {
      if (old != null) {
        stop(pass, old, null, "its job makes no runs ahead any more");
      }
      return;
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    // What is due and was not looked at yet is the next one, too.
    long at = nextStart(plan, trigger.nextAt() - 1);
    boolean same =
        old != null
            && old.run().scheduledFor() == at
            && old.run().plan().version() == job.version();
    if (same || at == 0) {
      return;
    }
    Ticker.Fire start = tick(trigger, at, window);
    Draft fresh = prepare(pass, plan, start, at);
    if (old != null) {
      carry(pass, old, fresh);
      stop(pass, old, null, "run " + new RunId(fresh.run().id()) + " takes its place");
    }
  }

  private static Ticker.Fire tick(Jobs.TriggerRow trigger, long at, Window window) {
    return new Ticker.Fire(
        trigger.id(), trigger.job(), PlannedTriggers.PLAN, at, at, window.params());
  }

  /** What is due, but was not looked at in this pass, is still to come. */
  private static boolean isPassed(long start, Jobs.TriggerRow trigger, long now) {
    return start <= now && (trigger.nextAt() == 0 || start < trigger.nextAt());
  }

  private static Jobs.TriggerRow armed(Handle tx, Jobs.Row job) {
    return Jobs.triggers(tx, job.id()).stream()
        .filter(row -> row.kind().equals(PlannedTriggers.PLAN) && row.nextAt() != 0)
        .findFirst()
        .orElse(null);
  }

  /** What people held and skipped in one is held and skipped in the other. */
  private static void carry(Pass pass, Draft from, Draft to) {
    String why = "as in run " + new RunId(from.run().id());
    for (int i = 0; i < from.run().plan().size(); i++) {
      Stage stage = from.stage(i);
      boolean skipped = stage.state() == StageState.SKIPPED && (stage.marks() & Stage.BY_HAND) != 0;
      int index = to.run().plan().indexOf(from.run().plan().stage(i).id());
      if (index >= 0 && (skipped || stage.state() == StageState.HELD)) {
        StageAction action = skipped ? StageAction.SKIP : StageAction.HOLD;
        Engine.apply(to, new Fact.OnStage(index, action, null, why, null), pass.now, 0);
      }
    }
  }

  /**
   * Starts that became no run: what was made for them is not needed, the next one is. Comes after
   * the triggers have moved on.
   */
  void passed(Handle tx, Pass pass, List<Ticks.Entry> unfired) {
    if (unfired.isEmpty()) {
      return;
    }
    for (Jobs.TriggerRow trigger :
        Jobs.planTriggers(tx, unfired.stream().map(Ticks.Entry::trigger).toList())) {
      Jobs.Row job = catalog.find(tx, trigger.job());
      Plan plan = catalog.plan(tx, job.id(), job.version());
      Draft prepared = prepared(tx, pass, job.id());
      if (prepared != null && isPassed(prepared.run().scheduledFor(), trigger, pass.now)) {
        stop(pass, prepared, null, "the start that it was made for has passed");
        Window window = plan.definition().rules().window();
        Ticker.Fire start = tick(trigger, pass.now, window);
        prepareNext(tx, pass, plan, start, pass.now);
      }
    }
  }

  /** Nobody starts it any more. */
  void dropPrepared(Handle tx, Pass pass, long job, String actor) {
    Draft draft = prepared(tx, pass, job);
    if (draft != null) {
      stop(pass, draft, actor, "its job starts no more runs");
    }
  }

  private static void stop(Pass pass, Draft draft, String actor, String why) {
    if (draft.run().state() == RunState.PENDING || draft.run().state() == RunState.PAUSED) {
      Engine.apply(draft, new Fact.Stop(actor, why), pass.now, 0);
    }
  }
}
