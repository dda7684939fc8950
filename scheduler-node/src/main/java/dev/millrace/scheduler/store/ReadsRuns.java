package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;
import static dev.millrace.scheduler.store.ReadsRows.integer;
import static dev.millrace.scheduler.store.ReadsRows.number;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/** What the API reads of runs, their stages and history. Stateless; the caller's thread. */
public final class ReadsRuns {
  private ReadsRuns() {}

  /** A run; {@code definition} is null in lists. */
  public record Run(
      long id,
      long jobId,
      String namespace,
      String job,
      String jobState,
      int version,
      String state,
      String trigger,
      Instant scheduledFor,
      String params,
      String actor,
      String reason,
      String stopReason,
      Instant createdAt,
      Instant startedAt,
      Instant finishedAt,
      String definition,
      ReadsJobs.PatternVersion pattern,
      Extra extra) {}

  /**
   * What few runs have; nulls and zeros elsewhere.
   *
   * @param parent the run whose stage waits for this one, or null
   * @param parentStage that stage's id; null too when its day was dropped
   * @param pauses bits of who paused it
   * @param marks bits of the run's marks
   */
  public record Extra(
      Long parent,
      Integer parentIndex,
      String parentStage,
      Integer item,
      String itemJson,
      String key,
      String orchestration,
      Instant dueAt,
      Instant endsAt,
      Instant pausedAt,
      int pauses,
      int marks) {}

  /** A stage with what its running attempt says of itself. */
  public record Stage(
      long run,
      int index,
      String name,
      String handler,
      String pool,
      int priority,
      String state,
      int attempt,
      int failures,
      int lost,
      String worker,
      Instant dueAt,
      Instant readyAt,
      Instant queuedAt,
      Instant startedAt,
      Instant finishedAt,
      Integer exitCode,
      String errorClass,
      String error,
      String output,
      Integer percent,
      String message,
      Long restMicros,
      int marks,
      String fan) {}

  /** A superseded attempt of a stage. */
  public record Attempt(
      int index,
      int attempt,
      String outcome,
      String worker,
      Instant queuedAt,
      Instant startedAt,
      Instant finishedAt,
      Integer exitCode,
      String errorClass,
      String error) {}

  /** A row of the transition log. */
  public record Transition(long seq, long run, long job, long epoch, Instant at, String moves) {}

  private static final String COLUMNS =
      """
      r.id, r.job, j.namespace, j.name, j.state as job_state, r.version, r.state, r.trigger_kind,
        r.scheduled_for, r.params, r.actor, r.reason, r.stop_reason, r.created_at, r.started_at,
        r.finished_at, r.parent, r.parent_idx, %s as parent_stage, r.item, r.item_json, r.key, r.orchestration,
        r.due_at, r.ends_at, r.paused_at, coalesce(r.pauses, 0) as pauses, coalesce(r.marks, 0) as marks
      """;

  static final String RUN_COLUMNS =
      COLUMNS.formatted(
          "(select a.name from stage a where a.run = r.parent and a.idx = r.parent_idx)");

  /** The same of runs that no stage waits for: to plan a look for one in every day takes longer. */
  static final String ROOT_COLUMNS = COLUMNS.formatted("cast(null as text)");

  private static final String FIND =
      "select "
          + RUN_COLUMNS
          + """
          , v.definition, v.pattern_version, p.namespace as pattern_namespace, p.name as pattern_name
          from run r
          join job j on j.id = r.job
          join job_version v on v.job = r.job and v.version = r.version
          left join pattern p on p.id = v.pattern
          where r.id = :id
          """;

  private static final String DEFINITIONS =
      """
      select v.job, v.version, v.definition, v.pattern_version, p.namespace as pattern_namespace,
        p.name as pattern_name
      from unnest(:jobs, :versions) as k (job, version)
      join job_version v on v.job = k.job and v.version = k.version
      left join pattern p on p.id = v.pattern
      """;

  private static final String CHILDREN =
      "select "
          + RUN_COLUMNS
          + """
          from run r join job j on j.id = r.job
          where r.parent = :parent and (cast(:stage as int) is null or r.parent_idx = :stage)
            and (cardinality(:states) = 0 or r.state = any (:states))
            and (r.parent_idx, coalesce(r.item, -1), r.id) > (:afterStage, :afterItem, :afterId)
          order by r.parent_idx, coalesce(r.item, -1), r.id limit :limit
          """;

  private static final String STAGES =
      """
      select s.*, p.percent, p.message
      from stage s
      left join progress p on p.run = s.run and p.stage = s.name and p.attempt = s.attempt
      where s.run = any (:runs)
      order by s.run, s.idx
      """;

  private static final String ATTEMPTS =
      "select * from attempt where run = :run order by idx, attempt limit :limit";

  private static final String HISTORY =
      """
      select seq, run, job, epoch, at, moves from history
      where run = :run and seq > :after order by seq limit :limit
      """;

  public static Optional<Run> find(Handle handle, long id) {
    return handle
        .createQuery(FIND)
        .bind("id", id)
        .map((row, context) -> with(run(row), row.getString("definition"), ReadsJobs.pattern(row)))
        .findOne();
  }

