package dev.millrace.scheduler.store;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.engine.Superseded;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.LocalDate;
import java.time.format.DateTimeFormatter;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.BiFunction;
import org.jdbi.v3.core.Handle;

/**
 * The tables run, stage, attempt and transition, as the leader writes them: a batch of drafts in a
 * handful of statements. Rows are updated by primary key only; which moves are legal was decided by
 * the engine, that nobody else writes is guarded by the lease. Stateless; the leader's thread and
 * transaction.
 */
public final class Runs {
  private Runs() {}

  private static final String INSERT_RUNS =
      """
      insert into run (id, job, version, state, trigger_kind, trigger, scheduled_for, params, actor, reason,
                       stop_reason, created_at, started_at, finished_at)
      select id, job, version, state, trigger_kind, nullif(trigger, 0), ts(scheduled_for), params, actor, reason,
             stop_reason, ts(created_at), ts(started_at), ts(finished_at)
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (id, job, version, state, trigger_kind, trigger, scheduled_for, params, actor, reason, stop_reason,
              created_at, started_at, finished_at)
      """;

  private static final String UPDATE_RUNS =
      """
      update run_%s r
      set state = u.state, started_at = ts(u.started_at), finished_at = ts(u.finished_at), stop_reason = u.stop_reason
      from unnest(?, ?, ?, ?, ?) as u (id, state, started_at, finished_at, stop_reason)
      where r.id = u.id
      """;

  private static final String INSERT_STAGES =
      """
      insert into stage (run, idx, name, handler, pool, priority, state, attempt, failures, lost, dispatch, worker,
                         due_at, ready_at, queued_at, started_at, finished_at, exit_code, error_class, error, output,
                         checkpoint)
      select run, idx, name, handler, pool, priority, state, attempt, failures, lost, nullif(dispatch, 0), worker,
             ts(due_at), ts(ready_at), ts(queued_at), ts(started_at), ts(finished_at),
             nullif(exit_code, -2147483648), error_class, error, output, checkpoint
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (run, idx, state, attempt, failures, lost, dispatch, worker, due_at, ready_at, queued_at, started_at,
              finished_at, exit_code, error_class, error, output, checkpoint, name, handler, pool, priority)
      """;

  /**
   * {@code was_attempt} is a belt to the lease's braces: a row that moved on under us is not
   * matched.
   */
  private static final String UPDATE_STAGES =
      """
      update stage_%s s
      set state = u.state, attempt = u.attempt, failures = u.failures, lost = u.lost, dispatch = nullif(u.dispatch, 0),
          worker = u.worker, due_at = ts(u.due_at), ready_at = ts(u.ready_at), queued_at = ts(u.queued_at),
          started_at = ts(u.started_at), finished_at = ts(u.finished_at),
          exit_code = nullif(u.exit_code, -2147483648), error_class = u.error_class, error = u.error,
          output = u.output, checkpoint = u.checkpoint
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (run, idx, state, attempt, failures, lost, dispatch, worker, due_at, ready_at, queued_at, started_at,
              finished_at, exit_code, error_class, error, output, checkpoint, was_attempt)
      where s.run = u.run and s.idx = u.idx and s.attempt = u.was_attempt
      """;

  private static final String INSERT_ATTEMPTS =
      """
      insert into attempt (run, idx, attempt, outcome, worker, queued_at, started_at, finished_at, exit_code,
                           error_class, error)
      select run, idx, attempt, outcome, worker, ts(queued_at), ts(started_at), ts(finished_at),
             nullif(exit_code, -2147483648), error_class, error
      from unnest(?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        as u (run, idx, attempt, outcome, worker, queued_at, started_at, finished_at, exit_code, error_class, error)
      """;

  private static final String INSERT_TRANSITIONS =
      """
      insert into transition (run, job, epoch, at, moves)
      select run, job, epoch, ts(at), moves from unnest(?, ?, ?, ?, ?) as u (run, job, epoch, at, moves)
      """;

  private static final String LOAD_RUNS =
      """
      select id, job, version, state, trigger_kind, coalesce(trigger, 0), micros(scheduled_for), params, actor, reason,
             stop_reason, micros(created_at), micros(started_at), micros(finished_at)
      from run
      where id = any (:ids)
      """;

  private static final String LOAD_STAGES =
      """
      select run, idx, state, attempt, failures, lost, coalesce(dispatch, 0), worker, micros(due_at), micros(ready_at),
             micros(queued_at), micros(started_at), micros(finished_at), exit_code, error_class, error, output,
             checkpoint
      from stage
      where run = any (:ids)
      """;

  private static final int NO_EXIT_CODE = Integer.MIN_VALUE;

