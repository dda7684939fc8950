package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Ticks;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What makes new runs or asks something of old ones: ticks that are due, and commands from the
 * inbox. Writes the ledger of ticks in the pass's transaction. The leader's thread.
 */
final class Arrivals {
  private static final Logger log = LoggerFactory.getLogger(Arrivals.class);
  private static final int COMMANDS_MIN = 50;

  private final Turn.Parts parts;
  private final Catalog catalog;
  private final Ticker ticker;
  private final Drafts drafts;
  private final Ids ids = new Ids();
  private final Desk desk;

  Arrivals(Turn.Parts parts, Catalog catalog, Ticker ticker, Drafts drafts) {
    this.parts = parts;
    this.catalog = catalog;
    this.ticker = ticker;
    this.drafts = drafts;
    this.desk = new Desk(catalog, ticker, ids);
  }

  void ticks(Handle tx, Pass pass) {
    if (ticker.nextDue() > pass.now) {
      return;
    }
    Ticker.Due due =
        ticker.takeDue(pass.now, parts.batchMax(), job -> catalog.find(tx, job).state());
    List<Ticks.Entry> entries = new ArrayList<>(due.unfired());
    for (Ticker.Fire fire : due.fires()) {
      Jobs.Row job = catalog.find(tx, fire.job());
      Plan plan = catalog.plan(tx, job.id(), job.version());
      // A required param without a default cannot be given by a tick: the run says so, instead of
      // the tick vanishing.
      String params =
          switch (Desk.params(plan.definition(), "{}")) {
            case Desk.Params.Good good -> good.json();
            case Desk.Params.Refused refused -> "{}";
          };
      Run run =
          newRun(
              plan,
              fire.kind(),
              fire.trigger(),
              fire.plannedAt(),
              params,
              "trigger:" + fire.kind(),
              null,
              pass.now);
      pass.drafts.put(run.id(), Engine.create(run, "tick", pass.now));
      parts.meters().runCreated(fire.kind());
      pass.tickLateness.add(pass.now - fire.plannedAt());
      entries.add(
          new Ticks.Entry(
              fire.trigger(), fire.plannedAt(), fire.plannedAt(), 1, "FIRED", run.id()));
    }
    Ticks.insert(tx, entries, parts.term().epoch(), pass.now);
    Jobs.advance(tx, due.advances());
    entries.forEach(entry -> parts.meters().ticks(entry.disposition(), entry.ticks()));
    pass.more |= ticker.nextDue() <= pass.now;
  }

  private Run newRun(
      Plan plan,
      String kind,
      long trigger,
      long scheduledFor,
      String params,
      String actor,
      String reason,
      long now) {
    return new Run(
        ids.next(now),
        plan,
        RunState.PENDING,
        kind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        null,
        now,
        0,
        0,
        Engine.fresh(plan));
  }

  /**
   * Takes commands from the inbox.
   *
   * @return true when there are probably more
   */
  boolean commands(Handle tx, Pass pass) {
    // What finds no room becomes a READY row and is written once more when it is dispatched: take
    // about what fits
    // beside the backlog that is there already.
    int room = 0;
    for (Pools.Pool pool : parts.pools().all()) {
      room += Math.max(0, Dispatching.roomIn(pass, pool) - pool.backlog());
    }
    int limit = Math.clamp(room, Math.min(COMMANDS_MIN, parts.batchMax()), parts.batchMax());
    List<Inbox.Row> rows = Inbox.take(tx, limit);
    int weight = rows.stream().mapToInt(Inbox.Row::weight).sum();
    for (Inbox.Row row : rows) {
      Outcome outcome = execute(tx, pass, row.command());
      if (row.answer()) {
        pass.answerIds.add(row.id());
        pass.answers.add(outcome);
      } else if (outcome.status() >= 400) {
        log.warn(
            "refused a command kind={} job={} cause={}; nobody waits for the answer",
            row.command().kind(),
            row.command().job(),
            outcome.body());
      }
    }
    return weight >= limit;
  }

