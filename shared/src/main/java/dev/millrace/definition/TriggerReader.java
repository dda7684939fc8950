package dev.millrace.definition;

import dev.millrace.expression.DidYouMean;
import dev.millrace.model.Dst;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerDefinition.Past;
import dev.millrace.model.TriggerRules;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Stream;

/** Reads those of {@code triggers} that go by time. Stateless. */
final class TriggerReader {
  static final int TRIGGERS_MAX = 100;
  private static final List<String> KINDS = List.of("cron", "at", "every");
  private static final Set<String> OTHER_KINDS = Set.of("sql", "event");
  private static final Set<String> UNSUPPORTED =
      Set.of("sql", "event", "delay", "window", "blackout", "calendar", "key", "map", "overlap");

  /** What may stand beside each kind. */
  private static final Map<String, Set<String>> BESIDE =
      Map.of(
          "cron",
          Set.of("timezone", "dst", "misfire", "from", "until", "except", "jitter"),
          "at",
          Set.of("past", "misfire"),
          "every",
          Set.of(
              "anchor",
              "phase",
              "mode",
              "timezone",
              "misfire",
              "from",
              "until",
              "except",
              "jitter"));

  static final List<String> GAPS = List.of("skip", "shift", "before");
  static final List<String> OVERLAPS = List.of("first", "second", "both");

  private TriggerReader() {}

