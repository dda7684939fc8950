package dev.millrace.scheduler.leader;

import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RateRule;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.FamilyNews;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.engine.StageInput;
import dev.millrace.scheduler.engine.Verdict;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.scheduler.store.Events;
import dev.millrace.scheduler.store.FanItems;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What the runs of a pass mean for each other: items and runs of other jobs are made, their ends
 * are told to the stages that wait for them, seats are given back and given on. All of it in the
 * pass's transaction, until nothing follows any more. The leader's thread.
 */
final class Families {
  private static final Logger log = LoggerFactory.getLogger(Families.class);

  /** The class of what gave way, and who stopped what had not begun. */
  private static final String DEADLOCK = "deadlock";

  private final Catalog catalog;
  private final Drafts drafts;
  private final Births births;
  private final Seats seats;
  private final Quotas quotas;
  private final Meters meters;
  private final FileStages files;
  private final Deque<Draft> open = new ArrayDeque<>();

  Families(
      Catalog catalog,
      Drafts drafts,
      Births births,
      Seats seats,
      Quotas quotas,
      Meters meters,
      FileStages files) {
    this.catalog = catalog;
    this.drafts = drafts;
    this.births = births;
    this.seats = seats;
    this.quotas = quotas;
    this.meters = meters;
    this.files = files;
  }

  /** At the start of a term: who waits for a lock stands in line again, whatever the table lost. */
  void load(Handle tx, Pass pass) {
    List<Stages.Key> waiting = Stages.lockWaiting(tx);
    drafts.open(tx, pass, waiting.stream().map(Stages.Key::run).toList());
    for (Stages.Key key : waiting) {
      Draft draft = pass.drafts.get(key.run());
      if (!seats.has(key) && draft != null) {
        askForStage(tx, pass, draft, key);
      }
    }
    drafts.open(tx, pass, seats.owners().stream().map(Stages.Key::run).toList());
    for (Stages.Key owner : seats.owners()) {
      Draft draft = pass.drafts.get(owner.run());
      if (draft == null || draft.run().state().isFinal()) {
        seats.release(owner);
      } else {
        seats.below(owner, drafts.above(tx, pass, draft.run(), owner.index()));
      }
    }
  }

  /** Follows up on everything that the pass has decided so far. */
  void settle(Handle tx, Pass pass) {
    for (Draft draft : List.copyOf(pass.drafts.values())) {
      if (draft.run().parent() != null && !draft.isNew() && draft.before().state().isFinal()) {
        tellParent(tx, pass, draft, pass.news.reopened(draft));
      }
    }
    for (Draft draft : pass.drafts.values()) {
      quotas.look(draft);
      if (draft.changed() && concerns(draft)) {
        open.add(draft);
      }
    }
    while (true) {
      Draft draft = open.poll();
      if (draft != null) {
        follow(tx, pass, draft);
        quotas.look(draft);
        continue;
      }
      quotas.wake(seats, pass.now);
      if (!seats.hasNews(pass.now)) {
        if (!endDeadlock(tx, pass)) {
          return;
        }
        continue;
      }
      seats.grant(pass.now, key -> granted(tx, pass, key));
    }
  }

  /** Returns true when something follows of it. */
  private boolean endDeadlock(Handle tx, Pass pass) {
    Deadlocks.Way way = seats.deadlock();
    if (way == null) {
      return false;
    }
    Stages.Key owner = way.owner();
    drafts.open(tx, pass, List.of(owner.run()));
    Draft draft = pass.drafts.get(owner.run());
    switch (way) {
      case Deadlocks.Way.Pass passes -> seats.pass(owner, passes.before());
      case Deadlocks.Way.GiveWay ring -> {
        List<String> runs = ring.runs().stream().map(run -> new RunId(run).toString()).toList();
        String why =
            "runs "
                + String.join(", ", runs)
                + " wait for what each other hold; the youngest of what waits gives way, so that"
                + " the others go on";
        log.warn("ended a deadlock run={} stage={} ring={}", runs.getFirst(), owner.index(), runs);
        Fact fact =
            owner.index() == Seats.RUN
                ? new Fact.Stop(DEADLOCK, why)
                : new Fact.Unstartable(owner.index(), DEADLOCK, why);
        if (draft == null || Engine.apply(draft, fact, pass.now, 0) != Verdict.ACCEPTED) {
          return false; // it ends in another way, or waits for a person
        }
        open.add(draft);
      }
    }
    return true;
  }

