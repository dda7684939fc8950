package dev.millrace.scheduler.leader;

import dev.millrace.model.Claim;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.dispatch.ReplySender;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Wish;
import dev.millrace.scheduler.file.FileWatching;
import dev.millrace.scheduler.ingest.Quarantine;
import dev.millrace.scheduler.ingest.QueueConsumers;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.ingest.StartIntake;
import dev.millrace.scheduler.ingest.StartMessage;
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
import java.util.ArrayList;
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
  private static final long JUDGED_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(20);
  static final long CANCEL_GRACE_MILLIS = 5_000;

  /** Messages that start runs; reports must not wait for more of them. */
  private static final int STARTS_MAX = 500;

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
      Starting starting,
      WorkerTable workers,
      Meters meters,
      Faults faults,
      int batchMax,
      FileWatching.Hubs files) {}

  /** Between the broker and the turn: messages that start runs, and the answers to them. */
  record Starting(StartIntake intake, QueueConsumers consumers, ReplySender replies) {}

  private final Parts parts;
  private final Catalog catalog = new Catalog();
  private final Ticker ticker = new Ticker();
  private final Drafts drafts = new Drafts(catalog);
  private final Quotas quotas;
  private final Seats seats;
  private final Gates gates;
  private final Families families;
  private final Following following;
  private final FileStarts files;
  private final FileStages fileStages;
  private final DeadDesk dead;
  private final Hearing hearing;
  private final Counting counting;
  private final QueueBindings queues;
  private final Arming arming;
  private final MessageDesk messages;
  private final Arrivals arrivals;
  private final Dispatching dispatching;
  private final Writer writer;
  private final Isolation isolation;
  private boolean loaded;
  private volatile Runnable onCommit = () -> {};

  /** A pass has failed with messages: the next one is without. */
  private boolean messagesWait;

  private final InboxWatch inbox;

  Turn(Parts parts) {
    this.parts = parts;
    this.inbox = new InboxWatch(parts.jdbi);
    this.quotas = new Quotas(parts.pools, parts.meters);
    this.seats = new Seats(quotas::isOpen);
    this.gates = new Gates(catalog, drafts, parts.pools);
    this.counting = new Counting(drafts);
    this.hearing = new Hearing(parts, drafts, gates, counting);
    parts.workers.countersTo(counting::heard);
    this.dispatching = new Dispatching(parts, catalog, drafts, gates);
    Ends ends = new Ends(catalog);
    Requires requires = new Requires(drafts, seats, quotas, ends);
    Births births = new Births(drafts, catalog, new Births.Bounds(seats, gates, requires, quotas));
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
    this.families = new Families(catalog, drafts, births, seats, quotas, parts.meters, fileStages);
    this.queues = new QueueBindings(catalog, gates);
    this.arming = new Arming(ticker, following, queues);
    this.messages = new MessageDesk(catalog, births, queues, parts.starting, parts.meters);
    this.arrivals =
        new Arrivals(
            parts,
            catalog,
            ticker,
            new Arrivals.Limits(
                drafts, births, following, gates, seats, quotas, dispatching, dead, arming));
    this.writer = new Writer(parts.jdbi, parts.term.epoch());
    this.isolation = new Isolation(parts.batchMax);
  }

  /** What became known about runs under way; parts of it take news from any thread. */
  Hearing hearing() {
    return hearing;
  }

  /** What attempts count; parts of it take news from any thread. */
  Counting counting() {
    return counting;
  }

  /** What goes to the broker; parts of it take news from any thread. */
  Dispatching dispatching() {
    return dispatching;
  }

  /** The inbox probably has something. Any thread. */
  void inboxHint() {
    inbox.hint();
  }

  /** Who wants to know that something was committed; called on this thread, after each pass. */
  void onCommit(Runnable told) {
    onCommit = told;
  }

  /** How long the loop may wait after a pass that found nothing more. */
  long waitNanos() {
    long nextAt = Math.min(ticker.nextDue(), hearing.nextDueAt());
    nextAt = Math.min(nextAt, arrivals.backfilling().nextDueAt());
    nextAt = Math.min(nextAt, Math.min(seats.nextPaceAt(), dispatching.nextRateAt()));
    nextAt = Math.min(nextAt, inbox.nextLaterAt());
    long poll = Math.max(0, Math.min(inbox.pollNanos(), parts.starting.intake.nextNanos()));
    if (arrivals.judging()) {
      poll = Math.min(poll, JUDGED_POLL_NANOS);
    }
    long untilDue = nextAt == Long.MAX_VALUE ? poll : (nextAt - parts.clock.micros()) * 1_000;
    return Math.clamp(untilDue, 0, poll);
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
    if (arrivals.judged() || isolation.active()) {
      inbox.hint(); // commands that waited for that are still in it
    }
    inbox.look(); // before anything is taken: it may fail
    boolean skipsMessages = messagesWait;
    Pass pass = take();
    quarantineBad(pass);
    if (!isolation.active() && !hasWork(pass)) {
      return skipsMessages;
    }
    long startedNanos = System.nanoTime();
    pass.lost = parts.workers.takeLost();
    try {
      parts.jdbi.useTransaction(tx -> inTransaction(tx, pass));
    } catch (RuntimeException | Error e) {
      // Nothing was written, or nobody knows whether it was: forget what we thought we knew and
      // read it again.
      writer.abandon(e);
      forget();
      hearing.putBack(pass);
      dispatching.publishAgain(pass);
      parts.intake.giveBack(pass.messages);
      messagesWait = parts.starting.intake.failed(pass.starts, e);
      inbox.putBack();
      boolean looks = isolation.failed(e, pass.reportsTaken, pass.commandsTaken());
      if (!looks && !messagesWait) {
        throw e;
      }
      log.warn(
          "a pass failed reports={} commands={} messages={} cause={}; nothing of it was written,"
              + " taking fewer to find by what",
          pass.reportsTaken.count(),
          pass.commandIds.size(),
          pass.starts.size(),
          Isolation.message(e));
      return true;
    }
    if (isolation.succeeded(pass.reportsTaken, pass.commandsTaken())) {
      inbox.hint();
      pass.more = true;
    }
    onCommit.run();
    afterCommit(pass);
    parts.meters.turn(System.nanoTime() - startedNanos, pass.drafts.size());
    return pass.more;
  }

  /**
   * A message with which a transaction has failed comes without reports and commands that could
   * fail it. While one of those is looked for, messages wait, and so they do for one pass after
   * each that failed with some: however many are bad, everything else goes on between them.
   */
  private Pass take() {
    List<StartMessage> starts =
        isolation.active() || messagesWait
            ? List.of()
            : parts.starting.intake.take(Math.min(STARTS_MAX, parts.batchMax));
    messagesWait = false;
    boolean alone = starts.size() == 1 && starts.getFirst().isSuspect();
    Pass pass =
        new Pass(alone ? new ArrayList<>() : parts.intake.take(isolation.reportsMax()), starts);
    pass.commandsMax = alone ? 0 : isolation.commandsMax();
    pass.guiltyCommand = isolation.guiltyCommand();
    pass.more = parts.starting.intake.any();
    return pass;
  }

  private void quarantineBad(Pass pass) throws InterruptedException {
    List<ReportIntake.Message> messages = pass.messages;
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
          parts.starting.intake.failed(pass.starts, e);
          throw e;
        }
      }
    }
  }

  private boolean hasWork(Pass pass) {
    long now = parts.clock.micros();
    return !loaded
        || inbox.any()
        || inbox.laterIsDue(now)
        || !pass.messages.isEmpty()
        || !pass.starts.isEmpty()
        || ticker.nextDue() <= now
        || parts.workers.hasLost()
        || parts.dispatcher.hasNews()
        || hearing.hasNews(now)
        || counting.hasNews()
        || dispatching.republishes()
        || seats.hasNews(now)
        || quotas.hasNews(now)
        || gates.hasMore()
        || files.hasNews()
        || fileStages.hasNews()
        || arrivals.backfilling().nextDueAt() <= now
        || dispatching.backlogHasRoom(now);
  }

  private void inTransaction(Handle tx, Pass pass) {
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
    counting.apply(tx, pass);
    hearing.toldToEnd(tx, pass);
    pass.drafts.values().forEach(draft -> Engine.settle(draft, pass.now));
    writer.begin(pass.drafts.values(), pass.now);
    pass.drafts.values().forEach(quotas::look); // what has ended makes room
    arrivals.ticks(tx, pass);
    files.fire(tx, pass, parts.term.epoch());
    dispatching.countFreed(pass);
    arrivals.commands(tx, pass, inbox);
    arrivals.backfilling().step(tx, pass);
    messages.start(tx, pass);
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
    arrivals.backfilling().ended(pass);
    pass.drafts.values().removeIf(draft -> !draft.changed());
    writer.write(tx, pass.drafts.values(), pass.now);
    seats.write(tx, pass.now);
    quotas.write(tx);
    counting.write(tx, pass);
    dead.flush(tx, pass);
    messages.writeReplies(tx, pass);
    queues.settle(tx, pass);
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
    queues.clear();
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
        arming.armed(row.id(), job, definition.events().get(row.position() - planned.size()));
      }
    }
    arrivals.restartDelays(tx, pass.now);
    parts.pools.load(Stages.countReady(tx), Stages.countQueued(tx), Stages.countRunning(tx));
    gates.load(tx);
    seats.load(tx);
    fileStages.load(tx);
    quotas.load(tx, pass.now);
    families.load(tx, pass);
    arrivals.backfilling().load(tx);
    dispatching.loadLimits(tx, pass.now);
    hearing.lookForDue(); // in this pass, and read after it
    loaded = true;
  }

  private void forget() {
    loaded = false;
    counting.clear();
    drafts.clear();
    catalog.clear();
    ticker.clear();
    queues.clear();
  }

  private void afterCommit(Pass pass) {
    Books books = new Books(parts.pools, parts.meters);
    for (Draft draft : pass.drafts.values()) {
      hearing.dueAt(books.book(draft, pass.now));
      Run run = draft.run();
      drafts.committed(run);
      if (run.state().isFinal() && (draft.isNew() || draft.before().state() != run.state())) {
        parts.meters.runFinished(run.state().name());
        parts.starting.replies.ended(run.id());
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
    if (pass.queues != null) {
      parts.starting.consumers.want(pass.queues);
    }
    if (!parts.term.trusted()) {
      messages.committed(pass); // given back, those without a key would start a second run
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
    if (!pass.starts.isEmpty()) {
      parts.faults.at(Faults.Point.STARTS_NOT_ACKED);
      messages.committed(pass);
    }
    for (int i = 0; i < pass.answerIds.size(); i++) {
      parts.commands.answered(pass.answerIds.get(i), pass.answers.get(i));
    }
    pass.controls.forEach(parts.outbox::control);
    pass.tickLateness.forEach(parts.meters::tickLateness);
    hearing.readNextDue();
  }
}
