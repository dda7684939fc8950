package dev.millrace.scheduler.leader;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.file.FileRoots;
import dev.millrace.model.RunId;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.event.EventPublisher;
import dev.millrace.scheduler.file.FileLooks;
import dev.millrace.scheduler.file.FileWatching;
import dev.millrace.scheduler.ingest.ReportIntake;
import dev.millrace.scheduler.stats.StatsSweep;
import dev.millrace.scheduler.store.Acceptance;
import dev.millrace.scheduler.store.AuditRows;
import dev.millrace.scheduler.store.BulkRows;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.Events;
import dev.millrace.scheduler.store.FilesSeen;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.JobStats;
import dev.millrace.scheduler.store.Partitions;
import dev.millrace.scheduler.store.PlannedStarts;
import dev.millrace.scheduler.store.QuotaRows;
import dev.millrace.scheduler.store.Redrives;
import dev.millrace.scheduler.store.Replies;
import dev.millrace.scheduler.store.RunCounters;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.scheduler.store.StoreException;
import dev.millrace.scheduler.store.Workers;
import dev.millrace.scheduler.sweep.BrokerRepair;
import dev.millrace.scheduler.sweep.DeadLetterSweep;
import dev.millrace.scheduler.sweep.TickAuditSweep;
import dev.millrace.scheduler.sweep.WorkerTable;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.wire.Start;
import io.micrometer.core.instrument.MeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import java.util.function.UnaryOperator;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Everything a leader does, for one term: read it as the table of contents. Started on the
 * elector's thread, closed on it when the term ends, in reverse.
 */
public final class Leadership implements Elector.Duties {
  private static final Logger log = LoggerFactory.getLogger(Leadership.class);
  private static final Duration WORKER_SWEEP = Duration.ofMillis(500);
  private static final Duration REPAIR_SWEEP = Duration.ofSeconds(4);
  private static final Duration HOUSEKEEPING = Duration.ofMinutes(10);
  private static final int REPUBLISH_PAGE = 2_000;
  private static final Duration FILES_KEPT = Duration.ofDays(32);
  private static final int FORGET_MAX = 10_000;
  private static final int KEYS_PER_PASS_MAX = 20_000;
  private static final int COUNTER_DAYS = 90;
  private static final int BULK_PER_PASS_MAX = 10;

  /** What a term needs of its node. */
  public record Node(
      String name,
      SchedulerSettings settings,
      Database database,
      DatabaseClock clock,
      Outbox outbox,
      Commands commands,
      MeterRegistry metrics,
      Faults faults,
      UnaryOperator<Start> granting) {}

  private final Node node;
  private final Pools pools;
  private volatile Turn current;
  private volatile Pulse currentPulse;
  private volatile Dispatcher dispatcher;
  private volatile WorkerTable workers;
  private volatile DeadLetterSweep deadLetters;
  private volatile FileLooks looks;
  private volatile TickAuditSweep tickAudit;
  private volatile Starters starting;
  private volatile Runnable onCommit = () -> {};

  public Leadership(Node node, Pools pools) {
    this.node = node;
    this.pools = pools;
  }

  /** Before the first term: who in this process wants to know that something was committed. */
  public void onCommit(Runnable told) {
    onCommit = told;
  }

