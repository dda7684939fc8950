package dev.millrace.model;

import java.time.DayOfWeek;
import java.time.Instant;
import java.time.LocalDate;
import java.time.MonthDay;
import java.util.Set;

/** When a trigger does not fire: its ticks are recorded as SKIPPED_CALENDAR. Immutable. */
public sealed interface Exclusion {
  /** From the first day to the last, both included; one day when they are the same. */
  record Days(LocalDate from, LocalDate until) implements Exclusion {}

  /** The same day of every year; February 29th only where there is one. */
  record Yearly(MonthDay day) implements Exclusion {}

  /** From an instant, which is included, until another, which is not. */
  record Period(Instant from, Instant until) implements Exclusion {}

  /** Some days of every week. */
  record Weekdays(Set<DayOfWeek> days) implements Exclusion {
    public Weekdays {
      days = Set.copyOf(days);
    }
  }

  /**
   * The minutes (of five fields) or seconds that a cron expression names.
   *
   * @param expression as written
   */
  record Cron(String expression) implements Exclusion {}

  /**
   * The public holidays of a country or one of its parts.
   *
   * @param code such as {@code GB}, {@code DE-BY} or {@code NYSE}
   */
  record Holidays(String code) implements Exclusion {}
}
