package dev.millrace.definition;

import java.time.LocalDateTime;
import java.time.LocalTime;
import java.time.YearMonth;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;

/**
 * The local times of a cron expression, as bit sets: one per field, and the days worked out month
 * by month. Immutable, any thread.
 *
 * <p>The expression was parsed by cron-utils, but its {@code ExecutionTime} is not asked: version
 * 9.2.1 takes {@code 22-3} for {@code 22} and needed 4-38 microseconds per tick where this needs
 * 0.6-6 (JDK 25, 2 cores, November 2026, six expressions).
 */
final class CronTimes {
  /** February 29th on one weekday comes back after 40 years at most, in any century. */
  private static final int YEARS_AHEAD_MAX = 50;

  private static final int YEAR_MIN = 1970;
  private static final int YEAR_MAX = 2099;

  private static final List<String> MONTHS =
      List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");
  private static final List<String> WEEKDAYS =
      List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");

  private final long seconds;
  private final long minutes;
  private final long hours;
  private final long months;
  private final CronDays days;
  private final BitSet years;

  private CronTimes(
      long seconds, long minutes, long hours, long months, CronDays days, BitSet years) {
    this.seconds = seconds;
    this.minutes = minutes;
    this.hours = hours;
    this.months = months;
    this.days = days;
    this.years = years;
  }

  /**
   * Compiles the fields of an expression in upper case.
   *
   * @throws IllegalArgumentException when a field is not possible
   */
  static CronTimes of(String[] fields) {
    int first = fields.length == 5 ? -1 : 0;
    boolean quartz = fields.length == 7;
    return new CronTimes(
        first < 0 ? 1 : bits(fields[0], "second", 0, 59, List.of()),
        bits(fields[first + 1], "minute", 0, 59, List.of()),
        bits(fields[first + 2], "hour", 0, 23, List.of()),
        bits(fields[first + 4], "month", 1, 12, MONTHS),
        CronDays.of(fields[first + 3], fields[first + 5], quartz, fields.length == 5),
        quartz ? set(fields[6], "year", YEAR_MIN, YEAR_MAX, List.of()) : null);
  }

  /** The first time strictly after, or null when there is none within the bound. */
  LocalDateTime next(LocalDateTime after) {
    LocalDateTime from = after.withNano(0).plusSeconds(1);
    YearMonth month = YearMonth.from(from);
    int day = from.getDayOfMonth();
    int secondOfDay = from.toLocalTime().toSecondOfDay();
    int lastYear = years == null ? from.getYear() + YEARS_AHEAD_MAX : YEAR_MAX;
    while (month.getYear() <= lastYear) {
      if ((months >>> month.getMonthValue() & 1) == 0 || !hasYear(month.getYear())) {
        month = month.plusMonths(1);
        day = 1;
        secondOfDay = 0;
        continue;
      }
      int mask = days.ofMonth(month) & -1 << day;
      while (mask != 0) {
        int candidate = Integer.numberOfTrailingZeros(mask);
        int time = nextSecondOfDay(candidate == day ? secondOfDay : 0);
        if (time >= 0) {
          return LocalDateTime.of(month.atDay(candidate), LocalTime.ofSecondOfDay(time));
        }
        mask &= mask - 1;
      }
      month = month.plusMonths(1);
      day = 1;
      secondOfDay = 0;
    }
    return null;
  }

  /** True when this time is one of them. */
  boolean has(LocalDateTime local) {
    return (seconds >>> local.getSecond() & 1) == 1
        && (minutes >>> local.getMinute() & 1) == 1
        && (hours >>> local.getHour() & 1) == 1
        && (months >>> local.getMonthValue() & 1) == 1
        && hasYear(local.getYear())
        && (days.ofMonth(YearMonth.from(local)) >>> local.getDayOfMonth() & 1) == 1;
  }

  private boolean hasYear(int year) {
    return years == null || years.get(year);
  }

