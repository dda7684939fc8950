package dev.millrace.definition;

import com.cronutils.model.definition.CronDefinition;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.parser.CronParser;
import dev.millrace.expression.DidYouMean;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;

/**
 * A cron expression, evaluated on the local time line of a zone. Immutable, any thread.
 *
 * <p>The number of fields decides the dialect:
 *
 * <ul>
 *   <li>5: minute hour day-of-month month day-of-week, as Unix: when both days are restricted,
 *       either of them fires. Sunday is 0 and 7.
 *   <li>6: second first, then as above, as Spring: when both days are restricted, both must match.
 *       Sunday is 0 and 7.
 *   <li>7: second first and year last, as Quartz: one of the days is {@code ?}. Sunday is 1.
 * </ul>
 *
 * A local time that does not exist because the clocks go forward fires at the first instant after
 * the gap, once; a local time that exists twice fires the first time.
 */
public final class CronSchedule {
  private static final List<String> UNIX_FIELDS =
      List.of("minute", "hour", "day-of-month", "month", "day-of-week");
  private static final List<String> SPRING_FIELDS =
      List.of("second", "minute", "hour", "day-of-month", "month", "day-of-week");
  private static final List<String> QUARTZ_FIELDS =
      List.of("second", "minute", "hour", "day-of-month", "month", "day-of-week", "year");

  private static final Map<String, String> NICKNAMES =
      Map.of(
          "@hourly", "0 * * * *",
          "@daily", "0 0 * * *",
          "@midnight", "0 0 * * *",
          "@weekly", "0 0 * * 0",
          "@monthly", "0 0 1 * *",
          "@yearly", "0 0 1 1 *",
          "@annually", "0 0 1 1 *");

  private static final int EXPRESSION_CHARS_MAX = 256;

  /** Parsing costs 100 microseconds, and many jobs share few expressions. */
  private static final Map<String, CronSchedule> PARSED = new ConcurrentHashMap<>();

  private static final int PARSED_MAX = 10_000;
  private static final CronParser UNIX = new CronParser(unix());
  private static final CronParser SPRING = new CronParser(spring());
  private static final CronParser QUARTZ = new CronParser(quartz());

  /** Before any tick: an expression without a tick after it never fires. */
  private static final LocalDateTime BEGINNING = LocalDateTime.of(1969, 12, 31, 23, 59, 59);

  private final String expression;
  private final CronTimes times;

  private CronSchedule(String expression, CronTimes times) {
    this.expression = expression;
    this.times = times;
  }

  /**
   * Reads an expression of 5, 6 or 7 fields or a nickname.
   *
   * @throws IllegalArgumentException with a message that names the field and its value, also when
   *     the expression can never fire
   */
  public static CronSchedule parse(String written) {
    String expression = written.strip();
    CronSchedule known = PARSED.get(expression);
    if (known != null) {
      return known;
    }
    CronSchedule schedule = parseNew(expression);
    if (PARSED.size() < PARSED_MAX) {
      PARSED.put(expression, schedule);
    }
    return schedule;
  }

  private static CronSchedule parseNew(String expression) {
    if (expression.length() > EXPRESSION_CHARS_MAX) {
      throw new IllegalArgumentException("longer than " + EXPRESSION_CHARS_MAX + " characters");
    }
    String plain = expression;
    if (expression.startsWith("@")) {
      plain = NICKNAMES.get(expression.toLowerCase(Locale.ROOT));
      if (plain == null) {
        throw new IllegalArgumentException(
            "'"
                + expression
                + "' is not known"
                + DidYouMean.phrase(expression, NICKNAMES.keySet()));
      }
    }
    String[] fields = plain.toUpperCase(Locale.ROOT).split("\\s+", -1);
    CronSchedule schedule =
        switch (fields.length) {
          case 5 -> parse(expression, fields, UNIX, UNIX_FIELDS);
          case 6 -> parse(expression, fields, SPRING, SPRING_FIELDS);
          case 7 -> parse(expression, fields, QUARTZ, QUARTZ_FIELDS);
          default ->
              throw new IllegalArgumentException(
                  "'" + expression + "' has " + fields.length + " fields; cron has 5, 6 or 7");
        };
    if (schedule.times.next(BEGINNING) == null) {
      throw new IllegalArgumentException("'" + expression + "' never fires: there is no such date");
    }
    return schedule;
  }

