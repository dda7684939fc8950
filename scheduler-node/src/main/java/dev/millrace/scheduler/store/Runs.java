package dev.millrace.scheduler.store;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Fan;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Superseded;
import dev.millrace.scheduler.store.Batch.Kind;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The tables run, stage, attempt and the log, as the leader writes them: a batch of drafts in a
 * handful of statements. Rows are updated by primary key only; which moves are legal was decided by
 * the engine, that nobody else writes is guarded by the lease. Stateless; the leader's thread and
 * transaction.
 */
public final class Runs {
  private Runs() {}

  private static final String LOAD_RUNS =
      """
      select id, job, version, state, trigger_kind, coalesce(trigger, 0), micros(scheduled_for), params, actor, reason,
             stop_reason, micros(created_at), micros(started_at), micros(finished_at),
             coalesce(part, -1), key, coalesce(parent, 0), parent_idx, parent_attempt, coalesce(item, -1), item_json,
             depth, micros(due_at), micros(ends_at), micros(paused_at), coalesce(paused_micros, 0),
             coalesce(pauses, 0), coalesce(marks, 0), orchestration, coalesce(priority, 0)
      from run
      where id = any (:ids)
      """;

  private static final String LOAD_STAGES =
      """
      select run, idx, state, attempt, failures, lost, coalesce(dispatch, 0), worker, micros(due_at), micros(ready_at),
             micros(queued_at), micros(started_at), micros(finished_at), exit_code, error_class, error, output,
             checkpoint, coalesce(rest_micros, -1), coalesce(marks, 0), fan
      from stage
      where run = any (:ids)
      """;

  private static final String EXISTING = "select id from run where id = any (:ids)";

  private static final String KEEP_OLD_ENDS =
      """
      insert into transition (run, seq) select id, ended from run where id = any (:ids) and ended is not null
      """;

  private static final String RENEW = "update run set version = :version where id = :id";

  private static final String FORGET_ENDS = "update run set ended = null where id = any (:ids)";

  /** Gives a run another version of its job, whose stages have to be the same. */
  public static void renew(Handle tx, long run, int version) {
    tx.createUpdate(RENEW).bind("id", run).bind("version", version).execute();
  }

  /** Those of these ids that are runs. */
  public static Set<Long> existing(Handle tx, Collection<Long> ids) {
    return ids.isEmpty()
        ? Set.of()
        : Set.copyOf(
            tx.createQuery(EXISTING)
                .bindArray("ids", Long.class, List.copyOf(ids))
                .mapTo(Long.class)
                .list());
  }

  /** Writes a batch of drafts, in the transaction that checked the lease. */
  public static void write(Handle tx, Collection<Draft> drafts, long epoch, long now) {
    Map<Long, Long> seqs = writeLog(tx, drafts, epoch, now);
    Map<Long, List<Draft>> fresh = new HashMap<>();
    Map<Long, List<Draft>> known = new HashMap<>();
    for (Draft draft : drafts) {
      (draft.isNew() ? fresh : known)
          .computeIfAbsent(Days.epochDay(draft.run().id()), any -> new ArrayList<>())
          .add(draft);
    }
    fresh.forEach(
        (day, some) -> {
          insertRuns(tx, day, some, seqs);
          insertStages(tx, day, some);
        });
    keepOldEnds(tx, drafts);
    known.forEach(
        (day, some) -> {
          updateRuns(tx, day, some, seqs);
          updateStages(tx, day, some);
          insertAttempts(tx, day, some);
        });
  }

  /** Returns the seq of each run that moved. */
  private static Map<Long, Long> writeLog(
      Handle tx, Collection<Draft> drafts, long epoch, long now) {
    List<Draft> moved = drafts.stream().filter(Draft::hasMoves).toList();
    List<TransitionLog.Entry> entries = new ArrayList<>(moved.size());
    for (Draft draft : moved) {
      entries.add(
          new TransitionLog.Entry(draft.run().id(), draft.run().plan().job(), draft.movesJson()));
    }
    long[] seqs = TransitionLog.write(tx, entries, epoch, now);
    Map<Long, Long> byRun = HashMap.newHashMap(seqs.length);
    List<Long> between = new ArrayList<>();
    List<Long> betweenSeqs = new ArrayList<>();
    for (int i = 0; i < seqs.length; i++) {
      Draft draft = moved.get(i);
      byRun.put(draft.run().id(), seqs[i]);
      if (!draft.isNew() && !draft.ends()) {
        between.add(draft.run().id());
        betweenSeqs.add(seqs[i]);
      }
    }
    TransitionLog.locate(tx, between, betweenSeqs);
    return byRun;
  }

  /** A run that goes on after its end: where it ended is then one of the places between. */
  private static void keepOldEnds(Handle tx, Collection<Draft> drafts) {
    List<Long> reopened =
        drafts.stream().filter(Draft::reopens).map(draft -> draft.run().id()).toList();
    if (!reopened.isEmpty()) {
      tx.createUpdate(KEEP_OLD_ENDS).bindArray("ids", Long.class, reopened).execute();
      tx.createUpdate(FORGET_ENDS).bindArray("ids", Long.class, reopened).execute();
    }
  }

