package dev.millrace.scheduler.leader;

import dev.millrace.file.FileRoots;
import dev.millrace.model.Claim;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.scheduler.file.FileWatching;
import dev.millrace.scheduler.ingest.Quarantine;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Leases;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.sweep.WorkerTable;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import dev.millrace.wire.Control;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * The leader's turn, the one place where runs change: takes facts from everywhere, lets the engine
 * decide, writes all of it under the lease, in one transaction or two, and only then publishes,
 * acks and answers. One bounded pass per {@link #runOnce}; runs on the turn loop only.
 */
final class Turn {
  private static final Logger log = LoggerFactory.getLogger(Turn.class);
  private static final long INBOX_POLL_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long JUDGED_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  static final long CANCEL_GRACE_MILLIS = 5_000;

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
      int batchMax,
      FileWatching.Hubs files,
      FileRoots fileRoots) {}

  private final Parts parts;
  private final Catalog catalog = new Catalog();
  private final Ticker ticker = new Ticker();
  private final Drafts drafts = new Drafts(catalog);
  private final Seats seats = new Seats();
  private final Gates gates;
  private final Families families;
  private final Following following;
  private final FileStarts files;
  private final FileStages fileStages;
  private final DeadDesk dead;
  private final Hearing hearing;
  private final Arrivals arrivals;
  private final Dispatching dispatching;
  private final Writer writer;
  private final Isolation isolation;
  private boolean loaded;
  private volatile boolean inboxHint = true;
  private long inboxLookedNanos;

  Turn(Parts parts) {
    this.parts = parts;
    this.gates = new Gates(catalog, drafts, parts.pools);
    this.hearing = new Hearing(parts, drafts, gates);
    this.dispatching = new Dispatching(parts, catalog, drafts, gates);
    Ends ends = new Ends(catalog);
    Requires requires = new Requires(drafts, seats, ends);
    Births births = new Births(drafts, catalog, seats, gates, requires);
    Afters afters =
        new Afters(new Afters.Parts(catalog, drafts, births, gates, ends, parts.meters));
    this.files = new FileStarts(catalog, births, gates, parts.meters, parts.files.offers());
    this.fileStages = new FileStages(drafts, parts.files.waits());
    this.following =
        new Following(
            catalog,
            new JobGraph(),
            new Following.Who(ends, afters, requires, files),
            parts.term.epoch());
    this.dead = new DeadDesk(catalog, drafts, births, gates, parts.meters);
    this.families = new Families(catalog, drafts, births, seats, parts.meters, fileStages);
    this.arrivals =
        new Arrivals(
            parts,
            catalog,
            ticker,
            new Arrivals.Limits(drafts, births, following, gates, seats, dispatching, dead));
    this.writer = new Writer(parts.jdbi, parts.term.epoch());
    this.isolation = new Isolation(parts.batchMax);
  }

  /** What became known about runs under way; parts of it take news from any thread. */
  Hearing hearing() {
    return hearing;
  }

  /** What goes to the broker; parts of it take news from any thread. */
  Dispatching dispatching() {
    return dispatching;
  }

  /** The inbox probably has something. Any thread. */
  void inboxHint() {
    inboxHint = true;
  }

  /** How long the loop may wait after a pass that found nothing more. */
  long waitNanos() {
    long nextAt = Math.min(ticker.nextDue(), hearing.nextDueAt());
    nextAt = Math.min(nextAt, Math.min(seats.nextPaceAt(), dispatching.nextRateAt()));
    long untilDue =
        nextAt == Long.MAX_VALUE ? INBOX_POLL_NANOS : (nextAt - parts.clock.micros()) * 1_000;
    return Math.clamp(untilDue, 0, arrivals.judging() ? JUDGED_POLL_NANOS : INBOX_POLL_NANOS);
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
      hearing.readNextDue();
    }
    boolean inbox = lookIntoInbox() || arrivals.judged(); // before anything is taken: it may fail
    Pass pass = new Pass(parts.intake.take(isolation.reportsMax()));
    pass.commandsMax = isolation.commandsMax();
    pass.guiltyCommand = isolation.guiltyCommand();
    quarantineBad(pass.messages);
    if (!isolation.active() && !hasWork(pass, inbox)) {
      return false;
    }
    long startedNanos = System.nanoTime();
    pass.lost = parts.workers.takeLost();
    try {
      parts.jdbi.useTransaction(tx -> inTransaction(tx, pass, inbox));
    } catch (RuntimeException | Error e) {
      // Nothing was written, or nobody knows whether it was: forget what we thought we knew and
      // read it again.
      writer.abandon(e);
      forget();
      hearing.putBack(pass);
      dispatching.publishAgain(pass);
      parts.intake.giveBack(pass.messages);
      inboxHint = true;
      if (!isolation.failed(e, pass.reportsTaken, pass.commandsTaken())) {
        throw e;
      }
      log.warn(
          "a pass failed reports={} commands={} cause={}; nothing of it was written, taking fewer"
              + " to find by what",
          pass.reportsTaken.count(),
          pass.commandIds.size(),
          Isolation.message(e));
      return true;
    }
    if (isolation.succeeded(pass.reportsTaken, pass.commandsTaken())) {
      inboxHint = true;
      pass.more = true;
    }
    afterCommit(pass);
    parts.meters.turn(System.nanoTime() - startedNanos, pass.drafts.size());
    return pass.more;
  }

  private void quarantineBad(List<ReportIntake.Message> messages) throws InterruptedException {
    for (int i = 0; i < messages.size(); i++) {
      ReportIntake.Message message = messages.get(i);
      Isolation.Guilty guilty = isolation.guiltyReport();
      boolean isGuilty = guilty != null && message.equals(guilty.input());
      if (isGuilty || message.decoded() instanceof Decoded.Bad<Reports>) {
        try {
          switch (message.decoded()) {
            case Decoded.Bad<Reports> bad ->
                Quarantine.put(
                    parts.outbox, Entities.REPORTS, bad.cause(), message.delivery().body());
            case Decoded.Ok<Reports> one ->
                Quarantine.put(
                    parts.outbox,
                    Entities.REPORTS,
                    "every pass with it failed: " + Isolation.message(guilty.cause()),
                    ReportCodec.encode(one.value()));
          }
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
        || parts.workers.hasLost()
        || parts.dispatcher.hasNews()
        || hearing.hasNews(now)
        || dispatching.republishes()
        || seats.hasNews(now)
        || gates.hasMore()
        || files.hasNews()
        || fileStages.hasNews()
        || dispatching.backlogHasRoom(now);
  }

  private void inTransaction(Handle tx, Pass pass, boolean inbox) {
    if (!Leases.fence(tx, parts.term.epoch())) {
      throw new QuietFailure("epoch " + parts.term.epoch() + " is over; nothing was written");
    }
    pass.now = parts.clock.micros();
    if (!loaded) {
      load(tx, pass);
    }
    hearing.reports(tx, pass);
    hearing.unroutable(tx, pass);
    hearing.unwritable(tx, pass);
    hearing.lostWorkers(tx, pass);
    hearing.dueStages(tx, pass);
    fileStages.found(tx, pass);
    hearing.toldToEnd(tx, pass);
    pass.drafts.values().forEach(draft -> Engine.settle(draft, pass.now));
    writer.begin(pass.drafts.values(), pass.now);
    arrivals.ticks(tx, pass);
    files.fire(tx, pass, parts.term.epoch());
    dispatching.countFreed(pass);
    boolean takes = (inbox || isolation.active()) && pass.commandsMax > 0;
    if (takes && arrivals.commands(tx, pass)) {
      pass.more = true;
      inboxHint = true;
    }
    for (Draft draft : pass.drafts.values()) {
      if (!draft.sealed()) {
        Engine.settle(draft, pass.now);
      }
    }
    gates.step(tx, pass);
    follow(tx, pass);
    dispatching.dispatchBacklog(tx, pass);
    dispatching.dispatchFresh(tx, pass);
    dispatching.republishLost(tx, pass);
    follow(tx, pass); // what could not be dispatched may have ended its run
    arrivals.startDelays(tx, pass);
    pass.drafts.values().removeIf(draft -> !draft.changed());
    writer.write(tx, pass.drafts.values(), pass.now);
    seats.write(tx, pass.now);
    dead.flush(tx, pass);
    Inbox.answer(tx, pass.answerIds, pass.answers);
  }

  /** What has ended means something for other runs, which may end by it, too. */
  private void follow(Handle tx, Pass pass) {
    do {
      families.settle(tx, pass);
    } while (following.settle(tx, pass));
  }

  /** At the start of a term, and again after a failed transaction: what the tables say. */
  private void load(Handle tx, Pass pass) {
    catalog.clear();
    drafts.clear();
    ticker.clear();
    following.load(tx, pass);
    Map<Long, JobDefinition> definitions = new HashMap<>();
    for (Jobs.TriggerRow row : Jobs.allTriggers(tx)) {
      Jobs.Row job = catalog.find(tx, row.job());
      JobDefinition definition =
          definitions.computeIfAbsent(
              job.id(), id -> catalog.plan(tx, id, job.version()).definition());
      List<PlannedTriggers.Planned> planned = PlannedTriggers.of(definition);
      if (row.position() < planned.size()) {
        arrivals.arm(row, definition);
      } else {
        following.arm(row.id(), job, definition.events().get(row.position() - planned.size()));
      }
    }
    arrivals.restartDelays(tx, pass.now);
    parts.pools.load(Stages.countReady(tx), Stages.countQueued(tx), Stages.countRunning(tx));
    gates.load(tx);
    seats.load(tx);
    fileStages.load(tx);
    families.load(tx, pass);
    dispatching.loadLimits(tx, pass.now);
    hearing.lookForDue(); // in this pass, and read after it
    loaded = true;
  }

  private void forget() {
    loaded = false;
    drafts.clear();
    catalog.clear();
    ticker.clear();
  }

  private void afterCommit(Pass pass) {
    Books books = new Books(parts.pools, parts.meters);
    for (Draft draft : pass.drafts.values()) {
      hearing.dueAt(books.book(draft, pass.now));
      Run run = draft.run();
      drafts.committed(run);
      if (run.state().isFinal() && (draft.isNew() || draft.before().state() != run.state())) {
        parts.meters.runFinished(run.state().name());
      }
      for (Wish wish : draft.wishes()) {
        if (wish instanceof Wish.Cancel cancel) {
          Claim claim = new Claim(new RunId(run.id()), cancel.stage(), cancel.attempt());
          pass.controls.add(new Control.Cancel(claim, cancel.atOnce() ? 0 : CANCEL_GRACE_MILLIS));
        }
      }
    }
    books.commit();
    files.committed(pass);
    fileStages.committed(pass);
    hearing.committed(pass);
    parts.faults.at(Faults.Point.COMMITTED_NOT_PUBLISHED);
    if (!parts.term.trusted()) {
      // Trust may come back: a slow renewal can still succeed. Then this leader goes on with it.
      dispatching.publishAgain(pass);
      parts.intake.giveBack(pass.messages);
      pass.controls.forEach(parts.outbox::control);
      throw new QuietFailure(
          "the term ended during a commit; whoever leads next publishes what was written");
    }
    // While starts of an earlier term still wait to be published again, the watermark stays.
    parts.dispatcher.dispatch(pass.items, !dispatching.republishes());
    parts.faults.at(Faults.Point.PUBLISHED_NOT_ACKED);
    parts.intake.ack(pass.messages);
    for (int i = 0; i < pass.answerIds.size(); i++) {
      parts.commands.answered(pass.answerIds.get(i), pass.answers.get(i));
    }
    pass.controls.forEach(parts.outbox::control);
    pass.tickLateness.forEach(parts.meters::tickLateness);
    hearing.readNextDue();
  }
}