  /** The first second of the day at or after this one, or -1. */
  private int nextSecondOfDay(int from) {
    int hour = from / 3600;
    int minute = from / 60 % 60;
    int second = from % 60;
    int sameHour = next(hours, hour);
    if (sameHour == hour) {
      int sameMinute = next(minutes, minute);
      if (sameMinute == minute) {
        int sameSecond = next(seconds, second);
        if (sameSecond >= 0) {
          return hour * 3600 + minute * 60 + sameSecond;
        }
        sameMinute = next(minutes, minute + 1);
      }
      if (sameMinute >= 0) {
        return hour * 3600 + sameMinute * 60 + next(seconds, 0);
      }
      sameHour = next(hours, hour + 1);
    }
    return sameHour < 0 ? -1 : sameHour * 3600 + next(minutes, 0) * 60 + next(seconds, 0);
  }

  private static int next(long bits, int from) {
    long rest = from > 63 ? 0 : bits & -1L << from;
    return rest == 0 ? -1 : Long.numberOfTrailingZeros(rest);
  }

  private static long bits(String field, String name, int min, int max, List<String> names) {
    return set(field, name, min, max, names).toLongArray()[0];
  }

  private static BitSet set(String field, String name, int min, int max, List<String> names) {
    BitSet bits = new BitSet();
    for (String part : field.split(",", -1)) {
      add(bits, part, name, min, max, names);
    }
    return bits;
  }

  /** One of {@code * a a-b}, each with {@code /n}; a range may run over the end: 22-3. */
  static void add(BitSet bits, String part, String name, int min, int max, List<String> names) {
    int slash = part.indexOf('/');
    String range = slash < 0 ? part : part.substring(0, slash);
    int step = slash < 0 ? 1 : number(part.substring(slash + 1), name, 1, max, List.of());
    int dash = range.indexOf('-');
    int from = min;
    int to = max;
    if (dash > 0) {
      from = number(range.substring(0, dash), name, min, max, names);
      to = number(range.substring(dash + 1), name, min, max, names);
    } else if (!range.equals("*") && !range.equals("?")) {
      from = number(range, name, min, max, names);
      to = slash < 0 ? from : max;
    }
    int length = to >= from ? to - from : to - from + (max - min + 1);
    for (int i = 0; i <= length; i += step) {
      bits.set(min + (from - min + i) % (max - min + 1));
    }
  }

  static int number(String text, String field, int min, int max, List<String> names) {
    int named = names.indexOf(text);
    int number = named >= 0 ? named + min : text.matches("\\d{1,4}") ? Integer.parseInt(text) : -1;
    if (number < min || number > max) {
      throw new IllegalArgumentException(
          "field " + field + ": '" + text + "' is not possible; it is " + min + ".." + max);
    }
    return number;
  }

  /** The days of the two day fields. */
  static final class CronDays {
    /** Bits 1..31. */
    private final int plainDays;

    /** Bits 0..6, Sunday is 0. */
    private final int plainWeekdays;

    private final List<String> specialDays;
    private final List<int[]> specialWeekdays;
    private final boolean either;

    private CronDays(
        int plainDays,
        int plainWeekdays,
        List<String> specialDays,
        List<int[]> specialWeekdays,
        boolean either) {
      this.plainDays = plainDays;
      this.plainWeekdays = plainWeekdays;
      this.specialDays = specialDays;
      this.specialWeekdays = specialWeekdays;
      this.either = either;
    }

    static CronDays of(String days, String weekdays, boolean quartz, boolean unix) {
      BitSet plain = new BitSet();
      List<String> specials = new ArrayList<>();
      for (String part : days.split(",", -1)) {
        if (part.matches("L|LW|WL|L-\\d{1,2}|\\d{1,2}W")) {
          specials.add(part);
        } else {
          add(plain, part, "day-of-month", 1, 31, List.of());
        }
      }
      BitSet plainWeekdays = new BitSet();
      List<int[]> specialWeekdays = new ArrayList<>();
      for (String part : weekdays.split(",", -1)) {
        weekday(part, quartz, plainWeekdays, specialWeekdays);
      }
      boolean either = unix && restricted(days) && restricted(weekdays);
      return new CronDays(word(plain), word(plainWeekdays), specials, specialWeekdays, either);
    }