  private static void insertRuns(Handle tx, long day, List<Draft> drafts, Map<Long, Long> seqs) {
    Batch rows = new Batch();
    var id = rows.numbers("id", Kind.LONG);
    var job = rows.numbers("job", Kind.LONG);
    var version = rows.numbers("version", Kind.INT);
    var state = rows.texts("state");
    var kind = rows.texts("trigger_kind");
    var trigger = rows.numbers("trigger", Kind.LONG_OR_NULL);
    var scheduled = rows.numbers("scheduled_for", Kind.INSTANT);
    var params = rows.texts("params");
    var actor = rows.texts("actor");
    var reason = rows.texts("reason");
    var stopReason = rows.texts("stop_reason");
    var created = rows.numbers("created_at", Kind.INSTANT);
    var started = rows.numbers("started_at", Kind.INSTANT);
    var finished = rows.numbers("finished_at", Kind.INSTANT);
    var born = rows.numbers("born", Kind.LONG);
    var key = rows.texts("key");
    var orchestration = rows.texts("orchestration");
    var priority = rows.numbers("priority", Kind.INT_UNLESS_ZERO);
    ParentColumns parents = new ParentColumns(rows);
    ClockColumns clocks = new ClockColumns(rows);
    for (Draft draft : drafts) {
      Run run = draft.run();
      id.add(run.id());
      born.add(seqs.get(run.id()));
      job.add(run.plan().job());
      version.add(run.plan().version());
      state.add(run.state().name());
      kind.add(run.triggerKind());
      trigger.add(run.trigger());
      scheduled.add(run.scheduledFor());
      params.add(run.params());
      actor.add(run.actor());
      reason.add(run.reason());
      stopReason.add(run.stopReason());
      created.add(run.createdAt());
      started.add(run.startedAt());
      finished.add(run.finishedAt());
      key.add(run.key());
      orchestration.add(run.orchestration());
      priority.add(run.clock().ownPriority());
      parents.add(run);
      clocks.add(run.clock());
    }
    rows.insertInto(tx, Days.partition("run", day), drafts.size());
  }

  private static void updateRuns(Handle tx, long day, List<Draft> drafts, Map<Long, Long> seqs) {
    Batch rows = new Batch();
    var id = rows.key("id", Kind.LONG);
    var state = rows.texts("state");
    var started = rows.numbers("started_at", Kind.INSTANT);
    var finished = rows.numbers("finished_at", Kind.INSTANT);
    var stopReason = rows.texts("stop_reason");
    var ended = rows.numbers("ended", Kind.LONG_OR_KEPT);
    ClockColumns clocks = new ClockColumns(rows);
    int size = 0;
    for (Draft draft : drafts) {
      if (!draft.runChanged()) {
        continue;
      }
      Run run = draft.run();
      Run before = draft.before();
      id.add(run.id());
      state.add(run.state().name(), before.state().name());
      started.add(run.startedAt(), before.startedAt());
      finished.add(run.finishedAt(), before.finishedAt());
      stopReason.add(run.stopReason(), before.stopReason());
      ended.add(draft.ends() ? seqs.get(run.id()) : 0);
      clocks.add(run.clock(), before.clock());
      size++;
    }
    rows.update(tx, Days.partition("run", day), size);
  }

  private static void insertStages(Handle tx, long day, List<Draft> drafts) {
    Batch rows = new Batch();
    var run = rows.numbers("run", Kind.LONG);
    var index = rows.numbers("idx", Kind.INT);
    var name = rows.texts("name");
    var handler = rows.texts("handler");
    var pool = rows.texts("pool");
    var priority = rows.numbers("priority", Kind.INT);
    var namespace = rows.texts("namespace");
    StageColumns columns = new StageColumns(rows);
    int size = 0;
    for (Draft draft : drafts) {
      Plan plan = draft.run().plan();
      for (int i = 0; i < plan.size(); i++) {
        StageDefinition definition = plan.stage(i);
        run.add(draft.run().id());
        index.add(i);
        name.add(definition.id());
        handler.add(definition.handler());
        pool.add(definition.pool());
        priority.add(draft.run().priority());
        namespace.add(plan.definition().namespace());
        columns.add(draft.stage(i));
        size++;
      }
    }
    rows.insertInto(tx, Days.partition("stage", day), size);
  }

