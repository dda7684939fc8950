package dev.millrace.definition;

import dev.millrace.model.Dst;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads {@code window}, which makes a job a plan. Stateless. */
final class WindowReader {
  static final Duration LENGTH_MIN = Duration.ofSeconds(1);
  static final int BLACKOUTS_MAX = 100;
  static final List<String> ENDS = List.of("close", "complete", "manual");

  private WindowReader() {}

  /** Null when it is absent or wrong. */
  static Window read(Problems problems, Fields job, GivenReader given) {
    Fields fields = job.fields("window");
    if (fields == null) {
      return null;
    }
    fields.takeRequired("start", "; a cron expression says when the window opens");
    CronSchedule start = fields.parsed("start", TriggerReader::schedule);
    ZoneId zone = fields.parsed("timezone", TriggerReader::zone);
    fields.takeRequired("length", "; how long is the window open?");
    Duration length = fields.duration("length", LENGTH_MIN);
    List<Window.Blackout> blackouts = blackouts(problems, fields);
    String end = fields.oneOf("end", ENDS);
    Boolean prepare = fields.bool("prepare");
    Dst dst = TriggerReader.dst(fields);
    String params = given.read(fields);
    fields.finish(Set.of());
    if (start == null || length == null) {
      return null;
    }
    return new Window(
        start.expression(),
        zone == null ? Schedule.UTC : zone,
        length,
        blackouts,
        end == null ? Window.End.CLOSE : Window.End.valueOf(end.toUpperCase(Locale.ROOT)),
        Boolean.TRUE.equals(prepare),
        dst,
        params);
  }

  private static List<Window.Blackout> blackouts(Problems problems, Fields window) {
    List<Window.Blackout> blackouts = new ArrayList<>();
    List<Doc> items = window.list("blackout");
    if (items == null) {
      return blackouts;
    }
    if (items.size() > BLACKOUTS_MAX) {
      window.problem(window.map().get("blackout"), "blackout", "more than " + BLACKOUTS_MAX);
      return blackouts;
    }
    for (int i = 0; i < items.size(); i++) {
      Fields fields = Fields.of(problems, items.get(i), window.path("blackout") + "[" + i + "]");
      if (fields != null) {
        blackouts.add(blackout(fields));
      }
    }
    return blackouts;
  }

  private static Window.Blackout blackout(Fields fields) {
    CronSchedule cron = fields.parsed("cron", CronSchedule::parse);
    Duration length = fields.duration("length", LENGTH_MIN);
    Instant from = fields.parsed("from", TriggerReader::instant);
    Instant until = fields.parsed("until", TriggerReader::instant);
    fields.finish(Set.of());
    boolean again = has(fields, "cron") || has(fields, "length");
    boolean once = has(fields, "from") || has(fields, "until");
    if (again == once) {
      fields.problem("needs {cron, length} or {from, until}, one of both");
    } else if (again && !(has(fields, "cron") && has(fields, "length"))) {
      fields.problem("needs `cron` and `length`");
    } else if (once && !(has(fields, "from") && has(fields, "until"))) {
      fields.problem("needs `from` and `until`");
    } else if (from != null && until != null && !until.isAfter(from)) {
      fields.problem(fields.map().get("until"), "until", "is not after `from`");
    }
    return new Window.Blackout(cron == null ? null : cron.expression(), length, from, until);
  }

  private static boolean has(Fields fields, String key) {
    return fields.map().get(key) != null;
  }
}
