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

/**
 * What the API reads of jobs, their versions, triggers and ticks. Stateless; the caller's thread.
 */
public final class ReadsJobs {
  private ReadsJobs() {}

  /**
   * A job with its current definition and its newest run.
   *
   * @param pattern null where none was used
   * @param written what its author wrote, as JSON, where a pattern was used
   */
  public record Job(
      long id,
      String namespace,
      String name,
      String state,
      int version,
      String source,
      String definition,
      Instant createdAt,
      Instant updatedAt,
      Long lastRun,
      String lastState,
      Instant lastFinishedAt,
      PatternVersion pattern,
      String written) {}

  /**
   * An armed trigger.
   *
   * @param nextAt null when nothing is planned any more
   * @param problem why it cannot do its work, null when it can
   */
  public record Trigger(
      long id,
      String namespace,
      String job,
      String jobState,
      int position,
      String kind,
      String spec,
      Instant nextAt,
      String problem) {}

  /** A version of a pattern that a job was made of. */
  public record PatternVersion(String namespace, String name, int version) {}

  /**
   * One version of a job.
   *
   * @param source the way it came; null in what is older than the column
   * @param restored the version that it is a copy of, or null
   * @param pattern null where none was used
   * @param written what its author wrote, as JSON, where a pattern was used
   */
  public record Version(
      int version,
      String hash,
      String actor,
      String reason,
      String source,
      Instant createdAt,
      Integer restored,
      PatternVersion pattern,
      String written,
      String definition) {}

  /**
   * One row of the tick ledger.
   *
   * @param backfilled the newest run that a backfill has made for that tick, or null
   */
  public record Tick(
      long trigger,
      String kind,
      Instant plannedAt,
      Instant plannedUntil,
      int ticks,
      String disposition,
      Long run,
      Instant recordedAt,
      Long backfilled) {}

  /** A job's name. */
  public record Name(long id, String namespace, String name) {}

  static final String JOB_SELECT =
      """
      select j.id, j.namespace, j.name, j.state, j.version, j.source, v.definition, j.created_at,
        j.updated_at, l.id as last_run, l.state as last_state, l.finished_at as last_finished_at,
        p.namespace as pattern_namespace, p.name as pattern_name, v.pattern_version, v.written
      """;

  static final String JOB_JOINS =
      """
      join job_version v on v.job = j.id and v.version = j.version
      left join pattern p on p.id = v.pattern
      left join lateral (
        select r.id, r.state, r.finished_at from run r where r.job = j.id and r.parent is null
        order by r.id desc limit 1
      ) l on true
      """;

  /** The living one; when there is none, the one archived last, so that history stays readable. */
  private static final String FIND =
      JOB_SELECT
          + "from job j\n"
          + JOB_JOINS
          + """
          where j.namespace = :namespace and j.name = :name
          order by (j.state = 'ARCHIVED'), j.id desc limit 1
          """;

  private static final String TRIGGERS =
      """
      select g.id, j.namespace, j.name, j.state, g.position, g.kind, g.spec, g.next_at, g.problem
      from trigger g join job j on j.id = g.job
      where g.active and g.job = any (:jobs)
      order by g.job, g.position
      """;

  private static final String VERSION_COLUMNS =
      """
      select v.version, v.hash, v.actor, v.reason, v.source, v.created_at, v.restored, v.written, v.definition,
        p.namespace as pattern_namespace, p.name as pattern_name, v.pattern_version
      from job_version v left join pattern p on p.id = v.pattern
      """;

  private static final String VERSIONS =
      VERSION_COLUMNS
          + """
          where v.job = :job and v.version < :before
          order by v.version desc limit :limit
          """;

  private static final String VERSION =
      VERSION_COLUMNS + " where v.job = :job and v.version = :version";

