package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import dev.millrace.scheduler.store.ReadsLimits.Pause;
import java.time.Instant;
import java.util.Collection;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * What the API reads to tell why a run does not move; every list of it is bounded. Stateless; the
 * caller's thread.
 */
public final class ReadsWhy {
  /** Lines that a run and its stages stand in, of which so many are looked at. */
  public static final int LINES_MAX = 100;

  /** Of one line so many who are before somebody are named. */
  public static final int HOLDERS_MAX = 100;

  /** Nobody needs to know the length of a line more exactly than this. */
  public static final int COUNT_MAX = 10_000;

  /** Runs that a stage waits for, of which so many are named. */
  public static final int CHILDREN_MAX = 100;

  /** The open ones are among the newest: further back nobody looks for them. */
  private static final int CHILDREN_SCAN_MAX = 20_000;

  /** A run has at most as many stages. */
  private static final int STAGES_MAX = 1_000;

  private ReadsWhy() {}

  /** A place in a line: the run's stage, -1 for the run as a whole, waits for the subject. */
  public record Place(String subject, int index, long number) {}

  /** Who holds a subject, or waits for it before somebody else; {@code stage} null for a run. */
  public record Holder(long run, String stage, boolean held) {}

  /**
   * A line as seen from a place; the counts stop at {@link #COUNT_MAX}.
   *
   * @param crossed runs that are before it and wait themselves for what its own run has, or for
   *     what its own run is before them in: neither moves until a person ends one
   */
  public record Line(
      Place place, List<Holder> before, int held, int waiting, List<Long> crossed) {}

  /** What a stage listens for; {@code key} is empty for none. */
  public record Listening(int index, String name, String key) {}

  /** An open run that a stage waits for. */
  public record Child(int index, long run, String state) {}

  /** Live workers of a pool, those of them with a handler, and those that take starts of it. */
  public record Capacity(int live, int able, int taking, int slots) {}

  /** A worker that is not as it should be. */
  public record Silent(String id, String state, Instant seenAt) {}

  private static final String PAUSES =
      """
      select scope, name, since, actor, reason from pause
      where scope = 'all' or (scope = 'namespace' and name = :namespace)
        or (scope = 'pool' and name = any (:pools))
      order by scope, name
      """;

  private static final String PLACES =
      """
      select subject, idx, number from seat where run = :run and not held order by idx, subject limit :limit
      """;

  private static final String BEFORE =
      """
      select s.run, g.name, s.held
      from (
        select run, idx, held, number from seat
        where subject = :subject and (held or number < :number)
        order by held desc, number limit :limit
      ) s left join stage g on g.run = s.run and g.idx = s.idx
      order by s.held desc, s.number
      """;

  private static final String COUNTS =
      """
      select count(*) filter (where held), count(*) filter (where not held) from (
        select held from seat where subject = :subject and (held or number < :number) limit :limit) c
      """;

  /**
   * What a run holds as a whole is given back when all of its stages have ended, what a stage holds
   * when that one has.
   */
  private static final String CROSSED =
      """
      select distinct b.run
      from (
        select run, idx from seat
        where subject = :subject and (held or number < :number) and run <> :run
        order by held desc, number limit :limit
      ) b
      join seat w on w.run = b.run and not w.held and (b.idx = -1 or w.idx = b.idx)
      join seat m on m.run = :run and m.subject = w.subject and (m.idx = -1 or m.idx = :idx)
        and (m.held or m.number < w.number)
      """;

  private static final String LISTENING =
      "select idx, name, key from listener where run = :run order by idx limit :limit";

  private static final String CHILDREN =
      """
      select i.idx, c.id, c.state
      from unnest(:indexes) as i (idx)
      cross join lateral (
        select id, state from (
          select id, state, finished_at from run where parent = :run and parent_idx = i.idx
          order by item desc limit :scan) newest
        where finished_at is null
        order by id limit :limit
      ) c
      order by i.idx, c.id
      """;

  private static final String CAPACITY =
      """
      select count(*), count(*) filter (where able), count(*) filter (where able and not draining),
        coalesce(sum(slots) filter (where able and not draining), 0)
      from (
        select w.handlers::jsonb @> to_jsonb(cast(:handler as text)) as able, w.draining,
          (p.pool ->> 'slots')::int as slots
        from worker w
        cross join lateral jsonb_array_elements(w.pools::jsonb) as p (pool)
        where w.state in ('ALIVE', 'SUSPECT') and p.pool ->> 'pool' = :pool
      ) c
      """;

