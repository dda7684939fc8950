package dev.millrace.definition;

import dev.millrace.expression.DidYouMean;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.ZoneId;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads {@code triggers}. Stateless. */
final class TriggerReader {
  private static final int TRIGGERS_MAX = 100;
  private static final List<String> KINDS = List.of("cron", "at", "every");
  private static final Set<String> OTHER_KINDS = Set.of("after", "file", "webhook", "sql", "event");
  private static final Set<String> UNSUPPORTED =
      Set.of(
          "after",
          "file",
          "webhook",
          "sql",
          "event",
          "dst",
          "jitter",
          "phase",
          "delay",
          "window",
          "blackout",
          "calendar",
          "key",
          "map",
          "from",
          "until",
          "overlap");
  private static final Set<String> OTHER_MISFIRES = Set.of("all", "within", "at-most");

  private TriggerReader() {}

  static List<TriggerDefinition> read(
      Problems problems, Fields job, GivenReader given, EventTriggerReader events) {
    List<TriggerDefinition> triggers = new ArrayList<>();
    List<Doc> items = job.list("triggers");
    if (items == null) {
      return triggers;
    }
    if (items.size() > TRIGGERS_MAX) {
      job.problem(job.map().get("triggers"), "triggers", "more than " + TRIGGERS_MAX);
      return triggers;
    }
    for (int i = 0; i < items.size(); i++) {
      Fields fields = Fields.of(problems, items.get(i), job.path("triggers") + "[" + i + "]");
      TriggerDefinition trigger = fields == null ? null : one(fields, given, events);
      if (trigger != null) {
        triggers.add(trigger);
      }
    }
    return triggers;
  }

  /** The canonical text has the triggers that are not of time in a list of their own. */
  static void readEvents(Problems problems, Fields job, EventTriggerReader events) {
    List<Doc> items = job.list("events");
    for (int i = 0; items != null && i < items.size() && i < TRIGGERS_MAX; i++) {
      Fields fields = Fields.of(problems, items.get(i), job.path("events") + "[" + i + "]");
      if (fields == null) {
        continue;
      }
      List<String> kinds = events.kindsOf(fields);
      if (kinds.size() == 1) {
        events.read(kinds.getFirst(), fields);
      } else {
        fields.problem("needs one of queue; what people write stands in `triggers`");
      }
    }
  }

  /** Null with a problem, or when it was one of events, which has it then. */
  private static TriggerDefinition one(
      Fields fields, GivenReader given, EventTriggerReader events) {
    List<String> kinds =
        new ArrayList<>(KINDS.stream().filter(kind -> fields.map().get(kind) != null).toList());
    List<String> eventKinds = events.kindsOf(fields);
    if (kinds.isEmpty() && eventKinds.size() == 1) {
      events.read(eventKinds.getFirst(), fields);
      return null;
    }
    kinds.addAll(eventKinds);
    Misfire misfire = misfire(fields);
    TriggerDefinition trigger = null;
    if (kinds.size() > 1) {
      fields.problem("has " + String.join(" and ", kinds) + "; one trigger has one of them");
      kinds.forEach(fields::take);
    } else if (kinds.isEmpty()) {
      if (OTHER_KINDS.stream().allMatch(kind -> fields.map().get(kind) == null)) {
        fields.problem("needs one of cron, at, every, queue");
      }
      KINDS.forEach(fields::take);
    } else {
      trigger =
          switch (kinds.get(0)) {
            case "cron" -> cron(fields, "cron", misfire);
            case "at" -> at(fields, misfire);
            default -> every(fields, misfire);
          };
    }
    String params = given.read(fields);
    fields.finish(UNSUPPORTED);
    return trigger == null || params.equals("{}")
        ? trigger
        : new TriggerDefinition.Giving(trigger, params);
  }

  private static Misfire misfire(Fields fields) {
    Doc value = fields.take("misfire");
    if (value == null) {
      return Misfire.LATEST;
    }
    if (value instanceof Doc.Mapping) {
      fields.problem(value, "misfire", "the map form is not supported by this version");
      return Misfire.LATEST;
    }
    if (value instanceof Doc.Scalar scalar && OTHER_MISFIRES.contains(scalar.text())) {
      String message = "`misfire: " + scalar.text() + "` is not supported by this version";
      fields.problem(value, "misfire", message);
      return Misfire.LATEST;
    }
    String text = fields.oneOf("misfire", List.of("latest", "none"));
    return text == null ? Misfire.LATEST : Misfire.valueOf(text.toUpperCase(Locale.ROOT));
  }

  static TriggerDefinition cron(Fields fields, String key, Misfire misfire) {
    CronSchedule schedule = fields.parsed(key, CronSchedule::parse);
    ZoneId zone = fields.parsed("timezone", TriggerReader::zone);
    boolean zoneWrong = zone == null && fields.map().get("timezone") != null;
    if (schedule == null || zoneWrong) {
      return null;
    }
    return new TriggerDefinition.Cron(
        schedule.expression(), zone == null ? Schedule.UTC : zone, misfire);
  }

  private static TriggerDefinition at(Fields fields, Misfire misfire) {
    Instant at = fields.parsed("at", TriggerReader::instant);
    return at == null ? null : new TriggerDefinition.At(at, misfire);
  }

  private static TriggerDefinition every(Fields fields, Misfire misfire) {
    Duration interval = fields.duration("every", Duration.ofSeconds(1));
    Instant anchor = fields.parsed("anchor", TriggerReader::instant);
    return interval == null ? null : new TriggerDefinition.Every(interval, anchor, misfire);
  }

  static Instant instant(String text) {
    try {
      return OffsetDateTime.parse(text).toInstant();
    } catch (DateTimeParseException notOne) {
      throw new IllegalArgumentException(
          "'" + text + "' is not an instant; write for example 2027-01-01T00:00:00Z", notOne);
    }
  }

  /** {@code Z} and {@code UTC} become the same zone, so that one job has one canonical form. */
  static ZoneId zone(String text) {
    if (text.equals("UTC") || text.equals("Z")) {
      return Schedule.UTC;
    }
    try {
      if (ZoneId.getAvailableZoneIds().contains(text) || text.matches("[+-]\\d\\d:\\d\\d")) {
        return ZoneId.of(text);
      }
    } catch (java.time.DateTimeException outOfRange) {
      throw new IllegalArgumentException("'" + text + "' is not a possible offset", outOfRange);
    }
    throw new IllegalArgumentException(
        "'"
            + text
            + "' is not a time zone"
            + DidYouMean.phrase(text, ZoneId.getAvailableZoneIds())
            + " (IANA name, such as Europe/London)");
  }
}