  /**
   * Those by time.
   *
   * @param events takes the others
   */
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
      TriggerDefinition trigger = fields == null ? null : one(problems, fields, given, events);
      if (trigger != null) {
        triggers.add(trigger);
      }
    }
    return triggers;
  }

  /** Null with a problem, or when it was one of events, which has it then. */
  private static TriggerDefinition one(
      Problems problems, Fields fields, GivenReader given, EventTriggerReader events) {
    List<String> eventKinds = events.kindsOf(fields);
    List<String> kinds =
        Stream.concat(
                KINDS.stream().filter(kind -> fields.map().get(kind) != null), eventKinds.stream())
            .toList();
    if (kinds.size() == 1 && eventKinds.size() == 1) {
      events.read(eventKinds.getFirst(), fields);
      return null;
    }
    TriggerDefinition trigger = null;
    if (kinds.size() > 1) {
      fields.problem("has " + String.join(" and ", kinds) + "; one trigger has one of them");
      kinds.forEach(fields::take);
      EventTriggerReader.BESIDE.forEach(fields::take);
      BESIDE.values().forEach(keys -> keys.forEach(fields::take));
    } else if (kinds.isEmpty()) {
      if (OTHER_KINDS.stream().allMatch(kind -> fields.map().get(kind) == null)) {
        fields.problem("needs one of cron, at, every, after, file, queue, webhook");
      }
      KINDS.forEach(fields::take);
      BESIDE.values().forEach(keys -> keys.forEach(fields::take));
    } else {
      String kind = kinds.get(0);
      refuseStrangers(fields, kind);
      trigger =
          switch (kind) {
            case "cron" -> cron(problems, fields);
            case "at" -> at(fields);
            default -> every(problems, fields);
          };
    }
    String params = given.read(fields);
    fields.finish(UNSUPPORTED);
    return trigger == null || params.equals("{}")
        ? trigger
        : new TriggerDefinition.Giving(trigger, params);
  }

  /** A key that another kind of trigger has is not unknown, it is in the wrong place. */
  private static void refuseStrangers(Fields fields, String kind) {
    Set<String> own = BESIDE.get(kind);
    for (String other : KINDS) {
      for (String key : BESIDE.get(other)) {
        if (!own.contains(key) && fields.isNew(key) && fields.map().get(key) != null) {
          fields.take(key);
          fields.problem(
              fields.map().get(key),
              key,
              "means nothing beside `" + kind + "`; it is for `" + other + "`");
        }
      }
    }
  }

  private static TriggerDefinition cron(Problems problems, Fields fields) {
    ZoneId zone = zoneOf(fields);
    CronSchedule schedule = fields.parsed("cron", TriggerReader::schedule);
    Dst dst = dst(fields);
    TriggerRules rules = TriggerRulesReader.read(problems, fields, zone);
    return schedule == null || zone == null
        ? null
        : new TriggerDefinition.Cron(schedule.expression(), zone, dst, rules);
  }

  /** The cron expression and time zone of the metadata form. */
  static TriggerDefinition plainCron(Fields fields, String key) {
    CronSchedule schedule = fields.parsed(key, TriggerReader::schedule);
    ZoneId zone = zoneOf(fields);
    return schedule == null || zone == null
        ? null
        : new TriggerDefinition.Cron(
            schedule.expression(), zone, Dst.DEFAULT, TriggerRules.DEFAULT);
  }

  /** Which job it is of changes no verdict but one: whether there is such a date. */
  static CronSchedule schedule(String text) {
    return CronSchedule.parse(text, "");
  }

  /** UTC when none is written, null when it is wrong. */
  private static ZoneId zoneOf(Fields fields) {
    ZoneId zone = fields.parsed("timezone", TriggerReader::zone);
    return zone == null && fields.map().get("timezone") == null ? Schedule.UTC : zone;
  }

  static Dst dst(Fields owner) {
    Fields fields = owner.fields("dst");
    if (fields == null) {
      return Dst.DEFAULT;
    }
    String gap = fields.oneOf("gap", GAPS);
    String overlap = fields.oneOf("overlap", OVERLAPS);
    fields.finish(Set.of());
    if (fields.map().entries().isEmpty()) {
      fields.problem("is empty; write {gap, overlap}");
    }
    return new Dst(
        gap == null ? Dst.DEFAULT.gap() : Dst.Gap.valueOf(upper(gap)),
        overlap == null ? Dst.DEFAULT.overlap() : Dst.Overlap.valueOf(upper(overlap)));
  }

  private static TriggerDefinition at(Fields fields) {
    Instant at = fields.parsed("at", TriggerReader::instant);
    String past = fields.oneOf("past", List.of("refuse", "run", "misfire"));
    TriggerRules rules = TriggerRules.DEFAULT.withMisfire(MisfireReader.read(fields));
    if ("run".equals(past) && fields.map().get("misfire") != null) {
      fields.problem(
          fields.map().get("misfire"),
          "misfire",
          "means nothing beside `past: run`, which runs it however late; remove one of them");
    }
    return at == null
        ? null
        : new TriggerDefinition.At(
            at, past == null ? Past.MISFIRE : Past.valueOf(upper(past)), rules);
  }

  private static TriggerDefinition every(Problems problems, Fields fields) {
    Duration interval = fields.duration("every", Duration.ofSeconds(1));
    Instant anchor = fields.parsed("anchor", TriggerReader::instant);
    Duration phase = fields.duration("phase", Duration.ZERO);
    String mode = fields.oneOf("mode", List.of("fixed-rate", "fixed-delay"));
    ZoneId zone = zoneOf(fields);
    TriggerRules rules = TriggerRulesReader.read(problems, fields, zone);
    if (interval != null && phase != null && phase.compareTo(interval) >= 0) {
      fields.problem(fields.map().get("phase"), "phase", "is not shorter than the interval");
    }
    if ("fixed-delay".equals(mode)) {
      for (String key : List.of("anchor", "phase", "misfire", "jitter")) {
        if (fields.map().get(key) != null) {
          fields.problem(
              fields.map().get(key),
              key,
              "means nothing beside `mode: fixed-delay`, which counts from the end of the run"
                  + " before; remove one of them");
        }
      }
    }
    return interval == null || zone == null
        ? null
        : new TriggerDefinition.Every(
            interval,
            anchor,
            phase == null ? Duration.ZERO : phase,
            mode == null ? Mode.FIXED_RATE : Mode.valueOf(upper(mode)),
            zone,
            rules);
  }

  private static String upper(String word) {
    return word.toUpperCase(Locale.ROOT).replace('-', '_');
  }

  static Instant instant(String text) {
    return InstantText.parse(text);
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
