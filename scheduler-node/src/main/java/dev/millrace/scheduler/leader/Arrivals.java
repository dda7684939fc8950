package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Window;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.PlannedStarts;
import dev.millrace.scheduler.store.Ticks;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Objects;
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
  private static final String SQL_ACTOR = "sql:";

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
  private final StartDesk startDesk;
  private final QuotaDesk quotaDesk;
  private final RunDesk runDesk;
  private final BulkDesk bulkDesk;
  private final WideDesk wideDesk;
  private final Gates gates;
  private final PlanRuns planRuns;
  private final Backfilling backfilling;

  Arrivals(Turn.Parts parts, Catalog catalog, Ticker ticker, Limits limits) {
    this.parts = parts;
    this.catalog = catalog;
    this.ticker = ticker;
    this.limits = limits;
    this.births = limits.births();
    this.gates = limits.gates();
    this.planRuns = new PlanRuns(catalog, limits.drafts(), births);
    this.backfilling = new Backfilling(catalog, limits, parts.meters());
    Arming arming = limits.arming();
    this.jobMoves = new JobMoves(catalog, arming, limits.following(), births.ids());
    JobWrites writes = new JobWrites(catalog, arming, limits.following(), births.ids());
    FileRules files = new FileRules(parts.files().roots());
    JobGraph graph = limits.following().graph();
    this.quotaDesk = new QuotaDesk(limits.quotas(), parts.meters());
    this.desk = new Desk(catalog, writes, graph, quotaDesk, files);
    this.versionDesk = new VersionDesk(catalog, writes, graph, quotaDesk, files);
    this.setDesk = new SetDesk(writes, jobMoves, checks, graph, quotaDesk, files);
    this.startDesk = new StartDesk(catalog, births, limits.quotas(), parts.meters());
    this.runDesk = new RunDesk(catalog, limits.drafts(), gates);
    this.bulkDesk = new BulkDesk(catalog, limits.drafts(), this::act);
    this.wideDesk = new WideDesk(limits.drafts(), gates, limits.seats(), limits.dispatching());
  }

  /** What a term's arrivals work with beside its parts. */
  record Limits(
      Drafts drafts,
      Births births,
      Following following,
      Gates gates,
      Seats seats,
      Quotas quotas,
      Dispatching dispatching,
      DeadDesk dead,
      Arming arming) {}

  /** Runs for past ticks. */
  Backfilling backfilling() {
    return backfilling;
  }

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

  /** Takes commands from the inbox, into which starts go whose time has come. */
  void commands(Handle tx, Pass pass, InboxWatch inbox) {
    if (!inbox.any() && !inbox.laterIsDue(pass.now)) {
      return;
    }
    // What finds no room becomes a READY row and is written once more when it is dispatched: take
    // about what fits
    // beside the backlog that is there already.
    int room = 0;
    for (Pools.Pool pool : parts.pools().all()) {
      room += Math.max(0, Dispatching.roomIn(pass, pool) - pool.backlog());
    }
    int fits = Math.clamp(room, Math.min(COMMANDS_MIN, parts.batchMax()), parts.batchMax());
    List<Inbox.Row> rows = taken(tx, pass, inbox, Math.min(fits, pass.commandsMax));
    Object guilty = pass.guiltyCommand == null ? null : pass.guiltyCommand.input();
    startDesk.begin(tx, rows.stream().filter(row -> !Objects.equals(guilty, row.id())).toList());
    for (Inbox.Row row : rows) {
      boolean aside = Objects.equals(guilty, row.id());
      Outcome outcome =
          aside ? setAside(tx, pass, row, pass.guiltyCommand.cause()) : execute(tx, pass, row);
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
    startDesk.end(tx);
    if (pass.asksAgain) {
      inbox.hint();
      pass.more = true;
    }
  }

  private List<Inbox.Row> taken(Handle tx, Pass pass, InboxWatch inbox, int limit) {
    if (checks.idle()) {
      later.clear();
    }
    List<Inbox.Row> rows = List.of();
    if (inbox.any() && limit > 0) {
      rows = Inbox.take(tx, limit, later);
      boolean more = rows.stream().mapToInt(Inbox.Row::weight).sum() >= limit;
      inbox.taken(more);
      pass.more |= more;
    }
    rows.forEach(row -> pass.commandIds.add(row.id()));
    if (inbox.laterIsDue(pass.now)) {
      // They are taken by the next pass: by then their numbers are committed, so that one of them
      // that no pass can take is found by its number.
      int moved = PlannedStarts.moveDue(tx, pass.now, parts.batchMax());
      inbox.laterTaken(moved > 0);
      pass.more |= moved > 0;
    }
    if (rows.stream().anyMatch(row -> row.command().actor().startsWith(SQL_ACTOR))) {
      inbox.foundSql();
    }
    return rows;
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
  private static Outcome setAside(Handle tx, Pass pass, Inbox.Row row, Throwable cause) {
    log.error(
        "set a command aside id={} kind={} job={} actor={}; every pass with it failed, nothing of"
            + " it took effect",
        row.id(),
        row.command().kind(),
        row.command().job(),
        row.command().actor(),
        cause);
    if (row.command().kind().equals(Command.Kind.BULK)) {
      BulkDesk.setAside(tx, pass, row.command(), Isolation.message(cause));
    }
    return Desk.refused(
        500,
        "command " + row.id() + " cannot be executed: " + Isolation.message(cause),
        "nothing of it took effect, and it is not tried again; the leader's log has the whole cause"
            + " with this id");
  }

  /** Null when it is to be executed later; then nothing was done. */
  private Outcome execute(Handle tx, Pass pass, Inbox.Row row) {
    Command command = row.command();
    return switch (command.kind()) {
      case Command.Kind.RUN_START, Command.Kind.RUNS_START, Command.Kind.RUNS_ACCEPTED ->
          startDesk.start(tx, pass, row);
      case Command.Kind.BULK -> bulkDesk.execute(tx, pass, command);
      default -> act(tx, pass, command);
    };
  }

  private Outcome act(Handle tx, Pass pass, Command command) {
    return switch (command.kind()) {
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
      case Command.Kind.BACKFILL_CREATE -> backfilling.create(tx, pass, command);
      case Command.Kind.BACKFILL_MOVE -> backfilling.move(tx, pass, command);
      case Command.Kind.PAUSE -> wideDesk.pause(tx, pass, command);
      case Command.Kind.RESUME -> wideDesk.resume(tx, pass, command);
      case Command.Kind.EVENT_SEND -> wideDesk.event(tx, pass, command);
      case Command.Kind.LOCK_PUT -> wideDesk.lock(tx, command);
      case Command.Kind.SHARE_PUT -> wideDesk.share(tx, command);
      case Command.Kind.RATE_PUT -> wideDesk.rate(tx, pass, command);
      case Command.Kind.QUOTA_PUT -> quotaDesk.put(tx, pass, command);
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
}
