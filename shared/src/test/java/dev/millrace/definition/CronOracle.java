package dev.millrace.definition;

import dev.millrace.definition.Tick.Fate;
import dev.millrace.definition.Tick.Mark;
import dev.millrace.model.Dst;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.NavigableMap;
import java.util.TreeMap;
import java.util.function.BiPredicate;

/**
 * Cron by brute force: asks every second of a stretch of time whether it matches, as a person would
 * with the documentation in the hand, and asks the JDK for the offsets of each local time. Shares
 * nothing with {@link CronTimes} and {@link CronTicks}. One thread.
 */
final class CronOracle {
  private static final List<String> MONTHS =
      List.of("JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC");
  private static final List<String> WEEKDAYS =
      List.of("SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT");

  private final boolean unix;
  private final boolean quartz;
  private final String days;
  private final String weekdays;
  private final boolean[] seconds;
  private final boolean[] minutes;
  private final boolean[] hours;
  private final boolean[] months;
  private final boolean[] years;
  private final Map<LocalDate, Boolean> known = new LinkedHashMap<>();

  CronOracle(String expression) {
    String[] fields = expression.strip().toUpperCase(Locale.ROOT).split("\\s+");
    unix = fields.length == 5;
    quartz = fields.length == 7;
    int first = unix ? 0 : 1;
    seconds = values(unix ? "0" : fields[0], 0, 59);
    minutes = values(fields[first], 0, 59);
    hours = values(fields[first + 1], 0, 23);
    days = fields[first + 2];
    months = values(named(fields[first + 3], MONTHS, 1), 1, 12);
    weekdays = named(fields[first + 4], WEEKDAYS, quartz ? 1 : 0);
    years = values(quartz ? fields[6] : "*", 1970, 2099);
  }

  private static String named(String field, List<String> names, int base) {
    String plain = field;
    for (int i = 0; i < names.size(); i++) {
      plain = plain.replace(names.get(i), Integer.toString(i + base));
    }
    return plain;
  }

  private static boolean[] values(String field, int min, int max) {
    boolean[] values = new boolean[max + 1];
    for (int value = min; value <= max; value++) {
      for (String part : field.split(",")) {
        values[value] |= hits(part, value, min, max);
      }
    }
    return values;
  }

  /** Walks the part from its first value, over the end of the field if need be. */
  private static boolean hits(String part, int value, int min, int max) {
    String[] halves = part.split("/");
    int step = halves.length == 2 ? Integer.parseInt(halves[1]) : 1;
    int from = min;
    int to = max;
    if (halves[0].contains("-")) {
      from = Integer.parseInt(halves[0].split("-")[0]);
      to = Integer.parseInt(halves[0].split("-")[1]);
    } else if (!halves[0].equals("*") && !halves[0].equals("?")) {
      from = Integer.parseInt(halves[0]);
      to = halves.length == 2 ? max : from;
    }
    int walker = from;
    for (int walked = 0; ; walked++) {
      if (walker == value && walked % step == 0) {
        return true;
      }
      if (walker == to) {
        return false;
      }
      walker = walker == max ? min : walker + 1;
    }
  }

  boolean matches(LocalDateTime local) {
    return seconds[local.getSecond()]
        && minutes[local.getMinute()]
        && hours[local.getHour()]
        && matches(local.toLocalDate());
  }

  private boolean matches(LocalDate day) {
    return known.computeIfAbsent(day, this::judge);
  }

  private boolean judge(LocalDate day) {
    if (!months[day.getMonthValue()] || day.getYear() > 2099 || !years[day.getYear()]) {
      return false;
    }
    boolean byDay = false;
    for (String part : days.split(",")) {
      byDay |= dayHits(part, day);
    }
    boolean byWeekday = false;
    for (String part : weekdays.split(",")) {
      byWeekday |= weekdayHits(part, day);
    }
    boolean daysOpen = days.startsWith("*") || days.equals("?");
    boolean weekdaysOpen = weekdays.startsWith("*") || weekdays.equals("?");
    boolean either = unix && !daysOpen && !weekdaysOpen;
    return either ? byDay || byWeekday : byDay && byWeekday;
  }