  /** Definitions of the versions that these runs have, in no promised order, each once or more. */
  public static List<Run> withDefinitions(Handle handle, List<Run> runs) {
    record Key(long job, int version) {}
    List<Key> keys = runs.stream().map(r -> new Key(r.jobId(), r.version())).distinct().toList();
    record Version(String definition, ReadsJobs.PatternVersion pattern) {}
    var found = new java.util.HashMap<Key, Version>();
    handle
        .createQuery(DEFINITIONS)
        .bindArray("jobs", Long.class, keys.stream().map(Key::job).toList())
        .bindArray("versions", Integer.class, keys.stream().map(Key::version).toList())
        .map(
            (row, context) ->
                found.put(
                    new Key(row.getLong("job"), row.getInt("version")),
                    new Version(row.getString("definition"), ReadsJobs.pattern(row))))
        .list();
    return runs.stream()
        .map(
            r -> {
              Version version = found.get(new Key(r.jobId(), r.version()));
              return version == null ? r : with(r, version.definition(), version.pattern());
            })
        .toList();
  }

  /** A place among the runs that a run's stages wait for. */
  public record ChildPlace(int stage, int item, long id) {
    public static final ChildPlace BEFORE_ALL = new ChildPlace(-1, -2, -1);
  }

  /**
   * Runs that stages of a run wait for, by stage and item.
   *
   * @param stage of this stage only, or null
   * @param states in one of these only; empty for any
   */
  public static List<Run> children(
      Handle handle, long parent, Integer stage, List<String> states, ChildPlace after, int limit) {
    return handle
        .createQuery(CHILDREN)
        .bind("parent", parent)
        .bind("stage", stage)
        .bindArray("states", String.class, states)
        .bind("afterStage", after.stage())
        .bind("afterItem", after.item())
        .bind("afterId", after.id())
        .bind("limit", limit)
        .map((row, context) -> run(row))
        .list();
  }

  public static List<Stage> stages(Handle handle, List<Long> runs) {
    return handle
        .createQuery(STAGES)
        .bindArray("runs", Long.class, runs)
        .map((row, context) -> stage(row))
        .list();
  }

  public static List<Attempt> attempts(Handle handle, long run, int limit) {
    return handle
        .createQuery(ATTEMPTS)
        .bind("run", run)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Attempt(
                    row.getInt("idx"),
                    row.getInt("attempt"),
                    row.getString("outcome"),
                    row.getString("worker"),
                    instant(row, "queued_at"),
                    instant(row, "started_at"),
                    instant(row, "finished_at"),
                    integer(row, "exit_code"),
                    row.getString("error_class"),
                    row.getString("error")))
        .list();
  }

  /** The run's rows of the transition log above {@code after}, oldest first. */
  public static List<Transition> history(Handle handle, long run, long after, int limit) {
    return handle
        .createQuery(HISTORY)
        .bind("run", run)
        .bind("after", after)
        .bind("limit", limit)
        .map((row, context) -> transition(row))
        .list();
  }

  static Transition transition(ResultSet row) throws SQLException {
    return new Transition(
        row.getLong("seq"),
        row.getLong("run"),
        row.getLong("job"),
        row.getLong("epoch"),
        instant(row, "at"),
        row.getString("moves"));
  }

  static Run run(ResultSet row) throws SQLException {
    return new Run(
        row.getLong("id"),
        row.getLong("job"),
        row.getString("namespace"),
        row.getString("name"),
        row.getString("job_state"),
        row.getInt("version"),
        row.getString("state"),
        row.getString("trigger_kind"),
        instant(row, "scheduled_for"),
        row.getString("params"),
        row.getString("actor"),
        row.getString("reason"),
        row.getString("stop_reason"),
        instant(row, "created_at"),
        instant(row, "started_at"),
        instant(row, "finished_at"),
        null,
        null,
        new Extra(
            number(row, "parent"),
            integer(row, "parent_idx"),
            row.getString("parent_stage"),
            integer(row, "item"),
            row.getString("item_json"),
            row.getString("key"),
            row.getString("orchestration"),
            instant(row, "due_at"),
            instant(row, "ends_at"),
            instant(row, "paused_at"),
            row.getInt("pauses"),
            row.getInt("marks")));
  }

  private static Run with(Run run, String definition, ReadsJobs.PatternVersion pattern) {
    return new Run(
        run.id(),
        run.jobId(),
        run.namespace(),
        run.job(),
        run.jobState(),
        run.version(),
        run.state(),
        run.trigger(),
        run.scheduledFor(),
        run.params(),
        run.actor(),
        run.reason(),
        run.stopReason(),
        run.createdAt(),
        run.startedAt(),
        run.finishedAt(),
        definition,
        pattern,
        run.extra());
  }

  private static Stage stage(ResultSet row) throws SQLException {
    return new Stage(
        row.getLong("run"),
        row.getInt("idx"),
        row.getString("name"),
        row.getString("handler"),
        row.getString("pool"),
        row.getInt("priority"),
        row.getString("state"),
        row.getInt("attempt"),
        row.getInt("failures"),
        row.getInt("lost"),
        row.getString("worker"),
        instant(row, "due_at"),
        instant(row, "ready_at"),
        instant(row, "queued_at"),
        instant(row, "started_at"),
        instant(row, "finished_at"),
        integer(row, "exit_code"),
        row.getString("error_class"),
        row.getString("error"),
        row.getString("output"),
        integer(row, "percent"),
        row.getString("message"),
        number(row, "rest_micros"),
        row.getInt("marks"),
        row.getString("fan"));
  }
}
