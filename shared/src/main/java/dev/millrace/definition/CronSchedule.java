package dev.millrace.definition;

import com.cronutils.model.definition.CronDefinition;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.parser.CronParser;
import dev.millrace.expression.DidYouMean;
import dev.millrace.model.Dst;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.concurrent.ConcurrentHashMap;
import java.util.regex.Pattern;

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
 * {@code H} in a field is a value that is hashed from the job's id ({@link CronHash}). What would
 * mean another time in another program is refused, with what to write instead:
 *
 * <ul>
 *   <li>{@code ?} for both days; with seven fields, for none of them.
 *   <li>Six fields with {@code ?} and weekdays as numbers: Quartz counts Sunday as 1, Spring as 0.
 *   <li>Six fields with a year at their end.
 * </ul>
 *
 * What the local times become where clocks change is said by a {@link Dst} and done by {@link
 * CronTicks}.
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

  /** Judging costs 100 microseconds, and many jobs share few expressions. */
  private static final Map<String, CronSchedule> PARSED = new ConcurrentHashMap<>();

  private static final int PARSED_MAX = 10_000;
  private static final CronParser UNIX = new CronParser(unix());
  private static final CronParser SPRING = new CronParser(spring());
  private static final CronParser QUARTZ = new CronParser(quartz());

  /** Before any tick: an expression without a tick after it never fires. */
  private static final LocalDateTime BEGINNING = LocalDateTime.of(1969, 12, 31, 23, 59, 59);

  private static final Pattern NO_WEEKDAY_NUMBER = Pattern.compile("[#/]\\d+");
  private static final Pattern DIGIT = Pattern.compile("\\d");

  private final String expression;
  private final String resolved;
  private final CronTimes times;
  private final boolean noSeconds;

  private CronSchedule(String expression, String resolved, CronTimes times, boolean noSeconds) {
    this.expression = expression;
    this.resolved = resolved;
    this.times = times;
    this.noSeconds = noSeconds;
  }

  /**
   * Reads an expression of 5, 6 or 7 fields or a nickname, of a job.
   *
   * @param seed what {@code H} is hashed from, see {@link Schedule#seed}
   * @throws IllegalArgumentException as {@link #parse(String)} does
   */
  public static CronSchedule parse(String written, String seed) {
    return of(written.strip(), seed, true);
  }

  /**
   * Reads an expression of 5, 6 or 7 fields without {@code H}, or a nickname.
   *
   * @throws IllegalArgumentException with a message that names the field and its value, also when
   *     the expression can never fire
   */
  public static CronSchedule parse(String written) {
    return of(written.strip(), null, true);
  }

  /**
   * Reads an expression that has been judged by {@link #parse} before, which need not be slow
   * again: the one who takes over 100,000 schedules has no time for it.
   */
  static CronSchedule ofJudged(String expression, String seed) {
    return of(expression, seed, false);
  }

  private static CronSchedule of(String expression, String seed, boolean judge) {
    CronSchedule known = PARSED.get(expression);
    if (known != null) {
      return known;
    }
    if (expression.length() > EXPRESSION_CHARS_MAX) {
      throw new IllegalArgumentException("longer than " + EXPRESSION_CHARS_MAX + " characters");
    }
    String[] fields = fields(expression.startsWith("@") ? nickname(expression) : expression);
    List<String> names = names(expression, fields);
    boolean hashed = hasHash(fields);
    if (hashed && seed == null) {
      throw new IllegalArgumentException(
          "'" + expression + "' has an H, which is hashed from a job and means nothing here");
    }
    String[] plain = hashed ? CronHash.resolve(fields, names, seed) : fields;
    if (judge) {
      refuseAmbiguous(plain);
      judge(expression, plain, names);
    }
    CronTimes times = CronTimes.of(plain);
    if (times.next(BEGINNING) == null) {
      throw new IllegalArgumentException("'" + expression + "' never fires: there is no such date");
    }
    CronSchedule schedule =
        new CronSchedule(expression, String.join(" ", plain), times, plain.length == 5);
    if (judge && !hashed && PARSED.size() < PARSED_MAX) {
      PARSED.put(expression, schedule);
    }
    return schedule;
  }

  private static void judge(String expression, String[] fields, List<String> names) {
    CronParser parser =
        switch (fields.length) {
          case 5 -> UNIX;
          case 6 -> SPRING;
          default -> QUARTZ;
        };
    try {
      parser.parse(String.join(" ", fields)).validate();
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(blame(expression, fields, parser, names, wrong), wrong);
    }
  }

  private static String nickname(String expression) {
    String plain = NICKNAMES.get(expression.toLowerCase(Locale.ROOT));
    if (plain != null) {
      return plain;
    }
    if (expression.toLowerCase(Locale.ROOT).startsWith("@every")) {
      String interval = expression.substring("@every".length()).strip();
      throw new IllegalArgumentException(
          "'"
              + expression
              + "' is not cron; write `every: "
              + (interval.isEmpty() ? "5m" : interval)
              + "` instead of `cron`");
    }
    throw new IllegalArgumentException(
        "'" + expression + "' is not known" + DidYouMean.phrase(expression, NICKNAMES.keySet()));
  }

  private static String[] fields(String plain) {
    return plain.toUpperCase(Locale.ROOT).split("\\s+", -1);
  }

  private static List<String> names(String expression, String[] fields) {
    return switch (fields.length) {
      case 5 -> UNIX_FIELDS;
      case 6 -> SPRING_FIELDS;
      case 7 -> QUARTZ_FIELDS;
      default ->
          throw new IllegalArgumentException(
              "'" + expression + "' has " + fields.length + " fields; cron has 5, 6 or 7");
    };
  }

  private static boolean hasHash(String[] fields) {
    for (String field : fields) {
      if (CronHash.isIn(field)) {
        return true;
      }
    }
    return false;
  }

  private static void refuseAmbiguous(String[] fields) {
    String days = fields[fields.length == 5 ? 2 : 3];
    String weekdays = fields[fields.length == 5 ? 4 : 5];
    boolean anyDay = days.equals("?");
    boolean anyWeekday = weekdays.equals("?");
    if (anyDay && anyWeekday) {
      throw new IllegalArgumentException(
          "day-of-month and day-of-week are both '?'; write '*' for one of them");
    }
    if (fields.length == 7 && !anyDay && !anyWeekday) {
      throw new IllegalArgumentException(
          "day-of-month '"
              + days
              + "' and day-of-week '"
              + weekdays
              + "': of seven fields one of the two is '?', the one that does not matter");
    }
    if (fields.length != 6) {
      return;
    }
    if (weekdays.matches("\\d{4}")) {
      throw new IllegalArgumentException(
          "field day-of-week: '"
              + weekdays
              + "' looks like a year; with a year there are seven fields, the first is the second");
    }
    if (anyDay && DIGIT.matcher(NO_WEEKDAY_NUMBER.matcher(weekdays).replaceAll("")).find()) {
      throw new IllegalArgumentException(
          "field day-of-week: '"
              + weekdays
              + "' is ambiguous: '?' is written for Quartz, where 1 is Sunday, and six fields are"
              + " read as Spring does, where 1 is Monday; write names, such as MON");
    }
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

  /** The same in upper case, its nickname written out and every {@code H} resolved. */
  public String resolved() {
    return resolved;
  }

  /** The local times. */
  CronTimes times() {
    return times;
  }

  /** True for five fields, which name minutes. */
  boolean hasNoSeconds() {
    return noSeconds;
  }

  /**
   * The first tick strictly after an instant that fires under the usual policy for changes of the
   * clocks, or empty when there is none any more.
   */
  public Optional<Instant> next(Instant after, ZoneId zone) {
    CronTicks ticks = new CronTicks(times, Clocks.of(zone), Dst.DEFAULT, (instant, local) -> false);
    Tick tick = ticks.next(after);
    while (tick != null && !tick.fires()) {
      tick = ticks.next(tick.instant());
    }
    return Optional.ofNullable(tick).map(Tick::instant);
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
