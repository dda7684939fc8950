package dev.millrace.scheduler.store;

import dev.millrace.lifecycle.JobState;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import org.jdbi.v3.core.Handle;

/**
 * The tables job, job_version and trigger for many jobs at once: each method is one statement,
 * however many there are. Stateless; the leader's transaction.
 */
public final class JobBatches {
  private JobBatches() {}

  /** A job's name. */
  public record Name(String namespace, String name) {}

  /** A living job with what is in force. */
  public record Known(Jobs.Row row, String hash, Long pattern, Integer patternVersion) {
    public Name name() {
      return new Name(row.namespace(), row.name());
    }
  }

  /**
   * A version to be written.
   *
   * @param source the way it came
   * @param restored the version that it is a copy of, or null
   * @param pattern the pattern that it was made of, or null
   * @param written what its author wrote, where a pattern was used, or null
   */
  public record Version(
      long job,
      int version,
      String definition,
      String hash,
      String actor,
      String reason,
      String source,
      Integer restored,
      Long pattern,
      Integer patternVersion,
      String written) {}

  /** A trigger to be written; {@code nextAt} in microseconds, 0 for none. */
  public record FreshTrigger(
      long job, int position, String kind, String spec, String queue, long nextAt) {}

  /** A move of a job; {@code id} stands where a run's id stands in the log. */
  public record Moved(long id, long job, String movesJson) {}

  private static final String FIND =
      """
      select j.id, j.namespace, j.name, j.state, j.version, j.source, v.hash, v.pattern, v.pattern_version
      from unnest(:namespaces, :names) as k (namespace, name)
      join job j on j.namespace = k.namespace and j.name = k.name and j.state <> 'ARCHIVED'
      join job_version v on v.job = j.id and v.version = j.version
      """;

  private static final String OF_SOURCE =
      """
      select j.id, j.namespace, j.name, j.state, j.version, j.source, v.hash, v.pattern, v.pattern_version
      from job j join job_version v on v.job = j.id and v.version = j.version
      where j.source = :source and j.state <> 'ARCHIVED'
      order by j.namespace, j.name
      """;

  private static final String INSERT =
      """
      insert into job (namespace, name, state, version, source, created_at, updated_at)
      select namespace, name, state, 1, source, ts(:now), ts(:now)
      from unnest(:namespaces, :names, :states, :sources) as u (namespace, name, state, source)
      returning id, namespace, name
      """;

  private static final String UPDATE =
      """
      update job j set state = u.state, version = u.version, source = u.source, updated_at = ts(:now)
      from unnest(:ids, :states, :versions, :sources) as u (id, state, version, source) where j.id = u.id
      """;

  private static final String INSERT_VERSIONS =
      """
      insert into job_version (job, version, definition, hash, actor, reason, source, restored, pattern,
        pattern_version, written, created_at)
      select job, version, definition, hash, actor, reason, source, restored, pattern, pattern_version, written,
        ts(:now)
      from unnest(:jobs, :versions, :definitions, :hashes, :actors, :reasons, :sources, :restored, :patterns,
        :patternVersions, :written) as u (job, version, definition, hash, actor, reason, source, restored, pattern,
        pattern_version, written)
      """;

  private static final String TRIGGERS =
      """
      select t.id, t.job, t.position, t.kind, t.spec, micros(t.next_at), micros(t.catch_up_until),
        coalesce(t.rests_on, 0)
      from unnest(:jobs) as k (job) join trigger t on t.job = k.job and t.active
      order by t.job, t.position
      """;

  private static final String INSERT_TRIGGERS =
      """
      with made as (
        insert into trigger (job, position, kind, spec, queue, active, next_at, created_at)
        select job, position, kind, spec, queue, true, ts(next_at), ts(:now)
        from unnest(:jobs, :positions, :kinds, :specs, :queues, :nextAts)
          as u (job, position, kind, spec, queue, next_at)
        returning id, job, position, kind, spec, next_at
      ), spans as (
        insert into trigger_span (trigger, from_at, checked_at)
        select id, next_at, next_at from made
        where next_at is not null and kind in ('cron', 'at', 'every', 'plan')
          and spec not like '%"mode":"fixed-delay"%'
      )
      select id, job, position from made
      """;

