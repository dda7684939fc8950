package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.wire.Outcome;
import java.util.ArrayList;
import java.util.Collection;
import java.util.List;
import java.util.Map;

/**
 * One turn of a leader: facts into the engine, and what is to be written, published and said. The
 * order is the one of the leader's Turn. One thread, used once.
 */
final class Turn {
  private static final int WINDOW = 8;
  private static final int COMMANDS = 5;

  private final World world;
  private final Term term;
  private final Kin kin;
  final Store.Tx tx = new Store.Tx();
  final List<Report> reports;
  final List<Start> items = new ArrayList<>();
  final List<Claim> drops = new ArrayList<>();
  final List<String> dropsFor = new ArrayList<>();

  Turn(World world, Term term, List<Report> reports) {
    this.world = world;
    this.term = term;
    this.reports = reports;
    this.kin = new Kin(world, this, term.locks);
    tx.epoch = term.epoch;
    tx.now = world.now;
    tx.lastRun = world.store.lastRun;
    tx.lastDispatch = Math.max(world.store.lastDispatch, term.lastDispatch);
  }

  long now() {
    return tx.now;
  }

  Collection<Draft> drafts() {
    return tx.drafts.values();
  }

  void add(Draft draft) {
    tx.drafts.put(draft.run().id(), draft);
  }

  /** Null when there is no such run. */
  Draft open(long id) {
    Draft known = tx.drafts.get(id);
    if (known != null) {
      return known;
    }
    Run run = term.cache.getOrDefault(id, world.store.runs.get(id));
    if (run == null) {
      return null;
    }
    Draft draft = Draft.of(world.is(Mutant.PAUSE_IGNORED_AT_DISPATCH) ? unparked(run) : run);
    tx.drafts.put(id, draft);
    return draft;
  }

  private static Run unparked(Run run) {
    Stage[] stages = run.stages().clone();
    for (int i = 0; i < stages.length; i++) {
      stages[i] = stages[i].edit().unmark(Stage.PARKED).build();
    }
    return new Run(
        run.id(),
        run.plan(),
        run.state(),
        run.triggerKind(),
        run.trigger(),
        run.scheduledFor(),
        run.params(),
        run.actor(),
        run.reason(),
        run.stopReason(),
        run.createdAt(),
        run.startedAt(),
        run.finishedAt(),
        run.parent(),
        run.key(),
        run.orchestration(),
        run.clock(),
        stages);
  }

  Run run(Plan plan, String kind, String key) {
    return new Run(
        ++tx.lastRun,
        plan,
        RunState.PENDING,
        kind,
        0,
        0,
        "{}",
        "client",
        key,
        null,
        now(),
        0,
        0,
        Engine.fresh(plan));
  }

  /** Decides everything; writes nothing. */
  void decide() {
    reports.forEach(this::hear);
    term.takeLost().forEach(this::lose);
    due();
    settleAll();
    ticks();
    commands();
    settleAll();
    kin.settle();
    dispatch();
    republish();
    kin.settle();
    tx.drafts.values().removeIf(draft -> !draft.changed());
    tx.seats = term.locks.all();
  }

  boolean isEmpty() {
    return tx.drafts.isEmpty()
        && tx.answers.isEmpty()
        && reports.isEmpty()
        && items.isEmpty()
        && tx.seats.equals(world.store.seats);
  }

  private void settleAll() {
    tx.drafts.values().forEach(draft -> Engine.settle(draft, now()));
  }

  private Verdict apply(Draft draft, Fact fact) {
    return Engine.apply(draft, fact, now(), world.random.nextDouble());
  }

  private void hear(Report report) {
    Claim claim = report.claim();
    Draft draft = open(claim.run());
    if (draft == null) {
      return;
    }
    int attempt = claim.attempt();
    String worker = report.worker();
    if (world.is(Mutant.ATTEMPT_NOT_CHECKED) && report.outcome() != null) {
      Stage stage = draft.stage(claim.stage());
      attempt = stage.attempt();
      worker = stage.worker() == null ? worker : stage.worker();
    }
    if (report.outcome() == null) {
      Verdict verdict = apply(draft, new Fact.Started(claim.stage(), attempt, worker));
      if (verdict == Verdict.NOT_YOURS) {
        drops.add(claim);
        dropsFor.add(worker);
      }
      return;
    }
    boolean good = report.outcome() == Outcome.COMPLETED;
    apply(
        draft,
        new Fact.Finished(
            claim.stage(),
            attempt,
            worker,
            report.outcome(),
            0,
            good ? 0 : 1,
            good ? null : "failure",
            good ? null : "it failed",
            claim.output(report.worker())));
  }

  private void lose(Term.Lost lost) {
    Draft draft = open(lost.claim().run());
    if (draft != null) {
      Claim claim = lost.claim();
      apply(
          draft, new Fact.WorkerLost(claim.stage(), claim.attempt(), lost.worker(), "it is gone"));
    }
  }

