package dev.millrace.scheduler.store;

import java.util.List;
import org.jdbi.v3.core.Handle;

/** The table stage_log. A line delivered twice is stored once. Stateless. */
public final class StageLogs {
  private StageLogs() {}

  /** One line; {@code at} in microseconds. */
  public record Line(
      long run, String stage, int attempt, long number, long at, String stream, String text) {}

  private static final String INSERT =
      """
      insert into stage_log (run, stage, attempt, number, at, stream, text)
      select run, stage, attempt, number, ts(at), stream, text
      from unnest(?, ?, ?, ?, ?, ?, ?) as u (run, stage, attempt, number, at, stream, text)
      on conflict do nothing
      """;

  public static void insert(Handle handle, List<Line> lines) {
    Columns columns = new Columns();
    var runs = columns.longs();
    var stages = columns.texts();
    var attempts = columns.ints();
    var numbers = columns.longs();
    var ats = columns.longs();
    var streams = columns.texts();
    var texts = columns.texts();
    for (Line line : lines) {
      runs.add(line.run());
      stages.add(line.stage());
      attempts.add(line.attempt());
      numbers.add(line.number());
      ats.add(line.at());
      streams.add(line.stream());
      texts.add(line.text().replace("\u0000", "\\0")); // Postgres text cannot hold NUL
    }
    columns.execute(handle, INSERT);
  }
}
