package dev.millrace.scheduler.leader;

import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.model.Window;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunParams;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.Ticks;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Optional;
import java.util.Set;
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
  private final Limits limits;
  private final Births births;
  private final Desk desk;
  private final VersionDesk versionDesk;
  private final SetDesk setDesk;
  private final Checks checks = new Checks();

  /** Commands whose definitions are being judged; they stay in the inbox. */
  private final Set<Long> later = new HashSet<>();

  private final JobMoves jobMoves;
  private final RunDesk runDesk;
  private final WideDesk wideDesk;
  private final Gates gates;
  private final PlanRuns planRuns;

  Arrivals(Turn.Parts parts, Catalog catalog, Ticker ticker, Limits limits) {
    this.parts = parts;
    this.catalog = catalog;
    this.ticker = ticker;
    this.limits = limits;
    this.births = limits.births();
    this.gates = limits.gates();
    this.planRuns = new PlanRuns(catalog, limits.drafts(), births);
    Arming arming = new Arming(ticker, limits.following());
    this.jobMoves = new JobMoves(catalog, arming, limits.following(), births.ids());
    JobWrites writes = new JobWrites(catalog, arming, limits.following(), births.ids());
    FileRules files = new FileRules(parts.fileRoots());
    this.desk = new Desk(catalog, writes, limits.following().graph(), files);
    this.versionDesk = new VersionDesk(catalog, writes, limits.following().graph(), files);
    this.setDesk = new SetDesk(writes, jobMoves, checks, limits.following().graph(), files);
    this.runDesk = new RunDesk(catalog, limits.drafts(), gates);
    this.wideDesk = new WideDesk(limits.drafts(), gates, limits.seats(), limits.dispatching());
  }

  /** What a term's arrivals work with beside its parts. */
  record Limits(
      Drafts drafts,
      Births births,
      Following following,
      Gates gates,
      Seats seats,
      Dispatching dispatching,
      DeadDesk dead) {}

  void ticks(Handle tx, Pass pass) {
    if (ticker.nextDue() > pass.now) {
      return;
    }
    Ticker.Due due =
        ticker.takeDue(pass.now, parts.batchMax(), job -> stateOf(catalog.find(tx, job)));
    List<Ticks.Entry> entries = new ArrayList<>(due.unfired());
    for (Ticker.Fire fire : due.fires()) {
      Jobs.Row job = catalog.find(tx, fire.job());
      Plan plan = catalog.plan(tx, job.id(), job.version());
      pass.tickLateness.add(pass.now - fire.dueAt());
      Ticks.Entry entry = entry(fire, birth(tx, pass, plan, fire));
      entries.add(entry);
      Optional<Jobs.Advance> delay =
          entry.run() == 0
              ? ticker.ended(fire.trigger(), 0, pass.now)
              : ticker.made(fire.trigger(), entry.run());
      delay.ifPresent(due.advances()::add);
    }
    Ticks.insert(tx, entries, parts.term().epoch(), pass.now);
    Jobs.advance(tx, due.advances());
    planRuns.passed(tx, pass, due.unfired());
    entries.forEach(entry -> parts.meters().ticks(entry.disposition(), entry.ticks()));
    pass.more |= ticker.nextDue() <= pass.now;
  }

  /**
   * Arms a trigger as its row says. One that cannot be understood any more (an upgrade may take a
   * holiday calendar away) must not stop all others: what it plans waits in its row.
   */
  void arm(Jobs.TriggerRow row, JobDefinition definition) {
    try {
      ticker.arm(row, PlannedTriggers.of(definition).get(row.position()));
    } catch (IllegalArgumentException e) {
      log.error(
          "trigger cannot be armed trigger={} job={}/{} cause=\"{}\"; it plans nothing until its"
              + " job is changed, or understood again",
          row.id(),
          definition.namespace(),
          definition.id(),
          e.getMessage());
    }
  }

  /** A fixed delay begins when the run before has ended. */
  void startDelays(Handle tx, Pass pass) {
    if (!ticker.hasResting()) {
      return;
    }
    List<Jobs.Advance> advances = new ArrayList<>();
    for (Draft draft : pass.drafts.values()) {
      Run run = draft.run();
      if (run.trigger() != 0 && run.state().isFinal()) {
        ticker.ended(run.trigger(), run.id(), pass.now).ifPresent(advances::add);
      }
    }
    Jobs.advance(tx, advances);
  }

  /** The same for runs whose end another term has seen, but not what it means. */
  void restartDelays(Handle tx, long now) {
    if (!ticker.hasResting()) {
      return;
    }
    List<Jobs.Advance> advances = new ArrayList<>();
    Jobs.restingOnEnded(tx)
        .forEach((trigger, run) -> ticker.ended(trigger, run, now).ifPresent(advances::add));
    Jobs.advance(tx, advances);
  }

  /** In a pause of everything or of its namespace a job's ticks fire no more than in its own. */
  private JobState stateOf(Jobs.Row job) {
    boolean paused = job.state() == JobState.SCHEDULED && gates.pausesOf(job) != 0;
    return paused ? JobState.PAUSED : job.state();
  }

  private Births.Birth birth(Handle tx, Pass pass, Plan plan, Ticker.Fire fire) {
    return fire.kind().equals(PlannedTriggers.PLAN)
        ? planRuns.fire(tx, pass, plan, fire)
        : births.make(tx, pass, births.ticked(plan, fire, fire.plannedAt(), pass.now));
  }

  private Ticks.Entry entry(Ticker.Fire fire, Births.Birth birth) {
    return switch (birth) {
      case Births.Birth.Made made -> {
        parts.meters().runCreated(fire.kind());
        yield new Ticks.Entry(
            fire.trigger(),
            fire.plannedAt(),
            fire.plannedAt(),
            1,
            "FIRED",
            made.draft().run().id());
      }
      case Births.Birth.Skipped skipped ->
          new Ticks.Entry(
              fire.trigger(), fire.plannedAt(), fire.plannedAt(), 1, skipped.disposition(), 0);
    };
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
    int fits = Math.clamp(room, Math.min(COMMANDS_MIN, parts.batchMax()), parts.batchMax());
    int limit = Math.min(fits, pass.commandsMax);
    if (checks.idle()) {
      later.clear();
    }
    List<Inbox.Row> rows = Inbox.take(tx, limit, later);
    rows.forEach(row -> pass.commandIds.add(row.id()));
    int weight = rows.stream().mapToInt(Inbox.Row::weight).sum();
    for (Inbox.Row row : rows) {
      boolean aside = pass.guiltyCommand != null && pass.guiltyCommand.input().equals(row.id());
      Outcome outcome =
          aside ? setAside(row, pass.guiltyCommand.cause()) : execute(tx, pass, row.command());
      if (outcome == null) {
        Inbox.putBack(tx, row);
        later.add(row.id());
      } else if (row.answer() || aside) {
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

  /** True while commands wait until their definitions are judged. */
  boolean judging() {
    return !later.isEmpty();
  }

  /** True when commands waited for that and need not wait any more. */
  boolean judged() {
    return !later.isEmpty() && checks.idle();
  }

  /** It alone made every pass fail: it is answered, and the commands behind it are executed. */
  private static Outcome setAside(Inbox.Row row, Throwable cause) {
    log.error(
        "set a command aside id={} kind={} job={} actor={}; every pass with it failed, nothing of"
            + " it took effect",
        row.id(),
        row.command().kind(),
        row.command().job(),
        row.command().actor(),
        cause);
    return Desk.refused(
        500,
        "command " + row.id() + " cannot be executed: " + Isolation.message(cause),
        "nothing of it took effect, and it is not tried again; the leader's log has the whole cause"
            + " with this id");
  }

  /** Null when it is to be executed later; then nothing was done. */
  private Outcome execute(Handle tx, Pass pass, Command command) {
    return switch (command.kind()) {
      case Command.Kind.RUN_START -> startRun(tx, pass, command);
      case Command.Kind.RUNS_START -> startRuns(tx, pass, command);
      case Command.Kind.RUN_STOP -> runDesk.stop(tx, pass, command);
      case Command.Kind.RUN_KILL -> runDesk.kill(tx, pass, command);
      case Command.Kind.RUN_PAUSE -> runDesk.pause(tx, pass, command);
      case Command.Kind.RUN_RESUME -> runDesk.resume(tx, pass, command);
      case Command.Kind.RUN_RETRY -> runDesk.retry(tx, pass, command);
      case Command.Kind.RUN_RERUN -> runDesk.rerun(tx, pass, command);
      case Command.Kind.RUN_EXTEND -> runDesk.extend(tx, pass, command);
      case Command.Kind.STAGE_ACT -> runDesk.actOnStage(tx, pass, command);
      case Command.Kind.DEAD_REDRIVE -> limits.dead().redrive(tx, pass, command);
      case Command.Kind.DEAD_DISCARD -> limits.dead().discard(tx, pass, command);
      case Command.Kind.PAUSE -> wideDesk.pause(tx, pass, command);
      case Command.Kind.RESUME -> wideDesk.resume(tx, pass, command);
      case Command.Kind.EVENT_SEND -> wideDesk.event(tx, pass, command);
      case Command.Kind.LOCK_PUT -> wideDesk.lock(tx, command);
      case Command.Kind.SHARE_PUT -> wideDesk.share(tx, command);
      case Command.Kind.RATE_PUT -> wideDesk.rate(tx, pass, command);
      case Command.Kind.JOB_APPLY ->
          applied(tx, pass, desk.applyJob(tx, command, parts.term().epoch(), pass.now));
      case Command.Kind.JOB_ROLLBACK ->
          applied(tx, pass, versionDesk.rollback(tx, command, parts.term().epoch(), pass.now));
      case Command.Kind.SET_APPLY -> applySet(tx, pass, command);
      case Command.Kind.PATTERN_PUT -> PatternDesk.put(tx, command, pass.now);
      case Command.Kind.PATTERN_DELETE -> PatternDesk.delete(tx, command, pass.now);
      case Command.Kind.JOB_DELETE -> moveJob(tx, pass, command, jobMoves::archive);
      case Command.Kind.JOB_STOP -> moveJob(tx, pass, command, jobMoves::stop);
      case Command.Kind.JOB_PAUSE -> moveJob(tx, pass, command, jobMoves::pause);
      case Command.Kind.JOB_RESUME -> moveJob(tx, pass, command, jobMoves::resume);
      default -> Desk.unknownKind(command);
    };
  }

  private Outcome applied(Handle tx, Pass pass, Desk.Applied applied) {
    if (applied.job() != null) {
      planRuns.applied(tx, pass, applied.job(), applied.definition().rules().window());
    }
    return applied.outcome();
  }

  /** A move of a job. */
  @FunctionalInterface
  private interface JobMove {
    Outcome apply(Handle tx, Command command, long epoch, long now);
  }

  /** Its open runs follow: paused with it, and let go where the pause ends in whatever way. */
  private Outcome moveJob(Handle tx, Pass pass, Command command, JobMove move) {
    Jobs.Row job = catalog.find(tx, command.namespace(), command.job());
    Outcome outcome = move.apply(tx, command, parts.term().epoch(), pass.now);
    if (outcome.status() == 200 && job != null) {
      gates.look();
      JobState state = catalog.find(tx, job.id()).state();
      if (state == JobState.STOPPED || state == JobState.ARCHIVED) {
        planRuns.dropPrepared(tx, pass, job.id(), command.actor());
      }
    }
    return outcome;
  }

  private Outcome applySet(Handle tx, Pass pass, Command command) {
    SetDesk.Done done = setDesk.apply(tx, command, parts.term().epoch(), pass.now);
    List<Long> changed = done.changed().stream().map(one -> one.job().id()).toList();
    Set<Long> ahead = Set.copyOf(OpenRuns.withPrepared(tx, changed));
    for (SetDesk.Changed one : done.changed()) {
      Window window = one.definition().rules().window();
      if (window != null || ahead.contains(one.job().id())) {
        planRuns.applied(tx, pass, one.job(), window);
      }
    }
    if (!done.archived().isEmpty()) {
      gates.look();
      List<Long> jobs = done.archived().stream().map(Jobs.Row::id).toList();
      OpenRuns.withPrepared(tx, jobs)
          .forEach(job -> planRuns.dropPrepared(tx, pass, job, command.actor()));
    }
    return done.outcome();
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
      return Desk.noSuchJob(tx, command, "starts no runs");
    }
    if (job.state() != JobState.SCHEDULED) {
      return Desk.refused(
          409,
          "job '" + job.name() + "' is " + job.state() + "; it starts no runs",
          "resume it first");
    }
    Plan plan = catalog.plan(tx, job.id(), job.version());
    List<Run> runs = new ArrayList<>(bodies.size());
    for (String body : bodies) {
      if (!Command.isOrchestration(Desk.orchestration(body))) {
        return Desk.refused(
            422,
            "'" + Desk.orchestration(body) + "' is not possible as the id of an orchestration",
            "use letters, digits, '_', '.', ':' and '-', at most 128");
      }
      switch (Desk.params(plan.definition(), body)) {
        case Desk.Params.Refused refused -> {
          return refused.outcome();
        }
        case Desk.Params.Good good -> {
          try {
            runs.add(
                RunParams.completed(
                    asked(plan, command, good.json(), pass)
                        .inOrchestration(Desk.orchestration(body))));
          } catch (ExpressionException wrong) {
            return Desk.refused(422, wrong.getMessage(), "give it a value");
          }
        }
      }
    }
    String first = null;
    int made = 0;
    String why = null;
    for (Run run : runs) {
      switch (births.make(tx, pass, run, "command")) {
        case Births.Birth.Made birth -> {
          made++;
          parts.meters().runCreated("manual");
          first = first == null ? new RunId(birth.draft().run().id()).toString() : first;
        }
        case Births.Birth.Skipped skipped -> why = skipped.why();
      }
    }
    if (first == null) {
      return Desk.refused(409, "no run was made: " + why, "wait for the other run, or stop it");
    }
    return new Outcome(201, "{\"run\":\"" + first + "\",\"runs\":" + made + "}");
  }

  private Run asked(Plan plan, Command command, String params, Pass pass) {
    return births.asked(plan, "manual", params, command.actor(), command.reason(), pass.now);
  }
}
