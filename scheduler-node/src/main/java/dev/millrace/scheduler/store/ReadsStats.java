package dev.millrace.scheduler.store;

import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Instant;
import java.time.LocalDate;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What the API reads of how jobs have done. Stateless; the caller's thread. */
public final class ReadsStats {
  /** The ledger of a range is counted up to so many rows, from its end. */
  public static final int TICKS_MAX = 50_000;

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

  /**
   * What became of planned ticks of a day.
   *
   * @param rows of the ledger
   */
  public record Ticks(LocalDate date, String disposition, long ticks, long rows) {}

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

  private static final String TICKS =
      """
      select (planned_at at time zone 'UTC')::date as day, disposition, sum(ticks) as ticks, count(*) as rows
      from (
        select t.planned_at, t.disposition, t.ticks
        from trigger g cross join lateral (
          select planned_at, disposition, ticks from tick
          where tick.trigger = g.id and planned_at >= :from and planned_at < :to
          order by planned_at desc limit :max) t
        where g.job = :job
        order by t.planned_at desc limit :max) l
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
  public static List<Ticks> ticks(Handle handle, long job, Instant from, Instant to) {
    return handle
        .createQuery(TICKS)
        .bind("job", job)
        .bind("from", from)
        .bind("to", to)
        .bind("max", TICKS_MAX)
        .map(
            (row, context) ->
                new Ticks(
                    row.getObject("day", LocalDate.class),
                    row.getString("disposition"),
                    row.getLong("ticks"),
                    row.getLong("rows")))
        .list();
  }

  private static Histogram histogram(ResultSet row, String column) throws SQLException {
    Histogram histogram = new Histogram();
    histogram.add((Integer[]) row.getArray(column).getArray());
    return histogram;
  }
}