  /** Writes a batch of drafts, in the transaction that checked the lease. */
  public static void write(Handle tx, Collection<Draft> drafts, long epoch, long now) {
    insertRuns(tx, drafts);
    insertStages(tx, drafts);
    Map<String, List<Draft>> byDay = new HashMap<>();
    for (Draft draft : drafts) {
      if (!draft.isNew()) {
        byDay.computeIfAbsent(dayOf(draft.run().id()), any -> new ArrayList<>()).add(draft);
      }
    }
    byDay.forEach((day, old) -> updateRuns(tx, day, old));
    byDay.forEach((day, old) -> updateStages(tx, day, old));
    insertAttempts(tx, drafts);
    insertTransitions(tx, drafts, epoch, now);
  }

  private static void insertRuns(Handle tx, Collection<Draft> drafts) {
    Columns columns = new Columns();
    var ids = columns.longs();
    var jobs = columns.longs();
    var versions = columns.ints();
    var states = columns.texts();
    var kinds = columns.texts();
    var triggers = columns.longs();
    var scheduled = columns.longs();
    var params = columns.texts();
    var actors = columns.texts();
    var reasons = columns.texts();
    var stopReasons = columns.texts();
    var created = columns.longs();
    var started = columns.longs();
    var finished = columns.longs();
    int rows = 0;
    for (Draft draft : drafts) {
      if (!draft.isNew()) {
        continue;
      }
      Run run = draft.run();
      ids.add(run.id());
      jobs.add(run.plan().job());
      versions.add(run.plan().version());
      states.add(run.state().name());
      kinds.add(run.triggerKind());
      triggers.add(run.trigger());
      scheduled.add(run.scheduledFor());
      params.add(run.params());
      actors.add(run.actor());
      reasons.add(run.reason());
      stopReasons.add(run.stopReason());
      created.add(run.createdAt());
      started.add(run.startedAt());
      finished.add(run.finishedAt());
      rows++;
    }
    run(tx, columns, INSERT_RUNS, rows);
  }

  private static void updateRuns(Handle tx, String day, Collection<Draft> drafts) {
    Columns columns = new Columns();
    var ids = columns.longs();
    var states = columns.texts();
    var started = columns.longs();
    var finished = columns.longs();
    var stopReasons = columns.texts();
    int rows = 0;
    for (Draft draft : drafts) {
      if (draft.isNew() || !draft.runChanged()) {
        continue;
      }
      Run run = draft.run();
      ids.add(run.id());
      states.add(run.state().name());
      started.add(run.startedAt());
      finished.add(run.finishedAt());
      stopReasons.add(run.stopReason());
      rows++;
    }
    run(tx, columns, UPDATE_RUNS.formatted(day), rows);
  }

  private static void insertStages(Handle tx, Collection<Draft> drafts) {
    StageColumns rows = new StageColumns();
    var names = rows.columns.texts();
    var handlers = rows.columns.texts();
    var pools = rows.columns.texts();
    var priorities = rows.columns.ints();
    for (Draft draft : drafts) {
      if (!draft.isNew()) {
        continue;
      }
      Plan plan = draft.run().plan();
      for (int i = 0; i < plan.size(); i++) {
        rows.add(draft.run().id(), i, draft.stage(i));
        StageDefinition definition = plan.stage(i);
        names.add(definition.id());
        handlers.add(definition.handler());
        pools.add(definition.pool());
        priorities.add(plan.definition().priority());
      }
    }
    run(tx, rows.columns, INSERT_STAGES, rows.size);
  }