  @Override
  public AutoCloseable start(Term term) throws Exception {
    Pulse pulse = new Pulse();
    Services services = new Services();
    Dispatcher sending =
        new Dispatcher(
            node.outbox, pools, pulse::nudge, node.metrics, term.confirmedAtStart(), node.granting);
    ReportIntake intake = new ReportIntake(pulse::nudge);
    WorkerTable table =
        new WorkerTable(
            node.settings.workers(),
            node.outbox,
            pools,
            node.database.leader(),
            node.clock,
            new WorkerTable.Identity(node.name, pulse::nudge, node.metrics));
    FileWatching files =
        new FileWatching(
            new FileWatching.Parts(
                new FileRoots(node.settings.fileRoots()),
                node.database.leader(),
                node.clock,
                term.epoch(),
                term::trusted,
                pulse::nudge,
                node.outbox,
                node.metrics));
    Starters starters =
        new Starters(
            node.name,
            node.settings.rabbit(),
            node.database.leader(),
            node.outbox,
            node.metrics,
            pulse::nudge);
    Turn turn =
        new Turn(
            new Turn.Parts(
                node.database.leader(),
                node.clock,
                term,
                node.commands,
                node.outbox,
                pools,
                sending,
                intake,
                starters.forTurn(),
                table,
                new Meters(node.metrics),
                node.faults,
                node.settings.engine().batchMax(),
                files.hubs()));
    BrokerRepair repair =
        new BrokerRepair(
            node.database.leader(), node.clock, pools, table, intake, findings(turn, pulse));
    DeadLetterSweep dead = new DeadLetterSweep(node.database.leader(), node.outbox, node.commands);
    TickAuditSweep audit = new TickAuditSweep(node.database.leader(), node.metrics);
    takeOver(term, turn, table);
    AmqpLink consuming =
        new AmqpLink(
            node.name + "-consume",
            node.settings.rabbit(),
            List.of(
                new Outbox.Declarations(),
                intake.consumer(),
                table.consumer(),
                files.consumer(),
                repair));
    intake.consumer().on(consuming);
    table.consumer().on(consuming);
    files.consumer().on(consuming);
    current = turn;
    currentPulse = pulse;
    dispatcher = sending;
    workers = table;
    deadLetters = dead;
    looks = files.looks();
    tickAudit = audit;
    starting = starters;
    try {
      services.start(files); // closed last: a move may take long
      services.start(consuming);
      starters.start(services);
      startEvents(term, turn, services);
      services.start(sending.loop());
      services.start(new Loop("turn", turn::runOnce, pulse, turn::waitNanos));
      services.start(new Loop("workers", table::sweepOnce, new Pulse(), WORKER_SWEEP));
      services.start(new Loop("repair", repair::runOnce, new Pulse(), REPAIR_SWEEP));
      services.start(dead.loop());
      services.start(audit.loop());
      services.start(new StatsSweep(node.database.leader(), node.metrics).loop());
      services.start(new Loop("housekeeping", this::keepHouse, new Pulse(), HOUSEKEEPING));
    } catch (Exception e) {
      forget();
      throw e;
    }
    return () -> {
      forget();
      services.close();
      storeLast(table, term.epoch());
    };
  }

  private void startEvents(Term term, Turn turn, Services services) throws Exception {
    if (!node.settings.events().amqp()) {
      EventPublisher.forget(node.database.leader());
      turn.onCommit(onCommit);
      return;
    }
    EventPublisher events =
        services.start(
            new EventPublisher(
                node.name,
                node.settings.rabbit(),
                node.database.leader(),
                term.epoch(),
                node.metrics));
    turn.onCommit(
        () -> {
          events.nudge();
          onCommit.run();
        });
  }

  /** What the repair finds is for the turn: it alone knows how things stand with a run. */
  static BrokerRepair.Findings findings(Turn turn, Pulse pulse) {
    return new BrokerRepair.Findings(
        keys -> {
          turn.dispatching().republish(keys);
          pulse.nudge();
        },
        claims -> {
          turn.hearing().notHeld(claims);
          pulse.nudge();
        },
        claim -> {
          turn.hearing().stillRunning(claim);
          pulse.nudge();
        });
  }

  /** Loads what the last term left: what the broker may not have, and whom to expect. */
  private void takeOver(Term term, Turn turn, WorkerTable table) {
    node.database
        .leader()
        .useHandle(
            handle -> {
              Partitions.ensure(handle); // after days of rest there is none for today
              List<String> known = new ArrayList<>(Stages.runningWorkers(handle));
              Workers.alive(handle).forEach(worker -> known.add(worker.id()));
              table.expect(known);
              long above = term.confirmedAtStart();
              List<Stages.Dispatched> page;
              do {
                page = Stages.queuedAbove(handle, above, REPUBLISH_PAGE);
                turn.dispatching().republish(page.stream().map(Stages.Dispatched::key).toList());
                above = page.isEmpty() ? above : page.getLast().dispatch();
              } while (page.size() == REPUBLISH_PAGE);
            });
  }

  private static void storeLast(WorkerTable table, long epoch) {
    try {
      table.storeLast(epoch);
    } catch (JdbiException | StoreException e) {
      log.info(
          "the workers were not stored at the end of the term cause={}; the next one hears them",
          e.getMessage());
    }
  }