  private static final String MOVE_TRIGGERS =
      """
      update trigger t set position = u.position from unnest(:ids, :positions) as u (id, position) where t.id = u.id
      """;

  private static final String DISARM =
      """
      with over as (
        update trigger_span s set until_at = coalesce(t.next_at, ts(:never))
        from unnest(:ids) as u (id) join trigger t on t.id = u.id
        where s.trigger = t.id and s.until_at is null
      )
      update trigger t set active = false, next_at = null, catch_up_until = null, rests_on = null
      from unnest(:ids) as u (id) where t.id = u.id
      """;

  /** Of these names those that living jobs have. */
  public static Map<Name, Known> find(Handle tx, List<Name> names) {
    Map<Name, Known> found = new HashMap<>();
    tx.createQuery(FIND)
        .bindArray("namespaces", String.class, names.stream().map(Name::namespace).toList())
        .bindArray("names", String.class, names.stream().map(Name::name).toList())
        .map((row, context) -> known(row))
        .forEach(known -> found.put(known.name(), known));
    return found;
  }

  /** The living jobs that exactly this source owns, by name. */
  public static List<Known> ofSource(Handle tx, String source) {
    return tx.createQuery(OF_SOURCE)
        .bind("source", source)
        .map((row, context) -> known(row))
        .list();
  }

  /**
   * Makes jobs at version 1, in their states.
   *
   * @param jobs without ids
   * @return the same jobs with theirs, in their order
   */
  public static List<Jobs.Row> insert(Handle tx, List<Jobs.Row> jobs, long now) {
    if (jobs.isEmpty()) {
      return List.of();
    }
    Map<Name, Long> ids = new HashMap<>();
    tx.createQuery(INSERT)
        .bindArray("namespaces", String.class, each(jobs, Jobs.Row::namespace))
        .bindArray("names", String.class, each(jobs, Jobs.Row::name))
        .bindArray("states", String.class, each(jobs, job -> job.state().name()))
        .bindArray("sources", String.class, each(jobs, Jobs.Row::source))
        .bind("now", now)
        .map(
            (row, context) -> ids.put(new Name(row.getString(2), row.getString(3)), row.getLong(1)))
        .list();
    return each(jobs, job -> job.withId(ids.get(new Name(job.namespace(), job.name()))));
  }

  /** Writes state, version and source of jobs. */
  public static void update(Handle tx, List<Jobs.Row> jobs, long now) {
    if (jobs.isEmpty()) {
      return;
    }
    tx.createUpdate(UPDATE)
        .bindArray("ids", Long.class, each(jobs, Jobs.Row::id))
        .bindArray("states", String.class, each(jobs, job -> job.state().name()))
        .bindArray("versions", Integer.class, each(jobs, Jobs.Row::version))
        .bindArray("sources", String.class, each(jobs, Jobs.Row::source))
        .bind("now", now)
        .execute();
  }

  public static void insertVersions(Handle tx, List<Version> versions, long now) {
    if (versions.isEmpty()) {
      return;
    }
    tx.createUpdate(INSERT_VERSIONS)
        .bindArray("jobs", Long.class, each(versions, Version::job))
        .bindArray("versions", Integer.class, each(versions, Version::version))
        .bindArray("definitions", String.class, each(versions, Version::definition))
        .bindArray("hashes", String.class, each(versions, Version::hash))
        .bindArray("actors", String.class, each(versions, v -> storable(v.actor())))
        .bindArray("reasons", String.class, each(versions, v -> storable(v.reason())))
        .bindArray("sources", String.class, each(versions, Version::source))
        .bindArray("restored", Integer.class, each(versions, Version::restored))
        .bindArray("patterns", Long.class, each(versions, Version::pattern))
        .bindArray("patternVersions", Integer.class, each(versions, Version::patternVersion))
        .bindArray("written", String.class, each(versions, v -> storable(v.written())))
        .bind("now", now)
        .execute();
  }