  private void due() {
    for (Run run : world.store.open.values()) {
      if (run.clock().dueAt() != 0 && run.clock().dueAt() <= now()) {
        apply(open(run.id()), new Fact.RunDue());
      }
      for (int i = 0; i < run.stages().length; i++) {
        long dueAt = run.stages()[i].dueAt();
        if (dueAt != 0 && dueAt <= now()) {
          apply(open(run.id()), new Fact.Due(i));
        }
      }
    }
  }

  private void ticks() {
    for (int schedule = 0; schedule < world.client.schedules(); schedule++) {
      long at = term.nextTick(schedule);
      while (at <= now() && at < World.BEGIN + World.LOAD) {
        Store.Tick tick = new Store.Tick(schedule, at);
        if (!world.store.ledger.containsKey(tick) || world.is(Mutant.TICK_KEY_DROPPED)) {
          Run run = run(Jobs.of(world.client.jobOf(schedule)), "cron", null);
          add(Engine.create(run, "tick", now()));
          tx.ticks.put(tick, run.id());
        }
        at += Client.PERIOD;
        term.ticked(schedule, at);
      }
    }
  }

  private void commands() {
    world.store.inbox.values().stream().limit(COMMANDS).toList().forEach(this::command);
  }

  private void command(Command command) {
    if (command.kind() == Command.Kind.SUBMIT) {
      tx.answers.add(new Answer(command, submit(command), true));
      return;
    }
    Draft draft = open(command.run());
    Fact fact =
        switch (command.kind()) {
          case SUBMIT -> throw new IllegalStateException("answered above");
          case PAUSE -> new Fact.Pause(RunClock.BY_RUN, "client", "why not");
          case RESUME -> new Fact.Resume(RunClock.BY_RUN, "client", null);
          case STOP -> new Fact.Stop("client", "enough");
          case KILL -> new Fact.Kill("client", "enough");
          case ON_STAGE ->
              new Fact.OnStage(command.stage(), command.action(), "client", "so be it", null);
        };
    boolean forgotten =
        world.is(Mutant.STOP_ANSWERED_NOT_DONE) && command.kind() == Command.Kind.STOP;
    boolean accepted = forgotten || (draft != null && apply(draft, fact) == Verdict.ACCEPTED);
    tx.answers.add(new Answer(command, command.run(), accepted));
  }

  private long submit(Command command) {
    Long known = world.store.submits.getOrDefault(command.key(), tx.submits.get(command.key()));
    if (known != null && !world.is(Mutant.SUBMIT_KEY_IGNORED)) {
      return known;
    }
    Run run = run(Jobs.of(command.job()), "manual", command.key());
    add(Engine.create(run, "command", now()));
    tx.submits.put(command.key(), run.id());
    return run.id();
  }

  private void dispatch() {
    int room = WINDOW;
    for (Run run : world.store.open.values()) {
      for (Stage stage : run.stages()) {
        room -= stage.state() == StageState.QUEUED ? 1 : 0;
      }
      boolean ready = false;
      for (Stage stage : run.stages()) {
        ready |= stage.state() == StageState.READY;
      }
      if (ready) {
        open(run.id());
      }
    }
    for (Draft draft : drafts()) {
      for (int i = 0; i < draft.run().plan().size() && room > 0; i++) {
        if (draft.stage(i).state() == StageState.READY
            && !draft.run().plan().stage(i).ledByLeader()) {
          long number = tx.lastDispatch + 1;
          if (apply(draft, new Fact.Dispatched(i, number)) == Verdict.ACCEPTED) {
            room--;
            tx.lastDispatch = number;
            Claim claim = new Claim(draft.run().id(), i, draft.stage(i).attempt());
            items.add(new Start(claim, number));
          }
        }
      }
      Engine.settle(draft, now());
    }
  }

  private void republish() {
    for (Start start : term.takeRepublish()) {
      Claim claim = start.claim();
      Draft draft = open(claim.run());
      Stage stage = draft.stage(claim.stage());
      boolean waits = stage.state() == StageState.QUEUED && stage.dispatch() == start.dispatch();
      if (waits) {
        items.add(start);
      } else {
        term.notNeeded(start);
      }
    }
  }

  /** Whom to tell that an attempt is to end, once this is committed. */
  List<Claim> cancels() {
    List<Claim> found = new ArrayList<>();
    for (Map.Entry<Long, Draft> each : tx.drafts.entrySet()) {
      for (Wish wish : each.getValue().wishes()) {
        if (wish instanceof Wish.Cancel cancel) {
          int index = each.getValue().run().plan().indexOf(cancel.stage());
          found.add(new Claim(each.getKey(), index, cancel.attempt()));
        }
      }
    }
    return found;
  }
}
