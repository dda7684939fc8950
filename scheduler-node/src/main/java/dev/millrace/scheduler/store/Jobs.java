package dev.millrace.scheduler.store;

import dev.millrace.lifecycle.JobState;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * The tables job, job_version and trigger, as the leader writes them. Stateless; the caller's
 * transaction.
 */
public final class Jobs {
  private Jobs() {}

  /** A job's own row. */
  public record Row(
      long id, String namespace, String name, JobState state, int version, String source) {}

  /** A trigger's own row; {@code nextAt} in microseconds, 0 when it has no next tick. */
  public record TriggerRow(
      long id, long job, int position, String kind, String spec, long nextAt) {}

  private static final String FIND =
      """
      select id, namespace, name, state, version, source from job
      where namespace = :namespace and name = :name and state <> 'ARCHIVED'
      """;

  private static final String FIND_ID =
      "select id, namespace, name, state, version, source from job where id = :id";

  private static final String WAS_ARCHIVED =
      """
      select exists (
        select 1 from job where namespace = :namespace and name = :name and state = 'ARCHIVED')
      """;

  private static final String FIND_LAST =
      """
      select id, namespace, name, state, version, source from job
      where namespace = :namespace and name = :name order by (state = 'ARCHIVED'), id desc limit 1
      """;

  private static final String ANY_PAUSED =
      "select exists (select 1 from job where state = 'PAUSED')";

  private static final String OF_SOURCE =
      """
      select id, namespace, name, state, version, source from job
      where starts_with(source, :prefix) and state <> 'ARCHIVED'
      order by id
      """;

  private static final String ALL_ARMED =
      """
      select id, namespace, name, state, version, source from job where state <> 'ARCHIVED' order by id
      """;

  private static final String INSERT =
      """
      insert into job (namespace, name, state, version, source, created_at, updated_at)
      values (:namespace, :name, :state, 1, :source, ts(:now), ts(:now))
      returning id
      """;

  private static final String UPDATE =
      """
      update job set state = :state, version = :version, source = :source, updated_at = ts(:now) where id = :id
      """;

  private static final String INSERT_VERSION =
      """
      insert into job_version (job, version, definition, hash, actor, created_at)
      values (:job, :version, :definition, :hash, :actor, ts(:now))
      """;

  private static final String DEFINITION =
      "select definition from job_version where job = :job and version = :version";
  private static final String HASH =
      "select hash from job_version where job = :job and version = :version";

  private static final String TRIGGERS =
      """
      select id, job, position, kind, spec, micros(next_at) from trigger where job = :job and active order by position
      """;

  private static final String ALL_TRIGGERS =
      """
      select id, job, position, kind, spec, micros(next_at) from trigger where active order by job, position
      """;

  private static final String PLAN_TRIGGERS =
      """
      select id, job, position, kind, spec, micros(next_at) from trigger
      where id = any(:ids) and kind = 'plan' and active order by id
      """;

  private static final String INSERT_TRIGGER =
      """
      insert into trigger (job, position, kind, spec, active, next_at, created_at)
      values (:job, :position, :kind, :spec, true, ts(:nextAt), ts(:now))
      returning id
      """;

  private static final String MOVE_TRIGGER =
      "update trigger set position = :position where id = :id";
  private static final String DISARM =
      "update trigger set active = false, next_at = null where id = :id";

  private static final String DISARMED =
      """
      select id, job, position, kind, spec, micros(next_at) from trigger where job = :job and not active
      order by id desc limit :limit
      """;

  private static final String REARM =
      """
      update trigger set active = true, position = :position, next_at = ts(:nextAt) where id = :id
      """;

  private static final String ADVANCE =
      """
      update trigger t set next_at = ts(u.next_at) from unnest(?, ?) as u (id, next_at) where t.id = u.id
      """;

  public static Optional<Row> find(Handle tx, String namespace, String name) {
    return tx.createQuery(FIND)
        .bind("namespace", namespace)
        .bind("name", name)
        .map((r, c) -> row(r))
        .findOne();
  }

  /** True when there was a job of this name that is archived now. */
  public static boolean wasArchived(Handle tx, String namespace, String name) {
    return tx.createQuery(WAS_ARCHIVED)
        .bind("namespace", namespace)
        .bind("name", name)
        .mapTo(Boolean.class)
        .one();
  }

  /** The living one; when there is none, the one archived last. */
  public static Optional<Row> findLast(Handle tx, String namespace, String name) {
    return tx.createQuery(FIND_LAST)
        .bind("namespace", namespace)
        .bind("name", name)
        .map((r, c) -> row(r))
        .findOne();
  }

  public static boolean anyPaused(Handle tx) {
    return tx.createQuery(ANY_PAUSED).mapTo(Boolean.class).one();
  }

  public static Optional<Row> find(Handle tx, long id) {
    return tx.createQuery(FIND_ID).bind("id", id).map((r, c) -> row(r)).findOne();
  }

  /** Jobs that a source with this prefix defines. */
  public static List<Row> ofSource(Handle handle, String prefix) {
    return handle.createQuery(OF_SOURCE).bind("prefix", prefix).map((r, c) -> row(r)).list();
  }