  private boolean keepHouse() {
    return node.database
        .leader()
        .withHandle(
            handle -> {
              Partitions.ensure(handle);
              AuditRows.keep(handle, (int) node.settings.access().auditKeep().toDays());
              Inbox.sweepOutcomes(handle);
              Events.sweep(handle);
              Workers.forgetOld(handle);
              DeadLetters.forgetOld(handle);
              Redrives.forgetOld(handle);
              keepBulkOperations(handle);
              FilesSeen.forgetOrphans(
                  handle, node.clock.micros() - FILES_KEPT.toNanos() / 1_000, FORGET_MAX);
              PlannedStarts.forgetTakenBack(handle);
              QuotaRows.forgetOld(handle);
              JobStats.forgetMinutes(handle);
              forgetCounters(handle);
              Replies.forgetOld(handle);
              return forgetKeys(handle);
            });
  }

  /** Each step asks for the next; should one ever be missing, it is asked for here. */
  private void keepBulkOperations(Handle handle) {
    List<BulkRows.Running> running = BulkRows.running(handle, KEYS_PER_PASS_MAX);
    if (!running.isEmpty()) {
      node.commands.tell(running.stream().map(BulkDesk::step).toList());
    }
    BulkRows.forgetOld(handle, KEYS_PER_PASS_MAX, BULK_PER_PASS_MAX);
  }

  private void forgetCounters(Handle handle) {
    long days = TimeUnit.DAYS.toMillis(COUNTER_DAYS);
    long below = RunId.firstAt(node.clock.micros() / 1_000 - days);
    RunCounters.forget(handle, below, KEYS_PER_PASS_MAX);
  }

  /** Returns true when there are more to forget. */
  private boolean forgetKeys(Handle handle) {
    long days = TimeUnit.DAYS.toMillis(Acceptance.KEY_DAYS);
    long below = RunId.firstAt(node.clock.micros() / 1_000 - days);
    return Acceptance.forgetKeys(handle, below, KEYS_PER_PASS_MAX) == KEYS_PER_PASS_MAX;
  }

  private void forget() {
    current = null;
    currentPulse = null;
    workers = null;
    deadLetters = null;
    looks = null;
    tickAudit = null;
    starting = null;
    dispatcher = null;
  }

  /**
   * Tells this node's turn that the inbox has something.
   *
   * @return false when this node does not lead
   */
  public boolean nudge() {
    Turn turn = current;
    Pulse pulse = currentPulse;
    if (turn == null || pulse == null) {
      return false;
    }
    turn.inboxHint();
    pulse.nudge();
    return true;
  }

  /** Dispatches up to this number are confirmed; -1 when this node does not lead. */
  public long confirmedUpTo() {
    Dispatcher sending = dispatcher;
    return sending == null ? -1 : sending.confirmedUpTo();
  }

  /** The live workers as this leader sees them, or null when this node does not lead. */
  public WorkerTable workers() {
    return workers;
  }

  /** Triggers by files whose last look went so; 0 when this node does not lead. */
  public long filesIn(String state) {
    FileLooks current = looks;
    return current == null ? 0 : current.countIn(state);
  }

  /** Dead letters that nobody has dealt with; 0 when this node does not lead. */
  public int openDeadLetters() {
    DeadLetterSweep sweep = deadLetters;
    return sweep == null ? 0 : sweep.open();
  }

  /** Planned ticks that the ledger does not have; 0 when this node does not lead. */
  public long unaccountedTicks() {
    TickAuditSweep sweep = tickAudit;
    return sweep == null ? 0 : sweep.unaccounted();
  }

  /** Queues whose messages start runs and that are consumed; 0 when this node does not lead. */
  public int queuesConsumed() {
    Starters now = starting;
    return now == null ? 0 : now.consuming();
  }

  /** Queues of triggers that cannot be consumed; 0 when this node does not lead. */
  public int queuesBlocked() {
    Starters now = starting;
    return now == null ? 0 : now.blocked();
  }

  /** Messages that wait for another try; 0 when this node does not lead. */
  public int startMessagesWaiting() {
    Starters now = starting;
    return now == null ? 0 : now.waiting();
  }
}