  private static void updateStages(Handle tx, String day, Collection<Draft> drafts) {
    StageColumns rows = new StageColumns();
    var wasAttempts = rows.columns.ints();
    for (Draft draft : drafts) {
      if (draft.isNew()) {
        continue;
      }
      var changed = draft.changedStages();
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        rows.add(draft.run().id(), i, draft.stage(i));
        wasAttempts.add(draft.stageBefore(i).attempt());
      }
    }
    run(tx, rows.columns, UPDATE_STAGES.formatted(day), rows.size);
  }

  private static void insertAttempts(Handle tx, Collection<Draft> drafts) {
    Columns columns = new Columns();
    var runs = columns.longs();
    var indexes = columns.ints();
    var attempts = columns.ints();
    var outcomes = columns.texts();
    var workers = columns.texts();
    var queued = columns.longs();
    var started = columns.longs();
    var finished = columns.longs();
    var exitCodes = columns.ints();
    var errorClasses = columns.texts();
    var errors = columns.texts();
    int rows = 0;
    for (Draft draft : drafts) {
      for (Superseded old : draft.superseded()) {
        runs.add(draft.run().id());
        indexes.add(old.index());
        attempts.add(old.stage().attempt());
        outcomes.add(old.outcome());
        workers.add(old.worker());
        queued.add(old.stage().queuedAt());
        started.add(old.stage().startedAt());
        finished.add(old.finishedAt());
        exitCodes.add(old.exitCode() == null ? NO_EXIT_CODE : old.exitCode());
        errorClasses.add(old.errorClass());
        errors.add(old.error());
        rows++;
      }
    }
    run(tx, columns, INSERT_ATTEMPTS, rows);
  }

  private static void insertTransitions(Handle tx, Collection<Draft> drafts, long epoch, long now) {
    Columns columns = new Columns();
    var runs = columns.longs();
    var jobs = columns.longs();
    var epochs = columns.longs();
    var ats = columns.longs();
    var moves = columns.texts();
    int rows = 0;
    for (Draft draft : drafts) {
      if (draft.hasMoves()) {
        runs.add(draft.run().id());
        jobs.add(draft.run().plan().job());
        epochs.add(epoch);
        ats.add(now);
        moves.add(draft.movesJson());
        rows++;
      }
    }
    run(tx, columns, INSERT_TRANSITIONS, rows);
  }

  private static void run(Handle tx, Columns columns, String sql, int rows) {
    if (rows == 0) {
      return;
    }
    int written = columns.execute(tx, sql);
    if (written != rows) {
      throw new StoreException(
          "a batch of "
              + rows
              + " rows wrote "
              + written
              + ": rows are not as this leader knows them; the batch is rolled back and read again");
    }
  }

  /**
   * The day partition of an id, as ensure_partitions names it. Updates go to the partition itself:
   * through the parent each row costs a walk over all partitions (17 against 10 microseconds a row,
   * measured 2026-11-22 on PG 15), and a range condition that would prune them makes the planner
   * prefer it to the key.
   */
  private static String dayOf(long id) {
    long epochDay = Math.floorDiv((id >> 22) + RunId.EPOCH_MILLIS, 86_400_000L);
    return LocalDate.ofEpochDay(epochDay).format(DateTimeFormatter.BASIC_ISO_DATE);
  }

  /** The columns that an inserted and an updated stage share, in the statements' order. */
  private static final class StageColumns {
    final Columns columns = new Columns();
    private final Columns.Longs runs = columns.longs();
    private final Columns.Ints indexes = columns.ints();
    private final Columns.Texts states = columns.texts();
    private final Columns.Ints attempts = columns.ints();
    private final Columns.Ints failures = columns.ints();
    private final Columns.Ints lost = columns.ints();
    private final Columns.Longs dispatches = columns.longs();
    private final Columns.Texts workers = columns.texts();
    private final Columns.Longs due = columns.longs();
    private final Columns.Longs ready = columns.longs();
    private final Columns.Longs queued = columns.longs();
    private final Columns.Longs started = columns.longs();
    private final Columns.Longs finished = columns.longs();
    private final Columns.Ints exitCodes = columns.ints();
    private final Columns.Texts errorClasses = columns.texts();
    private final Columns.Texts errors = columns.texts();
    private final Columns.Texts outputs = columns.texts();
    private final Columns.Texts checkpoints = columns.texts();
    int size;

    void add(long run, int index, Stage stage) {
      runs.add(run);
      indexes.add(index);
      states.add(stage.state().name());
      attempts.add(stage.attempt());
      failures.add(stage.failures());
      lost.add(stage.lost());
      dispatches.add(stage.dispatch());
      workers.add(stage.worker());
      due.add(stage.dueAt());
      ready.add(stage.readyAt());
      queued.add(stage.queuedAt());
      started.add(stage.startedAt());
      finished.add(stage.finishedAt());
      exitCodes.add(stage.exitCode() == null ? NO_EXIT_CODE : stage.exitCode());
      errorClasses.add(stage.errorClass());
      errors.add(stage.error());
      outputs.add(stage.output());
      checkpoints.add(stage.checkpoint());
      size++;
    }
  }

  /**
   * Reads runs with all their stages.
   *
   * @param plans gives the compiled version (job, version)
   * @return by id; ids that do not exist are missing
   */
  public static Map<Long, Run> load(
      Handle tx, Collection<Long> ids, BiFunction<Long, Integer, Plan> plans) {
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

  private static Run run(
      ResultSet row, Map<Long, List<StageRow>> stages, BiFunction<Long, Integer, Plan> plans)
      throws SQLException {
    long id = row.getLong(1);
    Plan plan = plans.apply(row.getLong(2), row.getInt(3));
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
        all);
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
            row.getLong(10),
            row.getLong(11),
            row.getLong(12),
            row.getLong(13),
            exitCodeOrNull,
            row.getString(15),
            row.getString(16),
            row.getString(17),
            row.getString(18)));
  }
}