  private static boolean dayHits(String part, LocalDate day) {
    LocalDate last = day.plusMonths(1).withDayOfMonth(1).minusDays(1);
    if (part.equals("L")) {
      return day.equals(last);
    }
    if (part.startsWith("L-")) {
      return day.plusDays(Integer.parseInt(part.substring(2))).equals(last);
    }
    if (part.endsWith("W")) {
      String number = part.substring(0, part.length() - 1);
      if (!number.equals("L") && Integer.parseInt(number) > last.getDayOfMonth()) {
        return false;
      }
      LocalDate wanted = number.equals("L") ? last : day.withDayOfMonth(Integer.parseInt(number));
      return day.equals(nearestWorkday(wanted));
    }
    return hits(part, day.getDayOfMonth(), 1, 31);
  }

  /** The nearest day from Monday to Friday that is in the same month. */
  private static LocalDate nearestWorkday(LocalDate wanted) {
    for (int distance = 0; ; distance++) {
      for (int sign : new int[] {-1, 1}) {
        LocalDate near = wanted.plusDays((long) sign * distance);
        boolean weekend =
            near.getDayOfWeek() == DayOfWeek.SATURDAY || near.getDayOfWeek() == DayOfWeek.SUNDAY;
        if (!weekend && near.getMonth() == wanted.getMonth()) {
          return near;
        }
      }
    }
  }

  private boolean weekdayHits(String part, LocalDate day) {
    int sunday = quartz ? 1 : 0;
    int number = day.getDayOfWeek().getValue() % 7 + sunday;
    if (part.equals("L")) {
      return number == 6 + sunday;
    }
    if (part.contains("#")) {
      int nth = Integer.parseInt(part.split("#")[1]);
      int wanted = Integer.parseInt(part.split("#")[0]);
      return same(number, wanted) && (day.getDayOfMonth() - 1) / 7 + 1 == nth;
    }
    if (part.endsWith("L")) {
      int wanted = Integer.parseInt(part.substring(0, part.length() - 1));
      return same(number, wanted) && day.plusDays(7).getMonth() != day.getMonth();
    }
    if (quartz) {
      return hits(part, number, 1, 7);
    }
    if (part.startsWith("*") || part.equals("?")) {
      return hits(part, number, 0, 6);
    }
    return unixWeekday(part, number);
  }

  private boolean same(int number, int wanted) {
    return quartz ? number == wanted : number == wanted % 7;
  }

  /** Sunday is 0 at the beginning of a walk and 7 at its end. */
  private static boolean unixWeekday(String part, int number) {
    String[] halves = part.split("/");
    int step = halves.length == 2 ? Integer.parseInt(halves[1]) : 1;
    String[] ends = halves[0].split("-");
    int from = Integer.parseInt(ends[0]);
    int to = ends.length == 2 ? Integer.parseInt(ends[1]) : halves.length == 2 ? 6 : from;
    int length = to >= from ? to - from : to - from + 7;
    for (int walked = 0; walked <= length; walked += step) {
      if ((from + walked) % 7 == number) {
        return true;
      }
    }
    return false;
  }

  /** All local times from the first one, included, until the last one, which is not. */
  List<LocalDateTime> between(LocalDateTime from, LocalDateTime until) {
    List<LocalDateTime> found = new ArrayList<>();
    for (LocalDate day = from.toLocalDate(); !day.isAfter(until.toLocalDate()); ) {
      if (matches(day)) {
        for (int hour = 0; hour < 24; hour++) {
          addHour(found, day.atTime(hour, 0), from, until);
        }
      }
      day = day.plusDays(1);
    }
    return found;
  }

  private void addHour(
      List<LocalDateTime> found, LocalDateTime hour, LocalDateTime from, LocalDateTime until) {
    if (!hours[hour.getHour()] || !hour.isBefore(until) || !hour.plusHours(1).isAfter(from)) {
      return;
    }
    for (int minute = 0; minute < 60; minute++) {
      for (int second = 0; second < 60 && minutes[minute]; second++) {
        LocalDateTime local = hour.withMinute(minute).withSecond(second);
        if (seconds[second] && !local.isBefore(from) && local.isBefore(until)) {
          found.add(local);
        }
      }
    }
  }