  private static final String TICKS =
      """
      select t.trigger, g.kind, t.planned_at, t.planned_until, t.ticks, t.disposition, t.run,
        t.recorded_at,
        (select m.run from backfill_run m where m.trigger = t.trigger and m.planned_at = t.planned_at
         order by m.backfill desc limit 1) as backfilled
      from trigger g
      cross join lateral (
        select * from (
          (select trigger, planned_at, planned_until, ticks, disposition, run, recorded_at from tick
           where tick.trigger = g.id and (tick.planned_at, tick.trigger) < (:beforeAt, :beforeTrigger)
             and tick.planned_at >= :from
           order by tick.planned_at desc limit :limit)
          union all
          (select trigger, recorded_at, recorded_at, 1, disposition, run, recorded_at from after_fire f
           where f.trigger = g.id and (f.recorded_at, f.trigger) < (:beforeAt, :beforeTrigger)
             and f.recorded_at >= :from
           order by f.recorded_at desc limit :limit)
        ) ledger
        order by planned_at desc limit :limit
      ) t
      where g.job = :job
      order by t.planned_at desc, t.trigger desc limit :limit
      """;

  private static final String NAMES = "select id, namespace, name from job where id = any (:ids)";

  public static Optional<Job> find(Handle handle, String namespace, String name) {
    return handle
        .createQuery(FIND)
        .bind("namespace", namespace)
        .bind("name", name)
        .map((row, context) -> job(row))
        .findOne();
  }

  public static List<Trigger> triggers(Handle handle, List<Long> jobs) {
    return handle
        .createQuery(TRIGGERS)
        .bindArray("jobs", Long.class, jobs)
        .map((row, context) -> trigger(row))
        .list();
  }

  /** Versions below {@code before}, newest first. */
  public static List<Version> versions(Handle handle, long job, int before, int limit) {
    return handle
        .createQuery(VERSIONS)
        .bind("job", job)
        .bind("before", before)
        .bind("limit", limit)
        .map((row, context) -> version(row))
        .list();
  }

  public static Optional<Version> version(Handle handle, long job, int version) {
    return handle
        .createQuery(VERSION)
        .bind("job", job)
        .bind("version", version)
        .map((row, context) -> version(row))
        .findOne();
  }

  /** The ledger of a job from an instant up to a point that is not in it, newest first. */
  public static List<Tick> ticks(
      Handle handle, long job, Instant from, Instant beforeAt, long beforeTrigger, int limit) {
    return handle
        .createQuery(TICKS)
        .bind("job", job)
        .bind("from", from)
        .bind("beforeAt", beforeAt)
        .bind("beforeTrigger", beforeTrigger)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new Tick(
                    row.getLong("trigger"),
                    row.getString("kind"),
                    instant(row, "planned_at"),
                    instant(row, "planned_until"),
                    row.getInt("ticks"),
                    row.getString("disposition"),
                    number(row, "run"),
                    instant(row, "recorded_at"),
                    number(row, "backfilled")))
        .list();
  }

  public static List<Name> names(Handle handle, List<Long> ids) {
    return handle
        .createQuery(NAMES)
        .bindArray("ids", Long.class, ids)
        .map(
            (row, context) ->
                new Name(row.getLong("id"), row.getString("namespace"), row.getString("name")))
        .list();
  }

  private static Version version(ResultSet row) throws SQLException {
    return new Version(
        row.getInt("version"),
        row.getString("hash"),
        row.getString("actor"),
        row.getString("reason"),
        row.getString("source"),
        instant(row, "created_at"),
        integer(row, "restored"),
        pattern(row),
        row.getString("written"),
        row.getString("definition"));
  }

  /** Null where no pattern was used. */
  static PatternVersion pattern(ResultSet row) throws SQLException {
    String name = row.getString("pattern_name");
    return name == null
        ? null
        : new PatternVersion(
            row.getString("pattern_namespace"), name, row.getInt("pattern_version"));
  }

  static Job job(ResultSet row) throws SQLException {
    return new Job(
        row.getLong("id"),
        row.getString("namespace"),
        row.getString("name"),
        row.getString("state"),
        row.getInt("version"),
        row.getString("source"),
        row.getString("definition"),
        instant(row, "created_at"),
        instant(row, "updated_at"),
        number(row, "last_run"),
        row.getString("last_state"),
        instant(row, "last_finished_at"),
        pattern(row),
        row.getString("written"));
  }

  private static Trigger trigger(ResultSet row) throws SQLException {
    return new Trigger(
        row.getLong("id"),
        row.getString("namespace"),
        row.getString("name"),
        row.getString("state"),
        row.getInt("position"),
        row.getString("kind"),
        row.getString("spec"),
        instant(row, "next_at"),
        row.getString("problem"));
  }
}