    private static boolean restricted(String field) {
      return !field.startsWith("*") && !field.equals("?");
    }

    private static int word(BitSet bits) {
      long[] words = bits.toLongArray();
      return words.length == 0 ? 0 : (int) words[0];
    }

    /** Specials are {weekday, n}: the n-th of the month, 0 for the last. */
    private static void weekday(String part, boolean quartz, BitSet plain, List<int[]> specials) {
      String field = "day-of-week";
      if (quartz && part.equals("L")) {
        plain.set(6);
        return;
      }
      int hash = part.indexOf('#');
      if (hash > 0) {
        int nth = number(part.substring(hash + 1), field, 1, 5, List.of());
        specials.add(new int[] {weekday(part.substring(0, hash), quartz), nth});
        return;
      }
      if (part.length() > 1 && part.endsWith("L")) {
        specials.add(new int[] {weekday(part.substring(0, part.length() - 1), quartz), 0});
        return;
      }
      BitSet bits = new BitSet();
      if (quartz) {
        add(bits, part, field, 1, 7, WEEKDAYS);
        bits.stream().forEach(bit -> plain.set(bit - 1));
        return;
      }
      add(bits, sundayLast(part), field, 0, 6, WEEKDAYS);
      plain.or(bits);
    }

    /** In the other dialects 7 is Sunday too: {@code 7} is 0, {@code 7-2} is 0-2, 0-7 is all. */
    private static String sundayLast(String part) {
      if (part.startsWith("0-7") || part.startsWith("SUN-7")) {
        return "*" + part.substring(part.indexOf('7') + 1);
      }
      return part.replaceFirst("^7(?=$|-|/)", "0").replaceFirst("-7(?=$|/)", "-0");
    }

    private static int weekday(String text, boolean quartz) {
      int min = quartz ? 1 : 0;
      return (number(text, "day-of-week", min, 7, WEEKDAYS) - min) % 7;
    }

    /** Bits 1..31 of the days that match in one month. */
    int ofMonth(YearMonth month) {
      int length = month.lengthOfMonth();
      int all = (int) ((1L << (length + 1)) - 2);
      int first = month.atDay(1).getDayOfWeek().getValue() % 7;
      int byDay = plainDays & all;
      for (String special : specialDays) {
        byDay |= special(special, first, length);
      }
      // The week of the month's first day, once for each week that begins in it.
      long week = (plainWeekdays | (long) plainWeekdays << 7) >>> first & 0x7f;
      int byWeekday = (int) ((week | week << 7 | week << 14 | week << 21 | week << 28) << 1) & all;
      for (int[] special : specialWeekdays) {
        byWeekday |= nth(special[0], special[1], first, length);
      }
      return either ? byDay | byWeekday : byDay & byWeekday;
    }

    private static int special(String special, int first, int length) {
      if (special.equals("L")) {
        return 1 << length;
      }
      if (special.startsWith("L-")) {
        int day = length - Integer.parseInt(special.substring(2));
        return day < 1 ? 0 : 1 << day;
      }
      boolean last = special.startsWith("L") || special.startsWith("WL");
      int day = last ? length : Integer.parseInt(special.substring(0, special.length() - 1));
      if (day < 1 || day > length) {
        return 0;
      }
      return switch ((first + day - 1) % 7) {
        case 6 -> 1 << (day == 1 ? 3 : day - 1);
        case 0 -> 1 << (day == length ? day - 2 : day + 1);
        default -> 1 << day;
      };
    }

    private static int nth(int weekday, int nth, int first, int length) {
      int day = 1 + (weekday - first + 7) % 7;
      if (nth == 0) {
        return 1 << (day + (length - day) / 7 * 7);
      }
      day += (nth - 1) * 7;
      return day > length ? 0 : 1 << day;
    }
  }
}
