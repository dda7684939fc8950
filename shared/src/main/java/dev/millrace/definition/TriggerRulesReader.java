package dev.millrace.definition;

import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerRules;
import java.time.DateTimeException;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.stream.Stream;

/** Reads what triggers of several kinds have: bounds, exclusions, jitter, misfires. Stateless. */
final class TriggerRulesReader {
  static final int EXCEPT_MAX = 1_000;
  private static final Duration JITTER_MIN = Duration.ofMillis(1);
  private static final Duration JITTER_MAX = Duration.ofDays(1);

  private TriggerRulesReader() {}

  /**
   * @param zone whose days are meant, or null when what was written is wrong
   */
  static TriggerRules read(Problems problems, Fields fields, ZoneId zone) {
    Misfire misfire = MisfireReader.read(fields);
    ZoneId days = zone == null ? Schedule.UTC : zone;
    Instant from = fields.parsed("from", text -> bound(text, days, 0));
    Instant until = fields.parsed("until", text -> bound(text, days, 1));
    if (from != null && until != null && !until.isAfter(from)) {
      fields.problem(fields.map().get("until"), "until", "is not after `from`");
    }
    Duration jitter = fields.duration("jitter", JITTER_MIN);
    if (jitter != null && jitter.compareTo(JITTER_MAX) > 0) {
      fields.problem(fields.map().get("jitter"), "jitter", "is more than a day");
    }
    return new TriggerRules(
        misfire, from, until, except(problems, fields), jitter == null ? Duration.ZERO : jitter);
  }

  /** An instant as it is; of a day its start, or the start of the day after. */
  private static Instant bound(String text, ZoneId zone, int daysLater) {
    return isDay(text)
        ? day(text).plusDays(daysLater).atStartOfDay(zone).toInstant()
        : instant(text);
  }

  private static boolean isDay(String text) {
    return text.strip().matches("\\d{4}-\\d\\d-\\d\\d");
  }

  static LocalDate day(String text) {
    try {
      return LocalDate.parse(text.strip());
    } catch (DateTimeException notOne) {
      throw new IllegalArgumentException("there is no day '" + text + "'", notOne);
    }
  }

  private static Instant instant(String text) {
    try {
      return TriggerReader.instant(text);
    } catch (IllegalArgumentException notOne) {
      throw new IllegalArgumentException(
          "'"
              + text
              + "' is neither a day such as 2027-01-01 nor an instant such as"
              + " 2027-01-01T00:00:00Z",
          notOne);
    }
  }

  private static List<Exclusion> except(Problems problems, Fields owner) {
    List<Exclusion> exclusions = new ArrayList<>();
    List<Doc> items = owner.list("except");
    if (items == null) {
      return exclusions;
    }
    if (items.size() > EXCEPT_MAX) {
      owner.problem(owner.map().get("except"), "except", "more than " + EXCEPT_MAX);
      return exclusions;
    }
    EnumSet<DayOfWeek> weekdays = EnumSet.noneOf(DayOfWeek.class);
    for (int i = 0; i < items.size(); i++) {
      String path = owner.path("except") + "[" + i + "]";
      Exclusion exclusion = one(problems, owner, items.get(i), path);
      if (exclusion != null) {
        exclusions.add(exclusion);
      }
      if (exclusion instanceof Exclusion.Weekdays some) {
        weekdays.addAll(some.days());
      }
    }
    if (weekdays.size() == DayOfWeek.values().length) {
      owner.problem(owner.map().get("except"), "except", "has all weekdays; it never fires");
    }
    return exclusions;
  }

  private static Exclusion one(Problems problems, Fields owner, Doc item, String path) {
    if (item instanceof Doc.Scalar) {
      String text = owner.text(item, path);
      try {
        return text == null ? null : scalar(text.strip());
      } catch (IllegalArgumentException wrong) {
        problems.add(item, path, wrong.getMessage());
        return null;
      }
    }
    Fields fields = Fields.of(problems, item, path);
    if (fields == null) {
      return null;
    }
    List<String> kinds =
        Stream.of("from", "weekdays", "cron", "holidays")
            .filter(key -> fields.map().get(key) != null)
            .toList();
    Exclusion range = range(fields);
    Exclusion weekdays = weekdays(fields);
    CronSchedule cron = fields.parsed("cron", CronSchedule::parse);
    String holidays = fields.parsed("holidays", TriggerRulesReader::holidays);
    fields.finish(Set.of("calendar"));
    if (kinds.size() != 1 && fields.map().get("calendar") == null) {
      fields.problem("needs one of {from, until}, {weekdays}, {cron}, {holidays}");
      return null;
    }
    if (cron != null) {
      return new Exclusion.Cron(cron.expression());
    }
    if (holidays != null) {
      return new Exclusion.Holidays(holidays);
    }
    return range == null ? weekdays : range;
  }

  private static Exclusion scalar(String text) {
    if (isDay(text)) {
      return new Exclusion.Days(day(text), day(text));
    }
    if (text.matches("\\d\\d-\\d\\d")) {
      try {
        return new Exclusion.Yearly(MonthDay.parse("--" + text));
      } catch (DateTimeException notOne) {
        throw new IllegalArgumentException("there is no day '" + text + "'", notOne);
      }
    }
    throw new IllegalArgumentException(
        "'" + text + "' is not a day; write 2027-01-01, or 01-01 for every year");
  }

  private static Exclusion range(Fields fields) {
    String from = fields.parsed("from", text -> text.strip());
    String until = fields.parsed("until", text -> text.strip());
    if (from == null || until == null) {
      if (fields.map().get("from") != null || fields.map().get("until") != null) {
        fields.problem("needs `from` and `until`");
      }
      return null;
    }
    if (isDay(from) != isDay(until)) {
      fields.problem("`from` and `until` are two days or two instants");
      return null;
    }
    if (isDay(from)) {
      LocalDate first = fields.parsed("from", TriggerRulesReader::day);
      LocalDate last = fields.parsed("until", TriggerRulesReader::day);
      if (first != null && last != null && last.isBefore(first)) {
        fields.problem(fields.map().get("until"), "until", "is before `from`");
      }
      return first == null || last == null ? null : new Exclusion.Days(first, last);
    }
    Instant start = fields.parsed("from", TriggerRulesReader::instant);
    Instant end = fields.parsed("until", TriggerRulesReader::instant);
    if (start != null && end != null && !end.isAfter(start)) {
      fields.problem(fields.map().get("until"), "until", "is not after `from`");
    }
    return start == null || end == null ? null : new Exclusion.Period(start, end);
  }

  private static Exclusion weekdays(Fields fields) {
    List<String> names = fields.texts("weekdays");
    if (names == null) {
      return null;
    }
    EnumSet<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
    for (String name : names) {
      String upper = name.strip().toUpperCase(Locale.ROOT);
      List<DayOfWeek> meant =
          Stream.of(DayOfWeek.values())
              .filter(day -> upper.equals(day.name()) || upper.equals(day.name().substring(0, 3)))
              .toList();
      if (meant.isEmpty()) {
        fields.problem(
            fields.map().get("weekdays"),
            "weekdays",
            "'" + name + "' is not a weekday; write MON, TUE, WED, THU, FRI, SAT or SUN");
      }
      days.addAll(meant);
    }
    if (names.isEmpty()) {
      fields.problem(fields.map().get("weekdays"), "weekdays", "is empty");
    }
    return new Exclusion.Weekdays(days);
  }

  private static String holidays(String text) {
    String code = text.strip().toUpperCase(Locale.ROOT);
    Holidays.of(code);
    return code;
  }
}