  /**
   * How far local times of a stretch of time may be from those of its ends: what the clocks change
   * meanwhile.
   */
  static Duration margin(ZoneRules rules, Instant from, Instant until) {
    Duration widest = Duration.ZERO;
    ZoneOffsetTransition change = rules.nextTransition(from.minus(Duration.ofDays(2)));
    while (change != null && change.getInstant().isBefore(until.plus(Duration.ofDays(2)))) {
      widest = max(widest, change.getDuration().abs());
      change = rules.nextTransition(change.getInstant());
    }
    return widest.plusMinutes(1);
  }

  private static Duration max(Duration one, Duration other) {
    return one.compareTo(other) > 0 ? one : other;
  }

  /** How many times there are in a day that matches. */
  int perDay() {
    return count(seconds) * count(minutes) * count(hours);
  }

  private static int count(boolean[] values) {
    int count = 0;
    for (boolean value : values) {
      count += value ? 1 : 0;
    }
    return count;
  }

  /** What local times become, each by the offsets that the JDK says it has. */
  static NavigableMap<Instant, Tick> ticks(
      List<LocalDateTime> locals,
      ZoneRules rules,
      Dst dst,
      BiPredicate<Instant, LocalDateTime> excluded) {
    NavigableMap<Instant, Tick> line = new TreeMap<>();
    Map<ZoneOffsetTransition, List<LocalDateTime>> gaps = new LinkedHashMap<>();
    for (LocalDateTime local : locals) {
      List<ZoneOffset> offsets = rules.getValidOffsets(local);
      switch (offsets.size()) {
        case 0 ->
            gaps.computeIfAbsent(rules.getTransition(local), any -> new ArrayList<>()).add(local);
        case 1 -> put(line, local, offsets.get(0), Mark.NONE, true, excluded);
        default -> {
          boolean first = dst.overlap() != Dst.Overlap.SECOND;
          boolean second = dst.overlap() != Dst.Overlap.FIRST;
          put(line, local, offsets.get(0), Mark.OVERLAP_FIRST, first, excluded);
          put(line, local, offsets.get(1), Mark.OVERLAP_SECOND, second, excluded);
        }
      }
    }
    gaps.forEach((gap, times) -> resolve(line, gap, times, dst.gap(), excluded));
    return line;
  }

  private static void put(
      Map<Instant, Tick> line,
      LocalDateTime local,
      ZoneOffset offset,
      Mark mark,
      boolean wanted,
      BiPredicate<Instant, LocalDateTime> excluded) {
    Instant instant = local.toInstant(offset);
    Fate fate = Fate.FIRES;
    if (!wanted) {
      fate = Fate.SKIPPED_DST;
    } else if (excluded.test(instant, local)) {
      fate = Fate.SKIPPED_CALENDAR;
    }
    line.put(instant, new Tick(instant, local, offset, mark, fate, 1));
  }

  private static void resolve(
      Map<Instant, Tick> line,
      ZoneOffsetTransition gap,
      List<LocalDateTime> times,
      Dst.Gap policy,
      BiPredicate<Instant, LocalDateTime> excluded) {
    Instant edge = policy == Dst.Gap.BEFORE ? gap.getInstant().minusSeconds(1) : gap.getInstant();
    List<LocalDateTime> open = times.stream().filter(t -> !excluded.test(edge, t)).toList();
    Fate fate = policy == Dst.Gap.SKIP ? Fate.SKIPPED_DST : Fate.COALESCED;
    int silent = times.size();
    if (open.isEmpty()) {
      fate = Fate.SKIPPED_CALENDAR;
    } else if (policy != Dst.Gap.SKIP && (!line.containsKey(edge) || !line.get(edge).fires())) {
      silent = line.containsKey(edge) ? silent : silent - 1;
      boolean before = policy == Dst.Gap.BEFORE;
      line.put(
          edge,
          new Tick(
              edge,
              open.get(open.size() - 1),
              before ? gap.getOffsetBefore() : gap.getOffsetAfter(),
              before ? Mark.GAP_BEFORE : Mark.GAP_SHIFTED,
              Fate.FIRES,
              1));
    }
    if (silent > 0) {
      Instant at = gap.getInstant().minusNanos(1_000);
      line.put(
          at, new Tick(at, times.get(0), gap.getOffsetBefore(), Mark.GAP_SILENT, fate, silent));
    }
  }
}