  private static final String SILENT =
      """
      select id, state, seen_at from worker where id = any (:ids) and state <> 'ALIVE'
      """;

  private static final String RATE = "select starts, per_millis from pool_rate where pool = :pool";

  /** Those of everything, this namespace and these pools. */
  public static List<Pause> pauses(Handle handle, String namespace, Collection<String> pools) {
    return handle
        .createQuery(PAUSES)
        .bind("namespace", namespace)
        .bindArray("pools", String.class, List.copyOf(pools))
        .map(
            (row, context) ->
                new Pause(
                    row.getString(1),
                    row.getString(2),
                    instant(row, "since"),
                    row.getString(4),
                    row.getString(5)))
        .list();
  }

  /** Where a run and its stages stand in line, at most {@code limit}. */
  public static List<Place> places(Handle handle, long run, int limit) {
    return handle
        .createQuery(PLACES)
        .bind("run", run)
        .bind("limit", limit)
        .map((row, context) -> new Place(row.getString(1), row.getInt(2), row.getLong(3)))
        .list();
  }

  /** Who is before somebody in a line: first those who hold, then those who came first. */
  public static Line line(Handle handle, long run, Place place) {
    List<Holder> before =
        handle
            .createQuery(BEFORE)
            .bind("subject", place.subject())
            .bind("number", place.number())
            .bind("limit", HOLDERS_MAX)
            .map((row, context) -> new Holder(row.getLong(1), row.getString(2), row.getBoolean(3)))
            .list();
    List<Long> crossed =
        handle
            .createQuery(CROSSED)
            .bind("subject", place.subject())
            .bind("number", place.number())
            .bind("run", run)
            .bind("idx", place.index())
            .bind("limit", HOLDERS_MAX)
            .mapTo(Long.class)
            .list();
    return handle
        .createQuery(COUNTS)
        .bind("subject", place.subject())
        .bind("number", place.number())
        .bind("limit", COUNT_MAX)
        .map((row, context) -> new Line(place, before, row.getInt(1), row.getInt(2), crossed))
        .one();
  }

  /** The events that stages of a run wait for. */
  public static List<Listening> listening(Handle handle, long run) {
    return handle
        .createQuery(LISTENING)
        .bind("run", run)
        .bind("limit", STAGES_MAX)
        .map((row, context) -> new Listening(row.getInt(1), row.getString(2), row.getString(3)))
        .list();
  }

  /** Open runs that these stages wait for, at most {@link #CHILDREN_MAX} of each. */
  public static List<Child> children(Handle handle, long run, List<Integer> indexes) {
    return handle
        .createQuery(CHILDREN)
        .bind("run", run)
        .bindArray("indexes", Integer.class, indexes)
        .bind("scan", CHILDREN_SCAN_MAX)
        .bind("limit", CHILDREN_MAX)
        .map((row, context) -> new Child(row.getInt(1), row.getLong(2), row.getString(3)))
        .list();
  }

  /** What a pool can do for a handler. */
  public static Capacity capacity(Handle handle, String pool, String handler) {
    return handle
        .createQuery(CAPACITY)
        .bind("pool", pool)
        .bind("handler", handler)
        .map(
            (row, context) ->
                new Capacity(row.getInt(1), row.getInt(2), row.getInt(3), row.getInt(4)))
        .one();
  }

  /** Those of the workers that are not known to live, by their ids. */
  public static Map<String, Silent> silent(Handle handle, Collection<String> workers) {
    return handle
        .createQuery(SILENT)
        .bindArray("ids", String.class, List.copyOf(workers))
        .map(
            (row, context) ->
                new Silent(row.getString(1), row.getString(2), instant(row, "seen_at")))
        .collectToMap(Silent::id, silent -> silent);
  }

  /** How fast a pool may start, when that is limited. */
  public static Optional<SeatRows.Rate> rate(Handle handle, String pool) {
    return handle
        .createQuery(RATE)
        .bind("pool", pool)
        .map((row, context) -> new SeatRows.Rate(row.getInt(1), row.getLong(2)))
        .findOne();
  }
}