  /** Most runs have neither family nor seats; they cost one look. */
  private static boolean concerns(Draft draft) {
    Run run = draft.run();
    return !draft.wishes().isEmpty()
        || run.parent() != null
        || run.plan().limited()
        || run.plan().led()
        || (run.clock().marks() & RunClock.UNADMITTED) != 0
        || draft.reopens();
  }

  private void follow(Handle tx, Pass pass, Draft draft) {
    if (!draft.sealed()) {
      Engine.settle(draft, pass.now);
      for (Wish wish : merged(draft.takeWishesNow())) {
        fulfil(tx, pass, draft, wish);
      }
    }
    forgetWaits(tx, draft);
    if (draft.run().plan().limited() || seats.has(own(draft.run()))) {
      seatsOf(tx, pass, draft);
    }
    admitUnlimited(pass, draft);
    if (draft.run().parent() != null) {
      tellParent(tx, pass, draft, pass.news.reopened(draft));
      tellParent(tx, pass, draft, pass.news.ended(draft, Families::output));
    }
  }

  /** Each ended item wishes for the next one: what follows each other is made in one step. */
  private static List<Wish> merged(List<Wish> wishes) {
    if (wishes.size() < 2) {
      return wishes;
    }
    List<Wish> merged = new ArrayList<>();
    for (Wish wish : wishes) {
      Wish last = merged.isEmpty() ? null : merged.getLast();
      if (wish instanceof Wish.StartItems next
          && last instanceof Wish.StartItems before
          && before.stage() == next.stage()
          && before.attempt() == next.attempt()
          && before.until() == next.from()) {
        merged.set(
            merged.size() - 1,
            new Wish.StartItems(next.stage(), next.attempt(), before.from(), next.until()));
      } else {
        merged.add(wish);
      }
    }
    return merged;
  }

  private void fulfil(Handle tx, Pass pass, Draft draft, Wish wish) {
    switch (wish) {
      case Wish.StoreItems items -> storeItems(tx, draft, items);
      case Wish.StartItems items -> startItems(tx, pass, draft, items);
      case Wish.StartJob job -> startJob(tx, pass, draft, job);
      case Wish.TellChildren tell -> tellChildren(tx, pass, draft, tell);
      case Wish.Listen listen -> listen(tx, pass, draft, listen);
      case Wish.WatchFiles watch -> {
        if (!files.watch(tx, pass, draft, watch)) {
          open.add(draft);
        }
      }
      case Wish.Dead dead -> pass.dead.add(new Pass.Dead(draft, dead.stage()));
      case Wish.Cancel cancel -> throw new IllegalStateException("a cancel waits for the commit");
    }
  }

  private static void storeItems(Handle tx, Draft draft, Wish.StoreItems items) {
    List<FanItems.Piece> pieces = ItemList.pieces(items.listJson(), FanItems.PIECE);
    FanItems.store(tx, draft.run().id(), items.stage(), items.attempt(), pieces);
  }

  private void startItems(Handle tx, Pass pass, Draft draft, Wish.StartItems wish) {
    Run outer = draft.run();
    List<String> items = new ArrayList<>();
    for (FanItems.Piece piece :
        FanItems.read(tx, outer.id(), wish.stage(), wish.attempt(), wish.from(), wish.until())) {
      ItemList.addTo(items, piece, wish.from(), wish.until());
    }
    Plan plan = catalog.plan(tx, outer.plan().job(), outer.plan().version(), wish.stage());
    int depth = outer.parent() == null ? 1 : outer.parent().depth() + 1;
    String actor = "stage:" + outer.plan().stage(wish.stage()).id();
    for (int i = 0; i < items.size(); i++) {
      Run.Parent parent =
          new Run.Parent(
              outer.id(), wish.stage(), wish.attempt(), wish.from() + i, items.get(i), depth);
      Run child =
          births
              .asked(plan, "item", outer.params(), actor, null, pass.now)
              .childOf(parent, outer.scheduledFor())
              .inOrchestration(outer.orchestration())
              .atPriorityOf(outer);
      open.add(births.item(pass, child, outer));
    }
    meters.runsCreated("item", items.size());
  }

