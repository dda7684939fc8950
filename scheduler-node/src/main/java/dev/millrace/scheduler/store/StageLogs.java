package dev.millrace.scheduler.store;

import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
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

  private static final String KNOWN = "select id from run where id = any (:ids)";

  /**
   * The lines whose run exists. Others have no partition to go to, and nobody to read them: a run
   * whose day was dropped, or that a broken worker made up.
   */
  public static List<Line> ofKnownRuns(Handle handle, List<Line> lines) {
    Set<Long> ids = lines.stream().map(Line::run).collect(Collectors.toSet());
    Set<Long> known =
        handle
            .createQuery(KNOWN)
            .bindArray("ids", Long.class, List.copyOf(ids))
            .mapTo(Long.class)
            .set();
    return known.size() == ids.size()
        ? lines
        : lines.stream().filter(line -> known.contains(line.run())).toList();
  }

  public static void insert(Handle handle, List<Line> lines) {
    if (lines.isEmpty()) {
      return;
    }
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
      texts.add(line.text());
    }
    columns.execute(handle, INSERT);
  }
}
