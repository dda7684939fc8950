package dev.millrace.scheduler.store;

import static dev.millrace.scheduler.store.ReadsRows.instant;

import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Handle;

/** What the API reads of what stages wrote. Stateless; the caller's thread. */
public final class ReadsLogs {
  private ReadsLogs() {}

  /** A line that a stage wrote. */
  public record LogLine(
      int index, String stage, int attempt, long number, Instant at, String stream, String text) {}

  /** Up to where the log of a stage was read. */
  public record LogPosition(int index, int attempt, long number) {}

  /** Each stage is read from where the reader left it, so that no late line is jumped over. */
  private static final String LOGS =
      """
      select s.idx, l.stage, l.attempt, l.number, l.at, l.stream, l.text
      from stage s
      left join unnest(:indexes, :attempts, :numbers) as c (idx, attempt, number) on c.idx = s.idx
      cross join lateral (
        select * from stage_log g
        where g.run = s.run and g.stage = s.name
          and (g.attempt, g.number) > (coalesce(c.attempt, 0), coalesce(c.number, -1))
        order by g.attempt, g.number limit :limit
      ) l
      where s.run = :run and (cast(:stage as text) is null or s.name = :stage)
      order by s.idx, l.attempt, l.number
      """;

  /** Lines above the positions, in order inside each stage; up to {@code limit} of each stage. */
  public static List<LogLine> logs(
      Handle handle, long run, String stage, List<LogPosition> after, int limit) {
    return handle
        .createQuery(LOGS)
        .bindArray("indexes", Integer.class, after.stream().map(LogPosition::index).toList())
        .bindArray("attempts", Integer.class, after.stream().map(LogPosition::attempt).toList())
        .bindArray("numbers", Long.class, after.stream().map(LogPosition::number).toList())
        .bind("run", run)
        .bind("stage", stage)
        .bind("limit", limit)
        .map(
            (row, context) ->
                new LogLine(
                    row.getInt("idx"),
                    row.getString("stage"),
                    row.getInt("attempt"),
                    row.getLong("number"),
                    instant(row, "at"),
                    row.getString("stream"),
                    row.getString("text")))
        .list();
  }
}