  private void startJob(Handle tx, Pass pass, Draft draft, Wish.StartJob wish) {
    Run outer = draft.run();
    int depth = outer.parent() == null ? 1 : outer.parent().depth() + 1;
    Jobs.Row job = catalog.find(tx, wish.namespace(), wish.job());
    String problem = null;
    if (job == null || job.state() == JobState.STOPPED) {
      problem = "there is no job '" + wish.job() + "' in namespace '" + wish.namespace() + "'";
    } else if (depth > Run.Parent.DEPTH_MAX) {
      problem = "runs start runs " + depth + " deep; do they start each other?";
    }
    if (problem == null) {
      Plan plan = catalog.plan(tx, job.id(), job.version());
      switch (Desk.params(plan.definition(), "{\"params\":" + wish.paramsJson() + "}")) {
        case Desk.Params.Refused refused -> problem = "params: " + refused.outcome().body();
        case Desk.Params.Good good -> {
          Run child =
              births
                  .asked(plan, "job", good.json(), "run:" + new RunId(outer.id()), null, pass.now)
                  .childOf(
                      new Run.Parent(outer.id(), wish.stage(), wish.attempt(), -1, null, depth),
                      outer.scheduledFor())
                  .inOrchestration(outer.orchestration())
                  .atPriorityOf(outer);
          switch (births.make(tx, pass, child, "leader")) {
            case Births.Birth.Made made -> {
              meters.runCreated("job");
              open.add(made.draft());
            }
            case Births.Birth.Skipped skipped -> problem = skipped.why();
          }
        }
      }
    }
    if (problem != null) {
      Fact failed = new Fact.LedFailed(wish.stage(), wish.attempt(), "config", problem);
      Engine.apply(draft, failed, pass.now, 0);
      open.add(draft);
    }
  }

  private void tellChildren(Handle tx, Pass pass, Draft draft, Wish.TellChildren wish) {
    long run = draft.run().id();
    drafts.open(tx, pass, OpenRuns.children(tx, run, wish.stage()));
    for (Draft child : List.copyOf(pass.drafts.values())) {
      if (!child.sealed() && FamilyNews.reaches(wish, draft, child)) {
        Engine.apply(child, wish.fact(), pass.now, 0);
        open.add(child);
      }
    }
  }

  private void listen(Handle tx, Pass pass, Draft draft, Wish.Listen wish) {
    Run run = draft.run();
    var job = run.plan().definition();
    Events.Listener listener =
        new Events.Listener(
            run.id(),
            wish.stage(),
            wish.attempt(),
            job.namespace(),
            job.rules().environment(),
            wish.name(),
            wish.key());
    Events.since(tx, listener, listensSince(run))
        .ifPresentOrElse(
            event -> {
              Engine.apply(
                  draft,
                  new Fact.Event(wish.stage(), wish.attempt(), event.data(), event.actor()),
                  pass.now,
                  0);
              open.add(draft);
            },
            () -> Events.listen(tx, listener));
  }

  /** A run that was made ahead of its window hears what comes in it, and nothing before. */
  private static long listensSince(Run run) {
    return run.triggerKind().equals(PlannedTriggers.PLAN) ? run.scheduledFor() : run.createdAt();
  }

