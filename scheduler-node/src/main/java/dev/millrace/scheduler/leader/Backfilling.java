package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.ParamValues;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.Overlap;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunParams;
import dev.millrace.scheduler.store.Backfills;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.BackfillAsk;
import dev.millrace.scheduler.trigger.BackfillPlan;
import dev.millrace.scheduler.trigger.BackfillTicks;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;

/**
 * Makes runs for past ticks, some in each pass, within the limits of each backfill. How far one is
 * stands in its row, which is written with the runs, so a new leader goes on where the old one
 * ended. The leader's thread.
 */
final class Backfilling {
  static final String KIND = "backfill";

  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int LIVE_MAX = 100;

  /** Of one backfill in one pass. */
  private static final int RUNS_MAX = 50;

  private static final int TICKS_MAX = 1_000;

  /** Who waits for something that nobody tells of looks again after this. */
  private static final long LOOK_AGAIN_MICROS = TimeUnit.SECONDS.toMicros(1);

  /** A rate that was held up makes up for this much time, no more. */
  private static final long BURST_MICROS = TimeUnit.SECONDS.toMicros(1);

  /** One that is not over. */
  private static final class Live {
    private final Backfills.Row row;
    private String state;
    private long nextAt;
    private long pacedAt;
    private long lookAt;
    private int open;

    private Live(Backfills.Row row) {
      this.row = row;
      this.state = row.state();
      this.nextAt = row.nextAt();
      this.pacedAt = row.pacedAt();
    }

    /** When there is something to do for it, or Long.MAX_VALUE. */
    private long dueAt() {
      if (!state.equals(Backfills.RUNNING) || (nextAt == 0 && open > 0)) {
        return Long.MAX_VALUE;
      }
      if (nextAt == 0) {
        return 0;
      }
      return open >= row.ask().maxParallel() ? Long.MAX_VALUE : Math.max(lookAt, pacedAt);
    }
  }

  /** What its runs are made of. */
  private record What(
      long id, Backfills.Ask ask, String kind, String spec, String actor, String reason) {
    static What of(Backfills.Row row) {
      return new What(row.id(), row.ask(), row.kind(), row.spec(), row.actor(), row.reason());
    }
  }

  private final Catalog catalog;
  private final Births births;
  private final Gates gates;
  private final Seats seats;
  private final Meters meters;
  private final Map<Long, Live> live = new LinkedHashMap<>();

  /** Open runs of those. */
  private final Map<Long, Live> open = new HashMap<>();

  Backfilling(Catalog catalog, Arrivals.Limits limits, Meters meters) {
    this.catalog = catalog;
    this.births = limits.births();
    this.gates = limits.gates();
    this.seats = limits.seats();
    this.meters = meters;
  }

  /** What the tables say. */
  void load(Handle tx) {
    live.clear();
    open.clear();
    Backfills.live(tx, LIVE_MAX).forEach(row -> live.put(row.id(), new Live(row)));
    Backfills.openRuns(tx)
        .forEach(
            (run, id) -> {
              Live of = live.get(id);
              of.open++;
              open.put(run, of);
            });
  }

  /** When there is something to do, or Long.MAX_VALUE. */
  long nextDueAt() {
    long next = Long.MAX_VALUE;
    for (Live each : live.values()) {
      next = Math.min(next, each.dueAt());
    }
    return next;
  }

