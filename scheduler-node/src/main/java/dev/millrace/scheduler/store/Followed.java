package dev.millrace.scheduler.store;

import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * What of the ended runs of other jobs was made use of: the tables after_mark, after_fire and
 * gate_mark. Stateless; the caller's transaction.
 */
public final class Followed {
  /** Keys of one trigger that it remembers; what it fired for is never forgotten. */
  private static final int KEYS_KEPT_MAX = 10_000;

  private static final long ALL_JOBS = 0;
  private static final long NO_KEY = 0;

  private Followed() {}

  /**
   * Up to where the last run of a job has looked that required something.
   *
   * @param passedAt microseconds
   */
  public record GateMark(long run, long number, long passedAt) {}

  private static final String MARKS =
      """
      select job, max(number) as number from after_mark
      where trigger = :trigger and key in (0, :key) group by job
      """;

  private static final String MARK =
      """
      insert into after_mark (trigger, key, job, number) select * from unnest(?, ?, ?, ?)
      on conflict (trigger, key, job) do update set number = excluded.number
      """;

  private static final String FORGET_KEYS =
      """
      delete from after_mark where trigger = :trigger and key <> 0 and key < (
        select distinct key from after_mark where trigger = :trigger and key <> 0
        order by key desc offset :kept limit 1)
      """;

  private static final String FIRE =
      """
      insert into after_fire (trigger, upstream, disposition, run, epoch, recorded_at)
      values (:trigger, :upstream, :disposition, nullif(:run, 0), :epoch, ts(:now))
      on conflict (trigger, upstream) do nothing
      """;

  private static final String SKIPPED =
      """
      update after_fire set disposition = :disposition, run = null
      where trigger = :trigger and upstream = :upstream
      """;

  private static final String GATE =
      "select run, number, micros(passed_at) from gate_mark where job = :job";

  private static final String PASS =
      """
      insert into gate_mark (job, run, number, passed_at) values (:job, :run, :number, ts(:now))
      on conflict (job) do update
      set run = excluded.run, number = excluded.number, passed_at = excluded.passed_at
      """;

  private static final String PREVIOUS =
      """
      select micros(created_at) from run where job = :job and parent is null and id < :run
      order by id desc limit 1
      """;

  /** By jobs, what a trigger has had of them for a key; that of job 0 is for all of them. */
  public static Map<Long, Long> marks(Handle handle, long trigger, long key) {
    Map<Long, Long> marks = new HashMap<>();
    handle
        .createQuery(MARKS)
        .bind("trigger", trigger)
        .bind("key", key)
        .map((row, context) -> marks.put(row.getLong(1), row.getLong(2)))
        .list();
    return marks;
  }

  /** A trigger minds what ends from now on. */
  public static void begin(Handle tx, long trigger, long number) {
    mark(tx, trigger, NO_KEY, Map.of(ALL_JOBS, number));
  }

  /** A trigger has had these, for a key. */
  public static void mark(Handle tx, long trigger, long key, Map<Long, Long> numbers) {
    Columns columns = new Columns();
    var triggers = columns.longs();
    var keys = columns.longs();
    var jobs = columns.longs();
    var values = columns.longs();
    numbers.forEach(
        (job, number) -> {
          triggers.add(trigger);
          keys.add(key);
          jobs.add(job);
          values.add(number);
        });
    columns.execute(tx, MARK);
  }

  /** Forgets the smallest keys of a trigger beyond a bound. */
  public static void forgetKeys(Handle tx, long trigger) {
    tx.createUpdate(FORGET_KEYS).bind("trigger", trigger).bind("kept", KEYS_KEPT_MAX).execute();
  }

  /**
   * Records that a trigger makes something of a set of runs.
   *
   * @param run 0 when it is no run
   * @return false when it did before
   */
  public static boolean fire(
      Handle tx,
      long trigger,
      List<Long> upstream,
      String disposition,
      long run,
      long epoch,
      long now) {
    return tx.createUpdate(FIRE)
            .bind("trigger", trigger)
            .bind("upstream", text(upstream))
            .bind("disposition", disposition)
            .bind("run", run)
            .bind("epoch", epoch)
            .bind("now", now)
            .execute()
        == 1;
  }

  /** What was recorded became no run. */
  public static void skipped(Handle tx, long trigger, List<Long> upstream, String disposition) {
    tx.createUpdate(SKIPPED)
        .bind("trigger", trigger)
        .bind("upstream", text(upstream))
        .bind("disposition", disposition)
        .execute();
  }

  private static String text(List<Long> upstream) {
    StringBuilder text = new StringBuilder();
    upstream.stream()
        .sorted()
        .distinct()
        .forEach(run -> text.append(text.isEmpty() ? "" : ",").append(run));
    return text.toString();
  }

  /** Empty for a job whose runs have required nothing yet. */
  public static Optional<GateMark> gate(Handle handle, long job) {
    return handle
        .createQuery(GATE)
        .bind("job", job)
        .map((row, context) -> new GateMark(row.getLong(1), row.getLong(2), row.getLong(3)))
        .findOne();
  }

  /** A run that required something goes on. */
  public static void pass(Handle tx, long job, GateMark mark) {
    tx.createUpdate(PASS)
        .bind("job", job)
        .bind("run", mark.run())
        .bind("number", mark.number())
        .bind("now", mark.passedAt())
        .execute();
  }

  /** When the run of a job before this one was made, in microseconds; 0 when there was none. */
  public static long previous(Handle handle, long job, long run) {
    return handle
        .createQuery(PREVIOUS)
        .bind("job", job)
        .bind("run", run)
        .mapTo(Long.class)
        .findOne()
        .orElse(0L);
  }
}