  /** The armed triggers of these jobs, each job's in their order. */
  public static List<Jobs.TriggerRow> triggers(Handle tx, List<Long> jobs) {
    return jobs.isEmpty()
        ? List.of()
        : tx.createQuery(TRIGGERS)
            .bindArray("jobs", Long.class, jobs)
            .map((row, context) -> Jobs.triggerRow(row))
            .list();
  }

  /** Arms new triggers; their ids in the order of the triggers. */
  public static List<Long> insertTriggers(Handle tx, List<FreshTrigger> triggers, long now) {
    if (triggers.isEmpty()) {
      return List.of();
    }
    record Place(long job, int position) {}
    Map<Place, Long> ids = new HashMap<>();
    tx.createQuery(INSERT_TRIGGERS)
        .bindArray("jobs", Long.class, each(triggers, FreshTrigger::job))
        .bindArray("positions", Integer.class, each(triggers, FreshTrigger::position))
        .bindArray("kinds", String.class, each(triggers, FreshTrigger::kind))
        .bindArray("specs", String.class, each(triggers, FreshTrigger::spec))
        .bindArray("queues", String.class, each(triggers, FreshTrigger::queue))
        .bindArray("nextAts", Long.class, each(triggers, FreshTrigger::nextAt))
        .bind("now", now)
        .map((row, context) -> ids.put(new Place(row.getLong(2), row.getInt(3)), row.getLong(1)))
        .list();
    return each(triggers, trigger -> ids.get(new Place(trigger.job(), trigger.position())));
  }

  /** Writes the positions of triggers. */
  public static void moveTriggers(Handle tx, Map<Long, Integer> positions) {
    if (positions.isEmpty()) {
      return;
    }
    tx.createUpdate(MOVE_TRIGGERS)
        .bindArray("ids", Long.class, List.copyOf(positions.keySet()))
        .bindArray("positions", Integer.class, List.copyOf(positions.values()))
        .execute();
  }

  public static void disarm(Handle tx, List<Long> triggers) {
    if (!triggers.isEmpty()) {
      tx.createUpdate(DISARM)
          .bindArray("ids", Long.class, triggers)
          .bind("never", TickSpans.NEVER)
          .execute();
    }
  }

  /** Records moves of jobs in the transition log. */
  public static void recordMoves(Handle tx, List<Moved> moves, long epoch, long now) {
    if (moves.isEmpty()) {
      return;
    }
    long[] seqs =
        TransitionLog.write(
            tx,
            each(moves, m -> new TransitionLog.Entry(m.id(), m.job(), m.movesJson())),
            epoch,
            now);
    TransitionLog.locate(tx, each(moves, Moved::id), Arrays.stream(seqs).boxed().toList());
  }

  private static String storable(String text) {
    return Columns.storable(text);
  }

  /** As a list that may hold nulls, which is how arrays say that there is nothing. */
  private static <A, B> List<B> each(List<A> list, Function<A, B> part) {
    List<B> parts = new ArrayList<>(list.size());
    list.forEach(item -> parts.add(part.apply(item)));
    return parts;
  }

  private static Known known(ResultSet row) throws SQLException {
    Jobs.Row job =
        new Jobs.Row(
            row.getLong(1),
            row.getString(2),
            row.getString(3),
            JobState.valueOf(row.getString(4)),
            row.getInt(5),
            row.getString(6));
    return new Known(
        job,
        row.getString(7),
        ReadsRows.number(row, "pattern"),
        ReadsRows.integer(row, "pattern_version"));
  }
}