  private Outcome execute(Handle tx, Pass pass, Command command) {
    return switch (command.kind()) {
      case Command.Kind.RUN_START -> startRun(tx, pass, command);
      case Command.Kind.RUNS_START -> startRuns(tx, pass, command);
      case Command.Kind.RUN_STOP -> stopRun(tx, pass, command);
      case Command.Kind.JOB_APPLY -> desk.applyJob(tx, command, parts.term().epoch(), pass.now);
      case Command.Kind.JOB_DELETE -> desk.deleteJob(tx, command, parts.term().epoch(), pass.now);
      case Command.Kind.JOB_PAUSE ->
          desk.moveJob(tx, command, JobState.PAUSED, parts.term().epoch(), pass.now);
      case Command.Kind.JOB_RESUME ->
          desk.moveJob(tx, command, JobState.SCHEDULED, parts.term().epoch(), pass.now);
      default -> Desk.unknownKind(command);
    };
  }

  private Outcome startRun(Handle tx, Pass pass, Command command) {
    return startRuns(tx, pass, command, List.of(command.body()));
  }

  private Outcome startRuns(Handle tx, Pass pass, Command command) {
    List<String> bodies = Desk.paramsList(command.body());
    if (bodies.isEmpty() || bodies.size() > Command.RUNS_MAX) {
      return Desk.refused(
          422,
          "a bulk start needs a list of 1.." + Command.RUNS_MAX + " params objects",
          "send it in parts");
    }
    return startRuns(tx, pass, command, bodies);
  }

  /** All of them or none: each body is checked before the first run is made. */
  private Outcome startRuns(Handle tx, Pass pass, Command command, List<String> bodies) {
    Jobs.Row job = catalog.find(tx, command.namespace(), command.job());
    if (job == null) {
      return Desk.noSuchJob(command);
    }
    if (job.state() != JobState.SCHEDULED) {
      return Desk.refused(
          409,
          "job '" + job.name() + "' is " + job.state() + "; it starts no runs",
          "resume it first");
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    List<String> params = new ArrayList<>(bodies.size());
    for (String body : bodies) {
      switch (Desk.params(plan.definition(), body)) {
        case Desk.Params.Refused refused -> {
          return refused.outcome();
        }
        case Desk.Params.Good good -> params.add(good.json());
      }
    }
    String first = null;
    for (String json : params) {
      Run run = newRun(plan, "manual", 0, 0, json, command.actor(), command.reason(), pass.now);
      pass.drafts.put(run.id(), Engine.create(run, "command", pass.now));
      parts.meters().runCreated("manual");
      first = first == null ? new RunId(run.id()).toString() : first;
    }
    return new Outcome(201, "{\"run\":\"" + first + "\",\"runs\":" + params.size() + "}");
  }

  private Outcome stopRun(Handle tx, Pass pass, Command command) {
    RunId id;
    try {
      id = RunId.parse(Desk.text(command.body(), "run"));
    } catch (IllegalArgumentException e) {
      return Desk.refused(404, e.getMessage(), "list the runs with GET /api/v1/runs");
    }
    drafts.open(tx, pass, List.of(id.value()));
    Draft draft = pass.drafts.get(id.value());
    if (draft == null) {
      return Desk.refused(404, "there is no run " + id, "list the runs with GET /api/v1/runs");
    }
    RunState before = draft.run().state();
    Verdict verdict =
        Engine.apply(draft, new Fact.Stop(command.actor(), command.reason()), pass.now, 0);
    if (verdict != Verdict.ACCEPTED) {
      return Desk.refused(
          409, "run " + id + " is " + before + " and cannot become STOPPING", "it needs no stop");
    }
    return new Outcome(200, "{\"run\":\"" + id + "\",\"state\":\"" + draft.run().state() + "\"}");
  }
}
