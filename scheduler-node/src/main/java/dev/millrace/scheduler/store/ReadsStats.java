package dev.millrace.scheduler.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What the API reads of how jobs have done. Stateless; the caller's thread. */
public final class ReadsStats {
  /** Of each trigger so many rows of the ledger are counted, from the end of a range. */
  private static final int TICKS_MAX = 50_000;

  private ReadsStats() {}

  /** Runs of a job that were made on a day (UTC) and have ended. */
  public record Day(
      LocalDate date,
      int runs,
      int completed,
      int failed,
      int cancelled,
      int ended,
      Histogram durations,
      Histogram waits) {}

  /** A stage of a job on a day. */
  public record StageDay(
      String stage, int runs, int failed, Histogram durations, Histogram waits) {}

  /** What became of planned ticks of a day. */
  public record Ticks(LocalDate date, String disposition, long ticks) {}

  /**
   * The ledger of a range by days.
   *
   * @param upTo ticks up to then are not counted, there are too many; null when all are
   */
  public record Ledger(List<Ticks> ticks, Instant upTo) {}

  private static final String DAYS =
      """
      select day, runs, completed, failed, cancelled, ended, durations, waits from job_day
      where job = :job and day >= :from and day < :to order by day
      """;

  private static final String STAGES =
      """
      select stage, runs, failed, durations, waits from job_day_stage
      where job = :job and day >= :from and day < :to order by day
      """;

  /** Read from the key alone, backwards. */
  private static final String TICKS_FLOOR =
      """
      select max(t.planned_at) from trigger g cross join lateral (
        select planned_at from tick
        where tick.trigger = g.id and planned_at >= :from and planned_at < :to
        order by planned_at desc offset :max limit 1) t
      where g.job = :job
      """;

  private static final String TICKS =
      """
      select (t.planned_at at time zone 'UTC')::date as day, t.disposition, sum(t.ticks) as ticks
      from trigger g join tick t on t.trigger = g.id
      where g.job = :job and t.planned_at >= :from and t.planned_at < :to
        and (cast(:upTo as timestamptz) is null or t.planned_at > :upTo)
      group by 1, 2 order by 1
      """;

  /** Days without runs are not there. */
  public static List<Day> days(Handle handle, long job, LocalDate from, LocalDate to) {
    return handle
        .createQuery(DAYS)
        .bind("job", job)
        .bind("from", from)
        .bind("to", to)
        .map(
            (row, context) ->
                new Day(
                    row.getObject("day", LocalDate.class),
                    row.getInt("runs"),
                    row.getInt("completed"),
                    row.getInt("failed"),
                    row.getInt("cancelled"),
                    row.getInt("ended"),
                    histogram(row, "durations"),
                    histogram(row, "waits")))
        .list();
  }

  public static List<StageDay> stages(Handle handle, long job, LocalDate from, LocalDate to) {
    return handle
        .createQuery(STAGES)
        .bind("job", job)
        .bind("from", from)
        .bind("to", to)
        .map(
            (row, context) ->
                new StageDay(
                    row.getString("stage"),
                    row.getInt("runs"),
                    row.getInt("failed"),
                    histogram(row, "durations"),
                    histogram(row, "waits")))
        .list();
  }

  /** Of a job's time triggers, by the day (UTC) they were planned for; a range by its first. */
  public static Ledger ticks(Handle handle, long job, Instant from, Instant to) {
    return ticks(handle, job, from, to, TICKS_MAX);
  }

  static Ledger ticks(Handle handle, long job, Instant from, Instant to, int max) {
    Instant upTo =
        handle
            .createQuery(TICKS_FLOOR)
            .bind("job", job)
            .bind("from", from)
            .bind("to", to)
            .bind("max", max)
            .map((row, context) -> ReadsRows.instant(row, "max"))
            .one();
    List<Ticks> ticks =
        handle
            .createQuery(TICKS)
            .bind("job", job)
            .bind("from", from)
            .bind("to", to)
            .bind("upTo", upTo)
            .map(
                (row, context) ->
                    new Ticks(
                        row.getObject("day", LocalDate.class),
                        row.getString("disposition"),
                        row.getLong("ticks")))
            .list();
    return new Ledger(ticks, upTo);
  }

  private static Histogram histogram(ResultSet row, String column) throws SQLException {
    Histogram histogram = new Histogram();
    histogram.add((Integer[]) row.getArray(column).getArray());
    return histogram;
  }
}