  /** What a stage that has ended no longer waits for. */
  private void forgetWaits(Handle tx, Draft draft) {
    if (!draft.run().plan().led() || draft.isNew()) {
      return;
    }
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      StageDefinition stage = draft.run().plan().stage(i);
      boolean ended =
          draft.stageBefore(i).state() == StageState.RUNNING
              && draft.stage(i).state() != StageState.RUNNING;
      if (ended && stage.rules().forEach() != null) {
        FanItems.forget(tx, draft.run().id(), i);
      } else if (ended && stage.handler().equals(StageDefinition.WAIT_EVENT)) {
        Events.forget(tx, draft.run().id(), i);
      } else if (ended && stage.handler().equals(StageDefinition.WAIT_FILE)) {
        files.forget(tx, draft.run().id(), i);
      }
    }
  }

  /** Asks for what the stages now wait for, gives back what they no longer hold. */
  private void seatsOf(Handle tx, Pass pass, Draft draft) {
    Run run = draft.run();
    var changed = draft.changedStages();
    for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
      Stages.Key key = new Stages.Key(run.id(), i);
      switch (draft.stage(i).state()) {
        case LOCK_WAIT -> askForStage(tx, pass, draft, key);
        case READY, QUEUED, RUNNING -> {} // it holds what it holds
        default -> seats.release(key);
      }
    }
    Stages.Key own = own(run);
    if (run.state().isFinal()) {
      seats.release(own);
    } else if (draft.reopens() && !seats.has(own) && !Births.asks(run).isEmpty()) {
      seats.take(own, Births.asks(run)); // a person lets it go on: nobody asks for its turn again
    }
  }

  private static Stages.Key own(Run run) {
    return new Stages.Key(run.id(), Seats.RUN);
  }

  private void askForStage(Handle tx, Pass pass, Draft draft, Stages.Key key) {
    if (seats.has(key)) {
      if (!seats.holds(key)) {
        return;
      }
      seats.release(key); // the attempt before has ended in this same pass
    }
    StageDefinition stage = draft.run().plan().stage(key.index());
    StageRules rules = stage.rules();
    String namespace = draft.run().plan().definition().namespace();
    List<Seats.Ask> asks =
        rules.locks().stream().map(lock -> Seats.Ask.of(namespace, lock)).toList();
    try {
      seats.ask(
          key,
          asks,
          pace(draft, key, rules.rate()),
          drafts.above(tx, pass, draft.run(), key.index()));
    } catch (ExpressionException wrong) {
      // One rate for all instead would let start what the job's author holds apart.
      String why = "rate key: " + wrong.getMessage();
      Engine.apply(draft, new Fact.Unstartable(key.index(), "expression", why), pass.now, 0);
      open.add(draft);
    }
  }

  /**
   * The stage's rate, or null.
   *
   * @throws ExpressionException when its key has no value
   */
  private static Seats.Pace pace(Draft draft, Stages.Key key, RateRule rate) {
    if (rate == null) {
      return null;
    }
    String value = StageInput.rateKey(draft, key.index());
    String subject =
        "rate:"
            + draft.run().plan().job()
            + ":"
            + draft.run().plan().stage(key.index()).id()
            + (value == null ? "" : ":" + value);
    return new Seats.Pace(subject, rate.per().toNanos() / 1_000 / rate.limit());
  }

  private boolean granted(Handle tx, Pass pass, Stages.Key key) {
    drafts.open(tx, pass, List.of(key.run()));
    Draft draft = pass.drafts.get(key.run());
    if (draft == null || draft.sealed()) {
      return false;
    }
    Fact fact =
        key.index() == Seats.RUN
            ? new Fact.Admitted("its turn came")
            : new Fact.LocksGranted(key.index());
    boolean taken = Engine.apply(draft, fact, pass.now, 0) == Verdict.ACCEPTED;
    if (taken) {
      quotas.look(draft); // whose turn comes next finds less room
      open.add(draft);
    }
    return taken;
  }

  /** A run that waited only for the end of a pause, and one whose turn was refused in a pause. */
  private void admitUnlimited(Pass pass, Draft draft) {
    Run run = draft.run();
    if (draft.sealed() || (run.clock().marks() & RunClock.UNADMITTED) == 0) {
      if (!draft.isNew() && draft.before().clock().pauses() != 0 && run.clock().pauses() == 0) {
        seats.offerAgain(run.id());
      }
      return;
    }
    if (run.state() != dev.millrace.lifecycle.RunState.PENDING) {
      return;
    }
    boolean inLine = seats.has(own(run)) || !Births.asks(run).isEmpty();
    if (!inLine && quotas.mustWait(run)) {
      seats.ask(own(run), List.of(Births.quotaAsk(run)), null, List.of()); // it has no parent
    } else if (!inLine) {
      Fact admitted = new Fact.Admitted("the pause is over");
      if (Engine.apply(draft, admitted, pass.now, 0) == Verdict.ACCEPTED) {
        open.add(draft);
      }
    } else {
      seats.offerAgain(run.id());
    }
  }

  private void tellParent(Handle tx, Pass pass, Draft draft, Fact fact) {
    if (fact == null) {
      return;
    }
    long parent = draft.run().parent().run();
    drafts.open(tx, pass, List.of(parent));
    Draft above = pass.drafts.get(parent);
    if (above == null || above.sealed()) {
      return; // its day was dropped, or it has ended: nobody waits
    }
    Engine.apply(above, fact, pass.now, 0.5);
    open.add(above);
  }

  /** The outputs of its last stages: of one stage its own, of several by their ids. */
  private static String output(Run run) {
    return run.parent().item() >= 0 ? null : LastOutputs.of(run);
  }
}