  public static List<Row> all(Handle handle) {
    return handle.createQuery(ALL_ARMED).map((r, c) -> row(r)).list();
  }

  public static long insert(
      Handle tx, String namespace, String name, JobState state, String source, long now) {
    return tx.createQuery(INSERT)
        .bind("namespace", namespace)
        .bind("name", name)
        .bind("state", state.name())
        .bind("source", source)
        .bind("now", now)
        .mapTo(Long.class)
        .one();
  }

  public static void update(
      Handle tx, long id, JobState state, int version, String source, long now) {
    tx.createUpdate(UPDATE)
        .bind("id", id)
        .bind("state", state.name())
        .bind("version", version)
        .bind("source", source)
        .bind("now", now)
        .execute();
  }

  public static void insertVersion(
      Handle tx, long job, int version, String definition, String hash, String actor, long now) {
    tx.createUpdate(INSERT_VERSION)
        .bind("job", job)
        .bind("version", version)
        .bind("definition", definition)
        .bind("hash", hash)
        .bind("actor", actor)
        .bind("now", now)
        .execute();
  }

  /**
   * @throws StoreException when there is no such version: versions are never removed while runs
   *     refer to them
   */
  public static String definition(Handle tx, long job, int version) {
    return tx.createQuery(DEFINITION)
        .bind("job", job)
        .bind("version", version)
        .mapTo(String.class)
        .findOne()
        .orElseThrow(
            () -> new StoreException("version " + version + " of job " + job + " is missing"));
  }

  public static String hash(Handle tx, long job, int version) {
    return tx.createQuery(HASH).bind("job", job).bind("version", version).mapTo(String.class).one();
  }

  /** Those of these triggers that are the starts of windows. */
  public static List<TriggerRow> planTriggers(Handle tx, List<Long> ids) {
    return tx.createQuery(PLAN_TRIGGERS)
        .bindArray("ids", Long.class, ids)
        .map((r, c) -> triggerRow(r))
        .list();
  }

  public static List<TriggerRow> triggers(Handle tx, long job) {
    return tx.createQuery(TRIGGERS).bind("job", job).map((r, c) -> triggerRow(r)).list();
  }

  public static List<TriggerRow> allTriggers(Handle tx) {
    return tx.createQuery(ALL_TRIGGERS).map((r, c) -> triggerRow(r)).list();
  }

  public static long insertTrigger(
      Handle tx, long job, int position, String kind, String spec, long nextAt, long now) {
    return tx.createQuery(INSERT_TRIGGER)
        .bind("job", job)
        .bind("position", position)
        .bind("kind", kind)
        .bind("spec", spec)
        .bind("nextAt", nextAt)
        .bind("now", now)
        .mapTo(Long.class)
        .one();
  }

  public static void moveTrigger(Handle tx, long id, int position) {
    tx.createUpdate(MOVE_TRIGGER).bind("id", id).bind("position", position).execute();
  }

  public static void disarm(Handle tx, long id) {
    tx.createUpdate(DISARM).bind("id", id).execute();
  }

  /** Triggers of a job that were armed once, the newest first. */
  public static List<TriggerRow> disarmedTriggers(Handle tx, long job, int limit) {
    return tx.createQuery(DISARMED)
        .bind("job", job)
        .bind("limit", limit)
        .map((r, c) -> triggerRow(r))
        .list();
  }

  /** Arms a trigger that was disarmed; its ledger goes on. */
  public static void rearm(Handle tx, long id, int position, long nextAt) {
    tx.createUpdate(REARM)
        .bind("id", id)
        .bind("position", position)
        .bind("nextAt", nextAt)
        .execute();
  }

  /**
   * Sets the next tick of many triggers; 0 for none. A trigger may come several times, when several
   * of its ticks were due at once: the last one counts (an update with several matches would take
   * any).
   */
  public static void advance(Handle tx, List<long[]> idAndNextAt) {
    if (idAndNextAt.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var ids = columns.longs();
    var nexts = columns.longs();
    Map<Long, Long> last = new LinkedHashMap<>();
    idAndNextAt.forEach(pair -> last.put(pair[0], pair[1]));
    last.forEach(
        (id, nextAt) -> {
          ids.add(id);
          nexts.add(nextAt);
        });
    columns.execute(tx, ADVANCE);
  }

  /** Records a move of the job itself in the transition log. */
  public static void recordMove(
      Handle tx, long id, long job, long epoch, long now, String movesJson) {
    long[] seqs =
        TransitionLog.write(tx, List.of(new TransitionLog.Entry(id, job, movesJson)), epoch, now);
    TransitionLog.locate(tx, List.of(id), List.of(seqs[0]));
  }

  private static Row row(java.sql.ResultSet r) throws java.sql.SQLException {
    return new Row(
        r.getLong(1),
        r.getString(2),
        r.getString(3),
        JobState.valueOf(r.getString(4)),
        r.getInt(5),
        r.getString(6));
  }

  private static TriggerRow triggerRow(java.sql.ResultSet r) throws java.sql.SQLException {
    return new TriggerRow(
        r.getLong(1), r.getLong(2), r.getInt(3), r.getString(4), r.getString(5), r.getLong(6));
  }
}
