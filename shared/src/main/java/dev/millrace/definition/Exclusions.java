package dev.millrace.definition;

import dev.millrace.model.Exclusion;
import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.MonthDay;
import java.time.format.TextStyle;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * When a trigger does not fire, ready to be asked for every tick: single days by hash, ranges one
 * by one. Immutable, any thread.
 */
final class Exclusions {
  /** Nothing is left out. */
  static final Exclusions NONE = new Exclusions(List.of());

  /** The minutes or seconds that an expression names. */
  private record Times(String expression, CronTimes times, boolean byMinute) {
    boolean has(LocalDateTime local) {
      return times.has(byMinute ? local.withSecond(0) : local);
    }
  }

  /** A calendar with the code it is known by. */
  private record Named(String code, Holidays holidays) {}

  private final Set<LocalDate> days = new HashSet<>();
  private final List<Exclusion.Days> ranges = new ArrayList<>();
  private final Set<MonthDay> yearly = new HashSet<>();
  private final Set<DayOfWeek> weekdays = EnumSet.noneOf(DayOfWeek.class);
  private final List<Named> holidays = new ArrayList<>();
  private final List<Exclusion.Period> periods = new ArrayList<>();
  private final List<Times> times = new ArrayList<>();
  private final boolean none;

  /**
   * Compiles them.
   *
   * @throws IllegalArgumentException when an expression or a calendar is not possible
   */
  Exclusions(List<Exclusion> exclusions) {
    none = exclusions.isEmpty();
    for (Exclusion exclusion : exclusions) {
      switch (exclusion) {
        case Exclusion.Days range when range.from().equals(range.until()) -> days.add(range.from());
        case Exclusion.Days range -> ranges.add(range);
        case Exclusion.Yearly each -> yearly.add(each.day());
        case Exclusion.Weekdays some -> weekdays.addAll(some.days());
        case Exclusion.Holidays of -> holidays.add(new Named(of.code(), Holidays.of(of.code())));
        case Exclusion.Period period -> periods.add(period);
        case Exclusion.Cron cron -> {
          CronSchedule schedule = CronSchedule.parse(cron.expression());
          times.add(new Times(cron.expression(), schedule.times(), schedule.hasNoSeconds()));
        }
      }
    }
  }

  /** True when a tick at this instant, whose local time is this, does not fire. */
  boolean exclude(Instant instant, LocalDateTime local) {
    return !none && (excludeDay(local.toLocalDate()) || excludeTime(instant, local));
  }

  /** True when nothing fires on this day, whatever its time. */
  boolean excludeDay(LocalDate day) {
    if (none) {
      return false;
    }
    if (weekdays.contains(day.getDayOfWeek()) || days.contains(day)) {
      return true;
    }
    if (!yearly.isEmpty() && yearly.contains(MonthDay.from(day))) {
      return true;
    }
    for (Exclusion.Days range : ranges) {
      if (has(range, day)) {
        return true;
      }
    }
    for (Named calendar : holidays) {
      if (calendar.holidays.nameOn(day) != null) {
        return true;
      }
    }
    return false;
  }

  private boolean excludeTime(Instant instant, LocalDateTime local) {
    for (Exclusion.Period period : periods) {
      if (has(period, instant)) {
        return true;
      }
    }
    for (Times excluded : times) {
      if (excluded.has(local)) {
        return true;
      }
    }
    return false;
  }

  private static boolean has(Exclusion.Days range, LocalDate day) {
    return !day.isBefore(range.from()) && !day.isAfter(range.until());
  }

  private static boolean has(Exclusion.Period period, Instant instant) {
    return !instant.isBefore(period.from()) && instant.isBefore(period.until());
  }

  /** Why {@link #exclude} is true, for people; empty when it is not. */
  String why(Instant instant, LocalDateTime local) {
    LocalDate day = local.toLocalDate();
    if (days.contains(day) || yearly.contains(MonthDay.from(day))) {
      return "is " + day;
    }
    for (Named calendar : holidays) {
      String name = calendar.holidays.nameOn(day);
      if (name != null) {
        return "is " + name + " (" + calendar.code + ")";
      }
    }
    for (Exclusion.Days range : ranges) {
      if (has(range, day)) {
        return "is from " + range.from() + " to " + range.until();
      }
    }
    if (weekdays.contains(day.getDayOfWeek())) {
      return "is a " + day.getDayOfWeek().getDisplayName(TextStyle.FULL, Locale.ENGLISH);
    }
    for (Exclusion.Period period : periods) {
      if (has(period, instant)) {
        return "is from " + period.from() + " until " + period.until();
      }
    }
    for (Times excluded : times) {
      if (excluded.has(local)) {
        return "matches '" + excluded.expression + "'";
      }
    }
    return "";
  }
}