  private static CronSchedule parse(
      String expression, String[] fields, CronParser parser, List<String> names) {
    try {
      parser.parse(String.join(" ", fields)).validate();
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(blame(expression, fields, parser, names, wrong), wrong);
    }
    return new CronSchedule(expression, CronTimes.of(fields));
  }

  /** The library does not say which field it means; so we try each with all others open. */
  private static String blame(
      String expression,
      String[] fields,
      CronParser parser,
      List<String> names,
      IllegalArgumentException whole) {
    for (int i = 0; i < fields.length; i++) {
      String[] open = new String[fields.length];
      for (int j = 0; j < open.length; j++) {
        open[j] = "*";
      }
      if (parser == QUARTZ) {
        open[i == 5 ? 3 : 5] = "?";
      }
      open[i] = fields[i];
      try {
        parser.parse(String.join(" ", open)).validate();
      } catch (IllegalArgumentException wrong) {
        return "field " + names.get(i) + ": '" + fields[i] + "' is not possible" + reason(wrong);
      }
    }
    return "'" + expression + "' is not possible" + reason(whole);
  }

  private static String reason(Throwable wrong) {
    Throwable deepest = wrong;
    while (deepest.getCause() != null) {
      deepest = deepest.getCause();
    }
    String message = deepest.getMessage();
    return message == null || message.isBlank() ? "" : ": " + message;
  }

  /** As written. */
  public String expression() {
    return expression;
  }

  /** The first tick strictly after an instant, or empty when there is none any more. */
  public Optional<Instant> next(Instant after, ZoneId zone) {
    ZoneRules rules = zone.getRules();
    LocalDateTime local = LocalDateTime.ofInstant(after, rules.getOffset(after));
    ZoneOffsetTransition overlap = rules.getTransition(local);
    if (overlap != null && overlap.isOverlap() && !after.isBefore(overlap.getInstant())) {
      // The second pass of the repeated hour: all of its times have fired in the first.
      local = overlap.getDateTimeBefore().minusNanos(1);
    }
    while (true) {
      local = times.next(local);
      if (local == null) {
        return Optional.empty();
      }
      Instant instant = instantOf(local, rules);
      if (instant.isAfter(after)) {
        return Optional.of(instant);
      }
    }
  }

  /** All ticks in (after, until], at most {@code max} of them, the earliest. */
  public List<Instant> upTo(Instant after, Instant until, ZoneId zone, int max) {
    List<Instant> ticks = new ArrayList<>();
    Instant last = after;
    while (ticks.size() < max) {
      Optional<Instant> tick = next(last, zone);
      if (tick.isEmpty() || tick.get().isAfter(until)) {
        return ticks;
      }
      last = tick.get();
      ticks.add(last);
    }
    return ticks;
  }

  private static Instant instantOf(LocalDateTime local, ZoneRules rules) {
    List<ZoneOffset> offsets = rules.getValidOffsets(local);
    return offsets.isEmpty()
        ? rules.getTransition(local).getInstant()
        : local.toInstant(offsets.get(0));
  }

  private static CronDefinition unix() {
    return days(CronDefinitionBuilder.defineCron().withMinutes().withValidRange(0, 59).and())
        .instance();
  }

  private static CronDefinition spring() {
    return days(CronDefinitionBuilder.defineCron()
            .withSeconds()
            .withValidRange(0, 59)
            .and()
            .withMinutes()
            .withValidRange(0, 59)
            .and())
        .matchDayOfWeekAndDayOfMonth()
        .instance();
  }

  private static CronDefinitionBuilder days(CronDefinitionBuilder start) {
    return start
        .withHours()
        .withValidRange(0, 23)
        .and()
        .withDayOfMonth()
        .withValidRange(1, 31)
        .supportsL()
        .supportsW()
        .supportsLW()
        .supportsQuestionMark()
        .and()
        .withMonth()
        .withValidRange(1, 12)
        .and()
        .withDayOfWeek()
        .withValidRange(0, 7)
        .withMondayDoWValue(1)
        .withIntMapping(7, 0)
        .supportsHash()
        .supportsL()
        .supportsQuestionMark()
        .and();
  }

  private static CronDefinition quartz() {
    return CronDefinitionBuilder.instanceDefinitionFor(com.cronutils.model.CronType.QUARTZ);
  }
}