  /** The attempt in the key is a belt to the lease's braces: a row that moved on is not matched. */
  private static void updateStages(Handle tx, long day, List<Draft> drafts) {
    Batch rows = new Batch();
    var run = rows.key("run", Kind.LONG);
    var index = rows.key("idx", Kind.INT);
    var attempt = rows.key("attempt", Kind.INT);
    StageColumns columns = new StageColumns(rows);
    int size = 0;
    for (Draft draft : drafts) {
      var changed = draft.changedStages();
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        Stage before = draft.stageBefore(i);
        run.add(draft.run().id());
        index.add(i);
        attempt.add(before.attempt());
        columns.add(draft.stage(i), before);
        size++;
      }
    }
    rows.update(tx, Days.partition("stage", day), size);
  }

  private static void insertAttempts(Handle tx, long day, List<Draft> drafts) {
    Batch rows = new Batch();
    var run = rows.numbers("run", Kind.LONG);
    var index = rows.numbers("idx", Kind.INT);
    var attempt = rows.numbers("attempt", Kind.INT);
    var outcome = rows.texts("outcome");
    var worker = rows.texts("worker");
    var queued = rows.numbers("queued_at", Kind.INSTANT);
    var started = rows.numbers("started_at", Kind.INSTANT);
    var finished = rows.numbers("finished_at", Kind.INSTANT);
    var exitCode = rows.numbers("exit_code", Kind.INT_OR_NULL);
    var errorClass = rows.texts("error_class");
    var error = rows.texts("error");
    int size = 0;
    for (Draft draft : drafts) {
      for (Superseded old : draft.superseded()) {
        run.add(draft.run().id());
        index.add(old.index());
        attempt.add(old.stage().attempt());
        outcome.add(old.outcome());
        worker.add(old.worker());
        queued.add(old.stage().queuedAt());
        started.add(old.stage().startedAt());
        finished.add(old.finishedAt());
        exitCode.add(StageColumns.orNone(old.exitCode()));
        errorClass.add(old.errorClass());
        error.add(old.error());
        size++;
      }
    }
    rows.insertInto(tx, Days.partition("attempt", day), size);
  }

  /**
   * Reads runs with all their stages.
   *
   * @param plans gives the compiled version, or the part of it that an item's run has
   * @return by id; ids that do not exist are missing
   */
  public static Map<Long, Run> load(Handle tx, Collection<Long> ids, Plans plans) {
    if (ids.isEmpty()) {
      return Map.of();
    }
    Map<Long, List<StageRow>> stages = new HashMap<>();
    tx.createQuery(LOAD_STAGES)
        .bindArray("ids", Long.class, List.copyOf(ids))
        .map((row, context) -> stageRow(row))
        .forEach(row -> stages.computeIfAbsent(row.run, any -> new ArrayList<>()).add(row));
    Map<Long, Run> runs = new HashMap<>();
    tx.createQuery(LOAD_RUNS)
        .bindArray("ids", Long.class, List.copyOf(ids))
        .map((row, context) -> run(row, stages, plans))
        .forEach(run -> runs.put(run.id(), run));
    return runs;
  }

  private record StageRow(long run, int index, Stage stage) {}

  private static Run run(ResultSet row, Map<Long, List<StageRow>> stages, Plans plans)
      throws SQLException {
    long id = row.getLong(1);
    Plan plan = plans.find(row.getLong(2), row.getInt(3), row.getInt(15));
    Stage[] all = new Stage[plan.size()];
    for (StageRow stage : stages.getOrDefault(id, List.of())) {
      all[stage.index] = stage.stage;
    }
    return new Run(
        id,
        plan,
        RunState.valueOf(row.getString(4)),
        row.getString(5),
        row.getLong(6),
        row.getLong(7),
        row.getString(8),
        row.getString(9),
        row.getString(10),
        row.getString(11),
        row.getLong(12),
        row.getLong(13),
        row.getLong(14),
        parent(row),
        row.getString(16),
        row.getString(29),
        clock(row),
        all);
  }

  private static Run.Parent parent(ResultSet row) throws SQLException {
    long parent = row.getLong(17);
    return parent == 0
        ? null
        : new Run.Parent(
            parent,
            row.getInt(18),
            row.getInt(19),
            row.getInt(20),
            row.getString(21),
            row.getInt(22));
  }

  private static RunClock clock(ResultSet row) throws SQLException {
    RunClock clock =
        new RunClock(
            row.getLong(23),
            row.getLong(24),
            row.getLong(25),
            row.getLong(26),
            row.getInt(27),
            row.getInt(28));
    int priority = row.getInt(30);
    clock = priority == 0 ? clock : clock.withOwnPriority(priority);
    return clock.equals(RunClock.NONE) ? RunClock.NONE : clock;
  }

  private static StageRow stageRow(ResultSet row) throws SQLException {
    int exitCode = row.getInt(14);
    Integer exitCodeOrNull = row.wasNull() ? null : exitCode;
    return new StageRow(
        row.getLong(1),
        row.getInt(2),
        new Stage(
            StageState.valueOf(row.getString(3)),
            row.getInt(4),
            row.getInt(5),
            row.getInt(6),
            row.getLong(7),
            row.getString(8),
            row.getLong(9),
            row.getLong(19),
            row.getLong(10),
            row.getLong(11),
            row.getLong(12),
            row.getLong(13),
            exitCodeOrNull,
            row.getString(15),
            row.getString(16),
            row.getString(17),
            row.getString(18),
            row.getInt(20),
            Fan.parse(row.getString(21))));
  }
}
