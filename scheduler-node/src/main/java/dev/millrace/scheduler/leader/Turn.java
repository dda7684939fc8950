package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Claim;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.scheduler.ingest.Quarantine;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Leases;
import dev.millrace.scheduler.store.Runs;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.store.Ticks;
import dev.millrace.scheduler.sweep.WorkerTable;
import dev.millrace.scheduler.trigger.Ticker;
import dev.millrace.wire.Control;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Report;
import dev.millrace.wire.Reports;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's turn, the one place where runs change: takes facts from everywhere, lets the engine
 * decide, writes all of it in one transaction that holds the lease, and only then publishes, acks
 * and answers. One bounded pass per {@link #runOnce}; runs on the turn loop only.
 */
final class Turn {
  private static final Logger log = LoggerFactory.getLogger(Turn.class);
  private static final int COMMANDS_MIN = 50;
  private static final int LOST_STAGES_PER_PASS_MAX = 2_000;
  private static final long INBOX_POLL_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long CANCEL_GRACE_MILLIS = 5_000;

  /** What the turn works with; all of it belongs to one term. */
  record Parts(
      Jdbi jdbi,
      DatabaseClock clock,
      Term term,
      Commands commands,
      Outbox outbox,
      Pools pools,
      Dispatcher dispatcher,
      ReportIntake intake,
      WorkerTable workers,
      Meters meters,
      Faults faults,
      int batchMax) {}

  private final Parts parts;
  private final Catalog catalog = new Catalog();
  private final RunCache cache = new RunCache();
  private final Ticker ticker = new Ticker();
  private final Ids ids = new Ids();
  private final Desk desk;
  private final Writer writer;
  private final ConcurrentLinkedQueue<Stages.Key> republish = new ConcurrentLinkedQueue<>();
  private final ConcurrentLinkedQueue<Claim> notHeld = new ConcurrentLinkedQueue<>();
  private boolean loaded;
  private long lastDispatch;
  private long nextDueAt = Long.MAX_VALUE;
  private boolean dueKnown;
  private volatile boolean inboxHint = true;
  private long inboxLookedNanos;

  Turn(Parts parts) {
    this.parts = parts;
    this.writer = new Writer(parts.jdbi, parts.term.epoch());
    this.desk = new Desk(catalog, ticker, ids);
    // Numbers of a later term are above those of every earlier one: an epoch is at least the
    // clock's milliseconds.
    this.lastDispatch = parts.term.epoch() << 20;
  }

  /** The inbox probably has something. Any thread. */
  void inboxHint() {
    inboxHint = true;
  }

  /** The broker probably lost these starts: they are published again. Any thread. */
  void republish(Collection<Stages.Key> keys) {
    republish.addAll(keys);
  }

  /** The worker that holds these claims says that it does not. Any thread. */
  void notHeld(Collection<Claim> claims) {
    notHeld.addAll(claims);
  }

  /** How long the loop may wait after a pass that found nothing more. */
  long waitNanos() {
    long nextAt = Math.min(ticker.nextDue(), nextDueAt);
    long untilDue =
        nextAt == Long.MAX_VALUE ? INBOX_POLL_NANOS : (nextAt - parts.clock.micros()) * 1_000;
    return Math.clamp(untilDue, 0, INBOX_POLL_NANOS);
  }

  /**
   * One pass.
   *
   * @return true when there is probably more to do at once
   */
  boolean runOnce() throws InterruptedException {
    if (!parts.term.trusted()) {
      throw new QuietFailure("the term is not trusted any more; waiting for the elector");
    }
    if (loaded) {
      readNextDue();
    }
    boolean inbox = lookIntoInbox(); // before anything is taken: it may fail
    Pass pass = new Pass(parts.intake.take(parts.batchMax));
    quarantineBad(pass.messages);
    if (!hasWork(pass, inbox)) {
      return false;
    }
    long startedNanos = System.nanoTime();
    pass.lost = parts.workers.takeLost();
    try {
      parts.jdbi.useTransaction(tx -> inTransaction(tx, pass, inbox));
    } catch (RuntimeException | Error e) {
      // Nothing was written, or nobody knows whether it was: forget what we thought we knew and
      // read it again.
      forget();
      parts.workers.putBack(pass.lost);
      parts.dispatcher.putBackUnroutable(pass.unroutable);
      notHeld.addAll(pass.notHeld);
      republish.addAll(pass.republish);
      // One half may be committed all the same: what is QUEUED then is published when it is read.
      pass.items.forEach(item -> republish.add(item.key()));
      parts.intake.giveBack(pass.messages);
      inboxHint = true;
      throw e;
    }
    afterCommit(pass);
    parts.meters.turn(System.nanoTime() - startedNanos, pass.drafts.size());
    return pass.more;
  }

  private void quarantineBad(List<ReportIntake.Message> messages) throws InterruptedException {
    for (int i = 0; i < messages.size(); i++) {
      ReportIntake.Message message = messages.get(i);
      if (message.decoded() instanceof Decoded.Bad<Reports> bad) {
        try {
          Quarantine.put(parts.outbox, Entities.REPORTS, bad.cause(), message.delivery().body());
          parts.meters.quarantined();
          messages.set(i, message.dealtWith());
        } catch (QuietFailure e) {
          parts.intake.giveBack(messages);
          throw e;
        }
      }
    }
  }

  /** A hint may be lost: once a second the table itself is asked, with one cheap statement. */
  private boolean lookIntoInbox() {
    long now = System.nanoTime();
    if (inboxHint) {
      inboxHint = false;
      inboxLookedNanos = now;
      return true;
    }
    if (now - inboxLookedNanos < INBOX_POLL_NANOS) {
      return false;
    }
    inboxLookedNanos = now;
    return parts.jdbi.withHandle(Inbox::hasAny);
  }

  private boolean hasWork(Pass pass, boolean inbox) {
    long now = parts.clock.micros();
    return !loaded
        || inbox
        || !pass.messages.isEmpty()
        || ticker.nextDue() <= now
        || nextDueAt <= now
        || parts.workers.hasLost()
        || parts.dispatcher.hasNews()
        || !republish.isEmpty()
        || !notHeld.isEmpty()
        || backlogHasRoom();
  }

  private boolean backlogHasRoom() {
    for (Pools.Pool pool : parts.pools.all()) {
      if (pool.backlog() > 0 && pool.free() > 0) {
        return true;
      }
    }
    return false;
  }

  private void inTransaction(Handle tx, Pass pass, boolean inbox) {
    if (!Leases.fence(tx, parts.term.epoch())) {
      throw new QuietFailure("epoch " + parts.term.epoch() + " is over; nothing was written");
    }
    if (!loaded) {
      load(tx);
    }
    pass.now = parts.clock.micros();
    reports(tx, pass);
    unroutable(tx, pass);
    lostWorkers(tx, pass);
    dueStages(tx, pass);
    ticks(tx, pass);
    countFreed(pass);
    if (inbox) {
      commands(tx, pass);
    }
    pass.drafts.values().forEach(draft -> Engine.settle(draft, pass.now));
    dispatchBacklog(tx, pass);
    dispatchFresh(pass);
    republishLost(tx, pass);
    pass.drafts.values().removeIf(draft -> !draft.changed());
    writer.write(tx, pass.drafts.values(), pass.now);
    Inbox.answer(tx, pass.answerIds, pass.answers);
  }

  /** At the start of a term, and again after a failed transaction: what the tables say. */
  private void load(Handle tx) {
    catalog.clear();
    cache.clear();
    ticker.clear();
    Map<Long, JobDefinition> definitions = new HashMap<>();
    for (Jobs.TriggerRow row : Jobs.allTriggers(tx)) {
      Jobs.Row job = catalog.find(tx, row.job());
      JobDefinition definition =
          definitions.computeIfAbsent(
              job.id(), id -> catalog.plan(tx, id, job.version()).definition());
      ticker.arm(
          row.id(), row.job(), row.kind(), definition.triggers().get(row.position()), row.nextAt());
    }
    parts.pools.load(Stages.countReady(tx), Stages.countQueued(tx), Stages.countRunning(tx));
    dueKnown = false;
    nextDueAt = 0; // looked at in this pass, and read after it
    loaded = true;
  }

  private void forget() {
    loaded = false;
    cache.clear();
    catalog.clear();
    ticker.clear();
  }

  private void reports(Handle tx, Pass pass) {
    Set<Long> runs = new HashSet<>();
    for (ReportIntake.Message message : pass.messages) {
      if (message.decoded() instanceof Decoded.Ok<Reports> ok) {
        ok.value().reports().forEach(report -> runs.add(report.claim().run().value()));
      }
    }
    open(tx, pass, runs);
    for (ReportIntake.Message message : pass.messages) {
      if (message.decoded() instanceof Decoded.Ok<Reports> ok) {
        for (Report report : ok.value().reports()) {
          report(pass, ok.value().worker(), report);
        }
      }
    }
  }

  private void report(Pass pass, String worker, Report report) {
    Claim claim = report.claim();
    Draft draft = pass.drafts.get(claim.run().value());
    int index = draft == null ? -1 : draft.run().plan().indexOf(claim.stage());
    if (index < 0) {
      parts.meters.report("UNKNOWN");
      return;
    }
    Fact fact =
        switch (report) {
          case Report.Started r -> new Fact.Started(index, claim.attempt(), worker);
          case Report.Checkpoint r ->
              new Fact.Checkpointed(index, claim.attempt(), worker, r.checkpoint());
          case Report.Finished r ->
              new Fact.Finished(
                  index,
                  claim.attempt(),
                  worker,
                  r.outcome(),
                  r.ranMillis() * 1_000,
                  r.exitCode(),
                  r.errorClass(),
                  r.error(),
                  r.output());
        };
    Verdict verdict = Engine.apply(draft, fact, pass.now, ThreadLocalRandom.current().nextDouble());
    parts.meters.report(verdict.name());
    if (verdict == Verdict.NOT_YOURS && report instanceof Report.Started) {
      pass.controls.add(new Control.Drop(claim, worker));
    }
  }

  private void unroutable(Handle tx, Pass pass) {
    List<Claim> claims = parts.dispatcher.takeUnroutable();
    pass.unroutable = claims;
    if (claims.isEmpty()) {
      return;
    }
    open(tx, pass, claims.stream().map(claim -> claim.run().value()).toList());
    for (Claim claim : claims) {
      Draft draft = pass.drafts.get(claim.run().value());
      if (draft != null) {
        int index = draft.run().plan().indexOf(claim.stage());
        Engine.apply(draft, new Fact.Unroutable(index, claim.attempt()), pass.now, 0);
      }
    }
  }

  private void lostWorkers(Handle tx, Pass pass) {
    for (WorkerTable.LostWorker lost : pass.lost) {
      List<Stages.Key> keys = Stages.runningOn(tx, lost.worker(), LOST_STAGES_PER_PASS_MAX);
      open(tx, pass, keys.stream().map(Stages.Key::run).toList());
      for (Stages.Key key : keys) {
        Draft draft = pass.drafts.get(key.run());
        int attempt = draft.stage(key.index()).attempt();
        Engine.apply(
            draft,
            new Fact.WorkerLost(key.index(), attempt, lost.worker(), lost.why()),
            pass.now,
            ThreadLocalRandom.current().nextDouble());
      }
      if (keys.size() == LOST_STAGES_PER_PASS_MAX) {
        parts.workers.putBack(List.of(lost));
        pass.more = true;
      }
    }
    List<Claim> claims = pass.notHeld;
    while (claims.size() < parts.batchMax && !notHeld.isEmpty()) {
      claims.add(notHeld.poll());
    }
    open(tx, pass, claims.stream().map(claim -> claim.run().value()).toList());
    for (Claim claim : claims) {
      Draft draft = pass.drafts.get(claim.run().value());
      int index = draft == null ? -1 : draft.run().plan().indexOf(claim.stage());
      if (index >= 0 && draft.stage(index).worker() != null) {
        Engine.apply(
            draft,
            new Fact.WorkerLost(
                index,
                claim.attempt(),
                draft.stage(index).worker(),
                "its worker does not hold it any more; the report was lost with the broker"),
            pass.now,
            ThreadLocalRandom.current().nextDouble());
      }
    }
  }

  private void dueStages(Handle tx, Pass pass) {
    if (nextDueAt > pass.now) {
      return;
    }
    List<Stages.Key> keys = Stages.due(tx, pass.now, parts.batchMax);
    open(tx, pass, keys.stream().map(Stages.Key::run).toList());
    for (Stages.Key key : keys) {
      Engine.apply(
          pass.drafts.get(key.run()),
          new Fact.Due(key.index()),
          pass.now,
          ThreadLocalRandom.current().nextDouble());
    }
    dueKnown = false; // more may be due than one batch takes: the table tells after the commit
    pass.more |= keys.size() == parts.batchMax;
  }

  private void ticks(Handle tx, Pass pass) {
    if (ticker.nextDue() > pass.now) {
      return;
    }
    Ticker.Due due = ticker.takeDue(pass.now, parts.batchMax, job -> catalog.find(tx, job).state());
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
      parts.meters.runCreated(fire.kind());
      pass.tickLateness.add(pass.now - fire.plannedAt());
      entries.add(
          new Ticks.Entry(
              fire.trigger(), fire.plannedAt(), fire.plannedAt(), 1, "FIRED", run.id()));
    }
    Ticks.insert(tx, entries, parts.term.epoch(), pass.now);
    Jobs.advance(tx, due.advances());
    entries.forEach(entry -> parts.meters.ticks(entry.disposition(), entry.ticks()));
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

  private void commands(Handle tx, Pass pass) {
    // What finds no room becomes a READY row and is written once more when it is dispatched: take
    // about what fits
    // beside the backlog that is there already.
    int room = 0;
    for (Pools.Pool pool : parts.pools.all()) {
      room += Math.max(0, roomIn(pass, pool) - pool.backlog());
    }
    int limit = Math.clamp(room, Math.min(COMMANDS_MIN, parts.batchMax), parts.batchMax);
    List<Inbox.Row> rows = Inbox.take(tx, limit);
    int weight = rows.stream().mapToInt(Inbox.Row::weight).sum();
    if (weight >= limit) {
      pass.more = true;
      inboxHint = true;
    }
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
  }

  private Outcome execute(Handle tx, Pass pass, Command command) {
    return switch (command.kind()) {
      case Command.Kind.RUN_START -> startRun(tx, pass, command);
      case Command.Kind.RUNS_START -> startRuns(tx, pass, command);
      case Command.Kind.RUN_STOP -> stopRun(tx, pass, command);
      case Command.Kind.JOB_APPLY -> desk.applyJob(tx, command, parts.term.epoch(), pass.now);
      case Command.Kind.JOB_DELETE -> desk.deleteJob(tx, command, parts.term.epoch(), pass.now);
      case Command.Kind.JOB_PAUSE ->
          desk.moveJob(tx, command, JobState.PAUSED, parts.term.epoch(), pass.now);
      case Command.Kind.JOB_RESUME ->
          desk.moveJob(tx, command, JobState.SCHEDULED, parts.term.epoch(), pass.now);
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
      parts.meters.runCreated("manual");
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
    open(tx, pass, List.of(id.value()));
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

  /** Makes sure that these runs have a draft in this pass; ids that do not exist stay without. */
  private void open(Handle tx, Pass pass, Collection<Long> runs) {
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
      Runs.load(tx, missing, (job, version) -> catalog.plan(tx, job, version))
          .forEach((id, run) -> pass.drafts.putIfAbsent(id, Draft.of(run)));
    }
  }

  /** What this pass took out of the windows so far. */
  private void countFreed(Pass pass) {
    for (Draft draft : pass.drafts.values()) {
      var changed = draft.changedStages();
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        Stage before = draft.stageBefore(i);
        if (before != null
            && before.state() == StageState.QUEUED
            && draft.stage(i).state() != StageState.QUEUED) {
          pass.used.merge(parts.pools.of(draft.run().plan().stage(i).pool()), -1, Integer::sum);
        }
      }
    }
  }

  private static int roomIn(Pass pass, Pools.Pool pool) {
    return pool.free(pass.used.getOrDefault(pool, 0));
  }

  /** Fills free windows from the READY rows, by priority and age, before anything new gets in. */
  private void dispatchBacklog(Handle tx, Pass pass) {
    for (Pools.Pool pool : parts.pools.all()) {
      int limit = Math.min(roomIn(pass, pool), parts.batchMax);
      if (pool.backlog() == 0 || limit == 0) {
        if (pool.backlog() > 0) {
          pass.backlogged.add(pool);
        }
        continue;
      }
      List<Stages.Key> keys = Stages.readyOf(tx, pool.name(), pool.capacity().handlers(), limit);
      if (keys.size() == limit) {
        pass.more = true;
        pass.backlogged.add(pool);
      } else {
        pool.unserved(pool.ready() - keys.size()); // these need a handler that nobody has
      }
      open(tx, pass, keys.stream().map(Stages.Key::run).toList());
      for (Stages.Key key : keys) {
        Draft draft = pass.drafts.get(key.run());
        if (draft.stage(key.index()).state() == StageState.READY) {
          dispatch(pass, draft, key.index());
          Engine.settle(draft, pass.now);
        }
      }
    }
  }

  /**
   * Dispatches what became READY in this pass, where the pool has room and no older backlog waits.
   */
  private void dispatchFresh(Pass pass) {
    for (Draft draft : pass.drafts.values()) {
      var changed = draft.changedStages();
      boolean any = false;
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        if (draft.stage(i).state() != StageState.READY) {
          continue;
        }
        StageDefinition stage = draft.run().plan().stage(i);
        Pools.Pool pool = parts.pools.of(stage.pool());
        if (!pass.backlogged.contains(pool)
            && roomIn(pass, pool) > 0
            && pool.capacity().handlers().contains(stage.handler())) {
          dispatch(pass, draft, i);
          any = true;
        }
      }
      if (any) {
        Engine.settle(draft, pass.now);
      }
    }
  }

  private void dispatch(Pass pass, Draft draft, int index) {
    Start start = Starts.of(draft, index);
    if (start.chars() > Start.CHARS_MAX) {
      String why =
          "what it is started with (with, params, inputs, checkpoint) has "
              + start.chars()
              + " characters; at most "
              + Start.CHARS_MAX
              + " fit: pass large values by reference";
      Engine.apply(draft, new Fact.TooLarge(index, why), pass.now, 0);
      return;
    }
    long number = ++lastDispatch;
    Pools.Pool pool = parts.pools.of(draft.run().plan().stage(index).pool());
    pass.used.merge(pool, 1, Integer::sum);
    Engine.apply(draft, new Fact.Dispatched(index, number), pass.now, 0);
    Stages.Key key = new Stages.Key(draft.run().id(), index);
    pass.items.add(new Dispatcher.Item(key, Starts.of(draft, index), pool.name(), number));
  }

  /**
   * Stages that are QUEUED and that the broker does not have: published again, same attempt, same
   * number.
   */
  private void republishLost(Handle tx, Pass pass) {
    if (republish.isEmpty()) {
      return;
    }
    List<Stages.Key> keys = pass.republish;
    for (Stages.Key key = republish.poll(); key != null; key = republish.poll()) {
      keys.add(key);
      if (keys.size() >= parts.batchMax) {
        pass.more = true;
        break;
      }
    }
    open(tx, pass, keys.stream().map(Stages.Key::run).toList());
    for (Stages.Key key : keys) {
      Draft draft = pass.drafts.get(key.run());
      Stage stage = draft == null ? null : draft.stage(key.index());
      if (stage != null && stage.state() == StageState.QUEUED) {
        pass.items.add(
            new Dispatcher.Item(
                key,
                Starts.of(draft, key.index()),
                draft.run().plan().stage(key.index()).pool(),
                stage.dispatch()));
        parts.meters.republished();
      }
    }
  }

  private void afterCommit(Pass pass) {
    Books books = new Books(parts.pools, parts.meters);
    for (Draft draft : pass.drafts.values()) {
      nextDueAt = Math.min(nextDueAt, books.book(draft, pass.now));
      Run run = draft.run();
      if (run.state().isFinal()) {
        cache.remove(run.id());
        parts.meters.runFinished(run.state().name());
      } else {
        cache.put(run);
      }
      for (Wish wish : draft.wishes()) {
        switch (wish) {
          case Wish.Cancel cancel ->
              pass.controls.add(
                  cancel(new Claim(new RunId(run.id()), cancel.stage(), cancel.attempt())));
        }
      }
    }
    books.commit();
    parts.faults.at(Faults.Point.COMMITTED_NOT_PUBLISHED);
    if (!parts.term.trusted()) {
      // Trust may come back: a slow renewal can still succeed. Then this leader goes on with it.
      pass.items.forEach(item -> republish.add(item.key()));
      parts.intake.giveBack(pass.messages);
      throw new QuietFailure(
          "the term ended during a commit; whoever leads next publishes what was written");
    }
    // While starts of an earlier term still wait to be published again, the watermark stays.
    parts.dispatcher.dispatch(pass.items, republish.isEmpty());
    parts.faults.at(Faults.Point.PUBLISHED_NOT_ACKED);
    parts.intake.ack(pass.messages);
    for (int i = 0; i < pass.answerIds.size(); i++) {
      parts.commands.answered(pass.answerIds.get(i), pass.answers.get(i));
    }
    pass.controls.forEach(parts.outbox::control);
    pass.tickLateness.forEach(parts.meters::tickLateness);
    readNextDue();
  }

  static Control cancel(Claim claim) {
    return new Control.Cancel(claim, CANCEL_GRACE_MILLIS);
  }

  private void readNextDue() {
    if (!dueKnown) {
      long next = parts.jdbi.withHandle(Stages::nextDue);
      nextDueAt = next == 0 ? Long.MAX_VALUE : next;
      dueKnown = true;
    }
  }
}
