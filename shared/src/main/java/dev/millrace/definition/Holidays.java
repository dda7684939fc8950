package dev.millrace.definition;

import de.focus_shift.jollyday.core.CalendarHierarchy;
import de.focus_shift.jollyday.core.Holiday;
import de.focus_shift.jollyday.core.HolidayManager;
import de.focus_shift.jollyday.core.HolidayType;
import de.focus_shift.jollyday.core.ManagerParameters;
import dev.millrace.expression.DidYouMean;
import java.time.LocalDate;
import java.time.Year;
import java.util.HashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The public holidays of one country, or of a part of it, or of an exchange, as the library
 * Jollyday knows them: days on which offices are closed, and where a holiday on a weekend is made
 * up for on another day both of them. What a version of the library does not know yet, such as a
 * funeral, is written out beside it. Any thread.
 *
 * <p>After {@value #YEAR_LAST} no holidays are known: soon after that the tables end by which the
 * Islamic calendar is computed, and a schedule must not end with them.
 */
final class Holidays {
  static final int YEAR_LAST = 2150;

  private static final Map<String, Holidays> KNOWN = new ConcurrentHashMap<>();

  private final HolidayManager manager;
  private final String[] part;
  private final Map<Integer, Map<LocalDate, String>> byYear = new ConcurrentHashMap<>();

  private Holidays(HolidayManager manager, String[] part) {
    this.manager = manager;
    this.part = part;
  }

  /**
   * The holidays of {@code GB}, {@code DE-BY}, {@code NYSE} and so on.
   *
   * @throws IllegalArgumentException when there is no such calendar, with what was probably meant
   */
  static Holidays of(String code) {
    return KNOWN.computeIfAbsent(code, Holidays::load);
  }

  private static Holidays load(String code) {
    String[] names = code.toLowerCase(Locale.ROOT).split("-", -1);
    Set<String> countries = upper(HolidayManager.getSupportedCalendarCodes());
    if (!countries.contains(names[0].toUpperCase(Locale.ROOT))) {
      throw new IllegalArgumentException(
          "'"
              + code
              + "' has no holiday calendar"
              + DidYouMean.phrase(names[0].toUpperCase(Locale.ROOT), countries)
              + " (a country, such as GB, or its part, such as GB-ENG)");
    }
    HolidayManager manager = HolidayManager.getInstance(ManagerParameters.create(names[0]));
    CalendarHierarchy at = manager.getCalendarHierarchy();
    for (int i = 1; i < names.length; i++) {
      CalendarHierarchy child = at.getChildren().get(names[i]);
      if (child == null) {
        throw new IllegalArgumentException(
            "'" + code + "' has no holiday calendar; " + parts(names, i, at));
      }
      at = child;
    }
    return new Holidays(manager, List.of(names).subList(1, names.length).toArray(String[]::new));
  }

  private static String parts(String[] names, int known, CalendarHierarchy at) {
    String whole = String.join("-", List.of(names).subList(0, known)).toUpperCase(Locale.ROOT);
    Set<String> parts = upper(at.getChildren().keySet());
    return parts.isEmpty()
        ? whole + " has no parts"
        : "the parts of " + whole + " are " + String.join(", ", parts);
  }

  private static Set<String> upper(Iterable<String> names) {
    Set<String> upper = new TreeSet<>();
    names.forEach(name -> upper.add(name.toUpperCase(Locale.ROOT)));
    return upper;
  }

  /** The English name of the holiday that a day is, or null when it is none. */
  String nameOn(LocalDate day) {
    return day.getYear() > YEAR_LAST
        ? null
        : byYear.computeIfAbsent(day.getYear(), this::year).get(day);
  }

  private Map<LocalDate, String> year(int year) {
    Map<LocalDate, String> days = new HashMap<>();
    // A holiday may be made up for in the year after or before.
    for (int of = year - 1; of <= year + 1; of++) {
      for (Holiday holiday : manager.getHolidays(Year.of(of), part)) {
        if (holiday.getType() == HolidayType.OBSERVANCE) {
          continue; // celebrated, and worked on
        }
        String name = holiday.getDescription(Locale.ENGLISH);
        days.put(holiday.getActualDate(), name);
        holiday.getObservedDate().ifPresent(observed -> days.putIfAbsent(observed, name));
      }
    }
    days.keySet().removeIf(day -> day.getYear() != year);
    return Map.copyOf(days);
  }
}
