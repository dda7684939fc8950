package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/**
 * Finds runs that have not ended, each way by a partial index that holds few rows. Stateless; the
 * leader's transaction.
 */
public final class OpenRuns {
  private OpenRuns() {}

  /** Every run that goes on has a stage in one of these, or is held up itself. */
  private static final String OPEN =
      """
      select distinct run from (
        (select s.run
         from unnest(:pools, :namespaces, :priorities) as l (pool, namespace, priority)
         cross join lateral (
           select run from stage
           where state = 'READY' and marks is null and pool = l.pool and namespace = l.namespace
             and priority = l.priority and run > :after
           order by run limit :limit
         ) s)
        union all
        (select run from stage where state in ('QUEUED', 'RUNNING') and run > :after order by run limit :limit)
        union all
        (select run from stage where state in ('HELD', 'BACKING_OFF', 'LOCK_WAIT') and run > :after
         order by run limit :limit)
        union all
        (select id from run where (pauses is not null or marks is not null) and finished_at is null
         and id > :after order by id limit :limit)
      ) open order by run limit :limit
      """;

  private static final String HELD_UP =
      """
      select id from run
      where (pauses is not null or marks is not null) and finished_at is null and id > :after
      order by id limit :limit
      """;

  private static final String CHILDREN =
      """
      select id from run where parent = :run and parent_idx = :stage and finished_at is null order by id
      """;

  private static final String DUE =
      "select id from run where due_at <= ts(:now) order by due_at limit :limit";

  private static final String NEXT_DUE =
      "select micros(min(due_at)) from run where due_at is not null";

  private static final String PREPARED =
      """
      select id from run where job = :job and parent is null and state in ('PENDING', 'PAUSED') and marks & 16 <> 0
        and id > :after order by id limit 1
      """;

  private static final String WITH_PREPARED =
      """
      select distinct job from run
      where job = any (:jobs) and parent is null and state in ('PENDING', 'PAUSED') and marks & 16 <> 0
        and marks is not null
      """;

  private static final String GATED =
      """
      select id from run
      where (pauses is not null or marks is not null) and finished_at is null and marks & 64 <> 0
      order by id
      """;

  /** A lane of a pool. */
  public record PoolLane(String pool, Stages.Lane lane) {}

  /**
   * Ids above {@code after}, in order, at most {@code limit}; less means that there are no more.
   *
   * @param lanes every lane that has a stage in READY
   */
  public static List<Long> open(Handle tx, List<PoolLane> lanes, long after, int limit) {
    return tx.createQuery(OPEN)
        .bindArray("pools", String.class, lanes.stream().map(PoolLane::pool).toList())
        .bindArray(
            "namespaces",
            String.class,
            lanes.stream().map(lane -> lane.lane().namespace()).toList())
        .bindArray(
            "priorities",
            Integer.class,
            lanes.stream().map(lane -> lane.lane().priority()).toList())
        .bind("after", after)
        .bind("limit", limit)
        .mapTo(Long.class)
        .list();
  }

  /** Paused, or with a mark: not admitted, late, ending. */
  public static List<Long> heldUp(Handle tx, long after, int limit) {
    return tx.createQuery(HELD_UP)
        .bind("after", after)
        .bind("limit", limit)
        .mapTo(Long.class)
        .list();
  }

  /** Open runs that a stage waits for. */
  public static List<Long> children(Handle tx, long run, int stage) {
    return tx.createQuery(CHILDREN).bind("run", run).bind("stage", stage).mapTo(Long.class).list();
  }

  /** Runs whose own due instant has come. */
  public static List<Long> due(Handle tx, long now, int limit) {
    return tx.createQuery(DUE).bind("now", now).bind("limit", limit).mapTo(Long.class).list();
  }

  /** The earliest due instant of a run in microseconds, 0 when there is none. */
  public static long nextDue(Handle tx) {
    return tx.createQuery(NEXT_DUE).mapTo(Long.class).one();
  }

  /** Of these jobs, those that have a run that was made ahead. */
  public static List<Long> withPrepared(Handle tx, List<Long> jobs) {
    return tx.createQuery(WITH_PREPARED)
        .bindArray("jobs", Long.class, jobs)
        .mapTo(Long.class)
        .list();
  }

  /** Runs that wait for runs of other jobs. */
  public static List<Long> gated(Handle tx) {
    return tx.createQuery(GATED).mapTo(Long.class).list();
  }

  /** The run of a plan that was made ahead after this id, or 0. */
  public static long prepared(Handle tx, long job, long after) {
    return tx.createQuery(PREPARED)
        .bind("job", job)
        .bind("after", after)
        .mapTo(Long.class)
        .findOne()
        .orElse(0L);
  }
}
