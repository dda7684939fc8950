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
      long id, String namespace, String name, JobState state, int version, String source) {
    Row withId(long other) {
      return new Row(other, namespace, name, state, version, source);
    }

    public Row in(JobState other) {
      return new Row(id, namespace, name, other, version, source);
    }

    public Row at(int otherVersion, String otherSource) {
      return new Row(id, namespace, name, state, otherVersion, otherSource);
    }
  }

  /**
   * A trigger's own row.
   *
   * @param nextAt in microseconds, 0 when it has no next tick
   * @param catchUpUntil up to this instant every tick fires, however late; 0 when nothing is missed
   * @param restsOn the run after whose end its next tick comes, or 0
   */
  public record TriggerRow(
      long id,
      long job,
      int position,
      String kind,
      String spec,
      long nextAt,
      long catchUpUntil,
      long restsOn) {}

  /**
   * One version of a job, as it is kept.
   *
   * @param pattern the pattern that it was made of, or null
   * @param written what its author wrote, where a pattern was used, or null
   */
  public record Version(
      int version,
      String definition,
      String hash,
      Long pattern,
      Integer patternVersion,
      String written) {}

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
  private static final String VERSION =
      """
      select version, definition, hash, pattern, pattern_version, written from job_version
      where job = :job and version = :version
      """;
  private static final String HASH =
      "select hash from job_version where job = :job and version = :version";

  private static final String TRIGGERS =
      """
      select id, job, position, kind, spec, micros(next_at), micros(catch_up_until), coalesce(rests_on, 0)
      from trigger where job = :job and active order by position
      """;

  private static final String ALL_TRIGGERS =
      """
      select id, job, position, kind, spec, micros(next_at), micros(catch_up_until), coalesce(rests_on, 0)
      from trigger where active order by job, position
      """;

  private static final String PLAN_TRIGGERS =
      """
      select id, job, position, kind, spec, micros(next_at), micros(catch_up_until), coalesce(rests_on, 0)
      from trigger where id = any(:ids) and kind = 'plan' and active order by id
      """;

  private static final String INSERT_TRIGGER =
      """
      insert into trigger (job, position, kind, spec, active, next_at, created_at)
      values (:job, :position, :kind, :spec, true, ts(:nextAt), ts(:now))
      returning id
      """;

  private static final String DISARMED =
      """
      select id, job, position, kind, spec, micros(next_at), micros(catch_up_until), coalesce(rests_on, 0)
      from trigger where job = :job and not active
      order by id desc limit :limit
      """;

  private static final String REARM =
      """
      with armed as (
        update trigger set active = true, position = :position, next_at = ts(:nextAt) where id = :id
        returning id, kind, spec, next_at
      )
      insert into trigger_span (trigger, from_at, checked_at)
      select id, next_at, next_at from armed
      where next_at is not null and kind in ('cron', 'at', 'every', 'plan')
        and spec not like '%"mode":"fixed-delay"%'
      on conflict (trigger, from_at) do update set until_at = null
      """;

  private static final String ADVANCE =
      """
      update trigger t
      set next_at = ts(u.next_at), catch_up_until = ts(u.catch_up_until), rests_on = nullif(u.rests_on, 0)
      from unnest(?, ?, ?, ?) as u (id, next_at, catch_up_until, rests_on)
      where t.id = u.id
      """;

  /** Of runs that are gone it is not known any more when they ended. */
  private static final String RESTING_ON_ENDED =
      """
      select t.id, t.rests_on from trigger t left join run r on r.id = t.rests_on
      where t.active and t.rests_on is not null
        and (r.id is null or r.state in ('COMPLETED', 'FAILED', 'CANCELLED', 'ENDED'))
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

  public static Optional<Version> version(Handle tx, long job, int version) {
    return tx.createQuery(VERSION)
        .bind("job", job)
        .bind("version", version)
        .map(
            (row, context) ->
                new Version(
                    row.getInt("version"),
                    row.getString("definition"),
                    row.getString("hash"),
                    ReadsRows.number(row, "pattern"),
                    ReadsRows.integer(row, "pattern_version"),
                    row.getString("written")))
        .findOne();
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

  /** Where a trigger is from now on; 0 for nothing. Instants in microseconds. */
  public record Advance(long trigger, long nextAt, long catchUpUntil, long restsOn) {}

  /**
   * Sets where many triggers are. A trigger may come several times, when several of its ticks were
   * due at once: the last one counts (an update with several matches would take any).
   */
  public static void advance(Handle tx, List<Advance> advances) {
    if (advances.isEmpty()) {
      return;
    }
    Columns columns = new Columns();
    var ids = columns.longs();
    var nexts = columns.longs();
    var untils = columns.longs();
    var rests = columns.longs();
    Map<Long, Advance> last = new LinkedHashMap<>();
    advances.forEach(advance -> last.put(advance.trigger(), advance));
    for (Advance advance : last.values()) {
      ids.add(advance.trigger());
      nexts.add(advance.nextAt());
      untils.add(advance.catchUpUntil());
      rests.add(advance.restsOn());
    }
    columns.execute(tx, ADVANCE);
  }

  /**
   * Triggers that wait for the end of a run that has ended, with that run. A crash between the two
   * halves of a pass leaves them behind.
   */
  public static Map<Long, Long> restingOnEnded(Handle tx) {
    Map<Long, Long> found = new LinkedHashMap<>();
    tx.createQuery(RESTING_ON_ENDED)
        .map((r, c) -> Map.entry(r.getLong(1), r.getLong(2)))
        .forEach(entry -> found.put(entry.getKey(), entry.getValue()));
    return found;
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

  static TriggerRow triggerRow(java.sql.ResultSet r) throws java.sql.SQLException {
    return new TriggerRow(
        r.getLong(1),
        r.getLong(2),
        r.getInt(3),
        r.getString(4),
        r.getString(5),
        r.getLong(6),
        r.getLong(7),
        r.getLong(8));
  }
}