  Outcome create(Handle tx, Pass pass, Command command) {
    Backfills.Ask ask;
    switch (BackfillAsk.of(command)) {
      case BackfillAsk.Create create -> ask = create.ask();
      case BackfillAsk.Unclear unclear -> {
        return Desk.refused(422, unclear.why(), unclear.remedy());
      }
      case BackfillAsk.Move move -> throw new IllegalStateException("a backfill.create moves");
    }
    Jobs.Row job = catalog.find(tx, command.namespace(), command.job());
    if (job == null) {
      return Desk.noSuchJob(tx, command, "starts no runs");
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    return switch (BackfillPlan.of(
        job, plan.definition(), Jobs.triggers(tx, job.id()), ask, pass.now)) {
      case BackfillPlan.Refused no -> Desk.refused(no.status(), no.detail(), no.remedy());
      case BackfillPlan.Possible possible -> begin(tx, pass, command, plan, possible);
    };
  }

  private Outcome begin(
      Handle tx, Pass pass, Command command, Plan plan, BackfillPlan.Possible possible) {
    if (live.size() == LIVE_MAX) {
      return Desk.refused(
          409,
          LIVE_MAX + " backfills go on already",
          "wait for one, or cancel one: GET /api/v1/backfills");
    }
    long id = births.ids().next(pass.now);
    What what =
        new What(
            id,
            possible.ask(),
            possible.trigger().kind(),
            possible.trigger().spec(),
            command.actor(),
            command.reason());
    String problem = fresh(plan, what, possible.ticks().getFirst(), pass.now).problem();
    if (problem != null) {
      return Desk.refused(422, "params: " + problem, "see the job's params");
    }
    Backfills.insert(
        tx,
        new Backfills.Fresh(
            id,
            plan.job(),
            possible.ask(),
            possible.ask().from(),
            possible.ticks().size(),
            command.actor(),
            command.reason(),
            pass.now));
    Live fresh = new Live(Backfills.find(tx, id).orElseThrow());
    live.put(id, fresh);
    ObjectNode body = JSON.createObjectNode().put("id", new RunId(id).toString());
    return new Outcome(201, body.put("total", possible.ticks().size()).toString());
  }

  Outcome move(Handle tx, Pass pass, Command command) {
    return switch (BackfillAsk.of(command)) {
      case BackfillAsk.Move move -> moved(tx, pass, command, move);
      case BackfillAsk.Unclear unclear -> Desk.refused(422, unclear.why(), unclear.remedy());
      case BackfillAsk.Create create -> throw new IllegalStateException("a backfill.move creates");
    };
  }

  private Outcome moved(Handle tx, Pass pass, Command command, BackfillAsk.Move move) {
    Optional<Backfills.Row> row =
        Backfills.find(tx, move.id())
            .filter(found -> found.namespace().equals(command.namespace()));
    if (row.isEmpty()) {
      return Desk.refused(
          404,
          "namespace '" + command.namespace() + "' has no backfill " + new RunId(move.id()),
          "GET /api/v1/backfills lists them");
    }
    if (row.get().isOver()) {
      return Desk.refused(
          409,
          "backfill " + new RunId(move.id()) + " is " + row.get().state(),
          "start another one; ticks that have a run are skipped");
    }
    if (row.get().state().equals(move.state())) {
      return new Outcome(200, "{\"changed\":false}");
    }
    move(tx, live.get(move.id()), move.state(), command.actor(), command.reason(), pass.now);
    return new Outcome(200, "{\"changed\":true}");
  }

  private void move(Handle tx, Live one, String state, String actor, String reason, long now) {
    Backfills.move(tx, new Backfills.Move(one.row.id(), state, actor, reason, now));
    one.state = state;
    one.lookAt = 0;
    if (state.equals(Backfills.CANCELLED)) {
      forget(one);
    }
  }

  private void forget(Live one) {
    live.remove(one.row.id());
    open.values().removeIf(of -> of.row.id() == one.row.id());
  }

  /** Makes what may be made now. */
  void step(Handle tx, Pass pass) {
    for (Live one : List.copyOf(live.values())) {
      if (one.dueAt() <= pass.now) {
        step(tx, pass, one);
        pass.more |= live.containsKey(one.row.id()) && one.dueAt() <= pass.now;
      }
    }
  }

  private void step(Handle tx, Pass pass, Live one) {
    if (one.nextAt == 0) {
      write(tx, pass, one, Backfills.COMPLETED, 0, 0);
      forget(one);
      return;
    }
    Jobs.Row job = catalog.find(tx, one.row.job());
    if (job.state() == JobState.ARCHIVED) {
      move(tx, one, Backfills.CANCELLED, "leader", "its job is archived", pass.now);
      return;
    }
    if (job.state() != JobState.SCHEDULED || gates.pausesOf(job) != 0) {
      one.lookAt = pass.now + LOOK_AGAIN_MICROS;
      return;
    }
    make(tx, pass, one, catalog.plan(tx, job.id(), job.version()));
  }

  private void make(Handle tx, Pass pass, Live one, Plan plan) {
    Backfills.Ask ask = one.row.ask();
    BackfillTicks.Part part =
        BackfillTicks.of(
                one.row.spec(),
                one.row.namespace(),
                one.row.jobName(),
                ask.until(),
                plan.blackouts()::covers)
            .from(one.nextAt, TICKS_MAX);
    List<Long> ticks = part.ticks();
    long before = one.nextAt;
    Set<Long> done =
        ask.rerun() || ticks.isEmpty()
            ? Set.of()
            : Backfills.done(tx, ask.trigger(), ticks.getFirst(), ticks.getLast());
    List<Backfills.Made> runs = new ArrayList<>();
    int skipped = 0;
    boolean all = true;
    for (long at : ticks) {
      if (done.contains(at)) {
        skipped++;
      } else if (mayMake(pass, one, plan, runs.size())) {
        long run = made(tx, pass, one, fresh(plan, What.of(one.row), at, pass.now));
        if (run == 0) {
          all = false;
          break;
        }
        runs.add(new Backfills.Made(one.row.id(), at, ask.trigger(), run));
      } else {
        all = false;
        break;
      }
      one.nextAt = at + 1;
    }
    if (all) {
      one.nextAt = part.next();
    }
    Backfills.add(tx, runs);
    if (one.nextAt != before) {
      write(tx, pass, one, one.state, runs.size(), skipped);
    }
  }

  private boolean mayMake(Pass pass, Live one, Plan plan, int made) {
    if (made == RUNS_MAX || one.open >= one.row.ask().maxParallel() || one.pacedAt > pass.now) {
      return false;
    }
    if (isBusy(plan)) {
      one.lookAt = pass.now + LOOK_AGAIN_MICROS;
      return false;
    }
    return true;
  }

  /** A job whose runs do not overlap has its turn first, and is neither stopped nor counted. */
  private boolean isBusy(Plan plan) {
    if (plan.definition().rules().overlap().kind() == Overlap.Kind.ALLOW) {
      return false;
    }
    String subject = "job:" + plan.job();
    return !seats.holders(subject).isEmpty()
        || !seats.waiters(subject).isEmpty()
        || births.anyGated(plan.job());
  }

  /** 0 when it was not made after all. */
  private long made(Handle tx, Pass pass, Live one, Births.Fresh fresh) {
    switch (births.make(tx, pass, fresh, KIND)) {
      case Births.Birth.Made made -> {
        Run run = made.draft().run();
        long between = one.row.ask().microsBetween();
        one.pacedAt = between == 0 ? 0 : Math.max(one.pacedAt, pass.now - BURST_MICROS) + between;
        if (!run.state().isFinal()) {
          one.open++;
          open.put(run.id(), one);
        }
        meters.runCreated(KIND);
        return run.id();
      }
      case Births.Birth.Skipped skipped -> {
        one.lookAt = pass.now + LOOK_AGAIN_MICROS;
        return 0;
      }
    }
  }

  private static void write(Handle tx, Pass pass, Live one, String state, int made, int skipped) {
    Backfills.step(
        tx,
        new Backfills.Step(one.row.id(), state, one.nextAt, one.pacedAt, made, skipped, pass.now));
  }

  /** Runs that have ended in this pass make room for others. */
  void ended(Pass pass) {
    if (open.isEmpty()) {
      return;
    }
    for (Draft draft : pass.drafts.values()) {
      Live one = draft.run().state().isFinal() ? open.remove(draft.run().id()) : null;
      if (one != null) {
        one.open--;
        one.lookAt = 0;
        pass.more |= one.dueAt() <= pass.now;
      }
    }
  }

  /** The run for a past tick, with what its trigger gives it and, over that, what is asked for. */
  private Births.Fresh fresh(Plan plan, What what, long plannedAt, long now) {
    String why = "backfill " + new RunId(what.id());
    Run run =
        new Run(
                births.ids().next(now),
                plan,
                RunState.PENDING,
                KIND,
                what.ask().trigger(),
                plannedAt,
                "{}",
                what.actor(),
                what.reason() == null ? why : why + ": " + what.reason(),
                null,
                now,
                0,
                0,
                Engine.fresh(plan))
            .atPriority(what.ask().priority());
    try {
      String given = RunParams.given(run, triggerParams(plan, what));
      JsonNode asked = JSON.readTree(what.ask().params());
      String merged = EditedRedrive.merged(JSON.readTree(given), (ObjectNode) asked).toString();
      return switch (ParamValues.check(plan.definition().params(), merged)) {
        case ParamValues.Result.Ok ok ->
            new Births.Fresh(RunParams.completed(run.withParams(ok.json())), null);
        case ParamValues.Result.Bad bad -> new Births.Fresh(run, bad.text());
      };
    } catch (ExpressionException wrong) {
      return new Births.Fresh(run, wrong.getMessage());
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the params of backfill " + what.id() + " are JSON", e);
    }
  }

  /** As the version in force has them; a trigger that it does not have gives nothing. */
  private static String triggerParams(Plan plan, What what) {
    return PlannedTriggers.of(plan.definition()).stream()
        .filter(each -> each.kind().equals(what.kind()) && each.spec().equals(what.spec()))
        .map(PlannedTriggers.Planned::params)
        .findFirst()
        .orElse("{}");
  }
}
