package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.tuple;

import de.focus_shift.jollyday.core.HolidayManager;
import dev.millrace.definition.Tick.Fate;
import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerRules;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.LocalDateTime;
import java.time.MonthDay;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

class ScheduleTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");
  private static final ZoneId NEW_YORK = ZoneId.of("America/New_York");
  private static final ZoneId LONDON = ZoneId.of("Europe/London");
  private static final String SEED = "default/x";

  private static Optional<Instant> next(TriggerDefinition trigger, Instant after) {
    return Schedule.of(trigger, SEED).next(after).map(Tick::instant);
  }

  private static Schedule cron(String expression, ZoneId zone, TriggerRules rules) {
    return Schedule.of(new TriggerDefinition.Cron(expression, zone, Dst.DEFAULT, rules), SEED);
  }

  private static Schedule daily(Exclusion... except) {
    return cron("0 9 * * *", LONDON, TriggerRules.DEFAULT.withExcept(List.of(except)));
  }

  private static List<String> fates(Schedule schedule, String after, int count) {
    List<String> fates = new ArrayList<>();
    Instant at = Instant.parse(after);
    for (int i = 0; i < count; i++) {
      Tick tick = schedule.next(at).orElseThrow();
      fates.add(tick.local() + " " + tick.fate());
      at = tick.instant();
    }
    return fates;
  }

  @Test
  void cronRunsInItsZone() {
    var monday = new TriggerDefinition.Cron("0 9 * * 1", NEW_YORK, Misfire.LATEST);
    assertThat(next(monday, NOON)).contains(Instant.parse("2026-11-23T14:00:00Z"));
  }

  @Test
  void onceIsOnce() {
    var once = new TriggerDefinition.At(NOON, Misfire.LATEST);
    assertThat(next(once, NOON.minusNanos(1))).contains(NOON);
    assertThat(next(once, NOON)).isEmpty();
  }

  @Test
  void everyKeepsToItsAnchor() {
    var anchor = NOON.plusSeconds(7);
    var every = new TriggerDefinition.Every(Duration.ofMinutes(15), anchor, Misfire.LATEST);
    assertThat(next(every, NOON)).contains(anchor);
    assertThat(next(every, anchor)).contains(anchor.plusSeconds(900));
    assertThat(next(every, anchor.plusSeconds(901))).contains(anchor.plusSeconds(1800));
  }

  @Test
  void everyWithoutAnchorKeepsToTheEpoch() {
    var every = new TriggerDefinition.Every(Duration.ofHours(1), null, Misfire.NONE);
    assertThat(next(every, NOON)).contains(NOON.plusSeconds(3600));
    assertThat(next(every, NOON.plusSeconds(59))).contains(NOON.plusSeconds(3600));
  }

  @Test
  void aPhaseMovesEveryTick() {
    var every =
        new TriggerDefinition.Every(
            Duration.ofHours(1),
            null,
            Duration.ofMinutes(10),
            Mode.FIXED_RATE,
            Schedule.UTC,
            TriggerRules.DEFAULT);
    assertThat(next(every, NOON)).contains(NOON.plusSeconds(600));
    assertThat(next(every, NOON.plusSeconds(600))).contains(NOON.plusSeconds(4200));
  }

  /** A day has 86,400 ticks of a second, a year later as today. */
  @Test
  void anIntervalDoesNotDrift() {
    var every = new TriggerDefinition.Every(Duration.ofMillis(1_001), NOON, Misfire.LATEST);
    var schedule = Schedule.of(every, SEED);
    Instant at = NOON.minusNanos(1);
    for (int i = 0; i <= 86_400; i++) {
      at = schedule.next(at).orElseThrow().instant();
      assertThat(at).isEqualTo(NOON.plusMillis(1_001L * i));
    }
  }

  @Test
  void boundsAreTheFirstInstantAndTheEnd() {
    var rules =
        TriggerRules.DEFAULT.withBounds(
            Instant.parse("2026-12-01T09:00:00Z"), Instant.parse("2026-12-03T09:00:00Z"));
    var schedule = cron("0 9 * * *", Schedule.UTC, rules);
    assertThat(fates(schedule, "2026-11-01T00:00:00Z", 2))
        .containsExactly("2026-12-01T09:00 FIRES", "2026-12-02T09:00 FIRES");
    assertThat(schedule.next(Instant.parse("2026-12-02T09:00:00Z"))).isEmpty();
    assertThat(schedule.nextFiring(Instant.parse("2026-12-02T09:00:00Z"))).isEmpty();
  }

  @Test
  void excludedDaysAreToldAndDoNotFire() {
    var schedule =
        daily(
            new Exclusion.Days(LocalDate.parse("2026-12-22"), LocalDate.parse("2026-12-22")),
            new Exclusion.Days(LocalDate.parse("2026-12-24"), LocalDate.parse("2026-12-25")),
            new Exclusion.Yearly(MonthDay.of(12, 27)));
    assertThat(fates(schedule, "2026-12-21T12:00:00Z", 7))
        .containsExactly(
            "2026-12-22T09:00 SKIPPED_CALENDAR",
            "2026-12-23T09:00 FIRES",
            "2026-12-24T09:00 SKIPPED_CALENDAR",
            "2026-12-25T09:00 SKIPPED_CALENDAR",
            "2026-12-26T09:00 FIRES",
            "2026-12-27T09:00 SKIPPED_CALENDAR",
            "2026-12-28T09:00 FIRES");
    assertThat(fates(schedule, "2027-12-26T12:00:00Z", 1))
        .containsExactly("2027-12-27T09:00 SKIPPED_CALENDAR");
  }

  private static List<String> around(
      String expression, Dst dst, String after, Exclusion... except) {
    Schedule schedule =
        Schedule.of(
            new TriggerDefinition.Cron(
                expression, NEW_YORK, dst, TriggerRules.DEFAULT.withExcept(List.of(except))),
            SEED);
    List<String> ticks = new ArrayList<>();
    Optional<Tick> next = schedule.next(Instant.parse(after));
    while (next.isPresent() && ticks.size() < 4) {
      Tick tick = next.get();
      ticks.add(
          String.join(
              " ",
              tick.instant().toString(),
              tick.local().toLocalTime().toString(),
              tick.mark().toString(),
              tick.fate().toString(),
              Integer.toString(tick.count())));
      next = schedule.next(tick.instant());
    }
    return ticks;
  }

  /** What stands beside a gap and is excluded gives way to a time of the gap that is not. */
  @Test
  void aTimeOfAGapTakesThePlaceOfAnExcludedOne() {
    assertThat(
            around(
                "0,30 2,3 * * *",
                Dst.DEFAULT,
                "2027-03-14T06:00:00Z",
                new Exclusion.Cron("0 3 * * *")))
        .startsWith(
            "2027-03-14T06:59:59.999999Z 02:00 GAP_SILENT COALESCED 2",
            "2027-03-14T07:00:00Z 02:30 GAP_SHIFTED FIRES 1",
            "2027-03-14T07:30:00Z 03:30 NONE FIRES 1");
    assertThat(
            around(
                "59,0 59,0 1,2 * * *",
                new Dst(Dst.Gap.BEFORE, Dst.Overlap.FIRST),
                "2027-03-14T06:59:00Z",
                new Exclusion.Cron("59 59 1 * * *")))
        .startsWith(
            "2027-03-14T06:59:59Z 02:59:59 GAP_BEFORE FIRES 1",
            "2027-03-14T06:59:59.999999Z 02:00 GAP_SILENT COALESCED 4");
  }

  @Test
  void excludedTimesOfAGapMakeNoRun() {
    assertThat(
            around(
                "0,30 2,3 * * *",
                Dst.DEFAULT,
                "2027-03-14T06:00:00Z",
                new Exclusion.Cron("* 2-3 * * *")))
        .startsWith(
            "2027-03-14T06:59:59.999999Z 02:00 GAP_SILENT SKIPPED_CALENDAR 2",
            "2027-03-14T07:00:00Z 03:00 NONE SKIPPED_CALENDAR 1",
            "2027-03-14T07:30:00Z 03:30 NONE SKIPPED_CALENDAR 1");
  }

  /** The last local time that an expression has may come once more. */
  @Test
  void theLastTimeOfAllIsRepeatedToo() {
    assertThat(
            around(
                "0 30 1 1 11 ? 2026",
                new Dst(Dst.Gap.SHIFT, Dst.Overlap.SECOND),
                "2026-10-01T00:00:00Z"))
        .containsExactly(
            "2026-11-01T05:30:00Z 01:30 OVERLAP_FIRST SKIPPED_DST 1",
            "2026-11-01T06:30:00Z 01:30 OVERLAP_SECOND FIRES 1");
  }

  @Test
  void daysAreThoseOfTheZone() {
    var schedule =
        cron(
            "30 23 * * *",
            NEW_YORK,
            TriggerRules.DEFAULT.withExcept(
                List.of(new Exclusion.Weekdays(Set.of(DayOfWeek.SATURDAY)))));
    // Saturday 23:30 in New York is Sunday in London.
    assertThat(fates(schedule, "2026-11-21T00:00:00Z", 3))
        .containsExactly(
            "2026-11-20T23:30 FIRES",
            "2026-11-21T23:30 SKIPPED_CALENDAR",
            "2026-11-22T23:30 FIRES");
  }

  @Test
  void periodsAndTimesOfDayAreExcluded() {
    var schedule =
        cron(
            "*/20 * * * *",
            LONDON,
            TriggerRules.DEFAULT.withExcept(
                List.of(
                    new Exclusion.Period(NOON, NOON.plusSeconds(1200)),
                    new Exclusion.Cron("* 13 * * SUN"))));
    assertThat(fates(schedule, "2026-11-22T11:59:00Z", 7))
        .containsExactly(
            "2026-11-22T12:00 SKIPPED_CALENDAR",
            "2026-11-22T12:20 FIRES",
            "2026-11-22T12:40 FIRES",
            "2026-11-22T13:00 SKIPPED_CALENDAR",
            "2026-11-22T13:20 SKIPPED_CALENDAR",
            "2026-11-22T13:40 SKIPPED_CALENDAR",
            "2026-11-22T14:00 FIRES");
  }

  /** Five fields name minutes, so that what ticks each second is out for the whole minute. */
  @Test
  void anExcludedMinuteHasSixtySeconds() {
    var rules = TriggerRules.DEFAULT.withExcept(List.of(new Exclusion.Cron("1 12 * * *")));
    var schedule = cron("*/30 * * * * *", Schedule.UTC, rules);
    assertThat(fates(schedule, "2026-11-22T12:00:00Z", 4))
        .containsExactly(
            "2026-11-22T12:00:30 FIRES",
            "2026-11-22T12:01 SKIPPED_CALENDAR",
            "2026-11-22T12:01:30 SKIPPED_CALENDAR",
            "2026-11-22T12:02 FIRES");
  }

  @Test
  void anIntervalHasExclusionsToo() {
    var every =
        new TriggerDefinition.Every(
            Duration.ofHours(12),
            null,
            Duration.ZERO,
            Mode.FIXED_RATE,
            LONDON,
            TriggerRules.DEFAULT.withExcept(
                List.of(new Exclusion.Weekdays(Set.of(DayOfWeek.SUNDAY)))));
    assertThat(fates(Schedule.of(every, SEED), "2026-11-21T11:00:00Z", 4))
        .containsExactly(
            "2026-11-21T12:00 FIRES",
            "2026-11-22T00:00 SKIPPED_CALENDAR",
            "2026-11-22T12:00 SKIPPED_CALENDAR",
            "2026-11-23T00:00 FIRES");
  }

  @ParameterizedTest
  @CsvSource({
    "GB,     2026-12-25, Christmas",
    "GB,     2026-12-28, Boxing Day",
    "GB-SCT, 2026-11-30, St. Andrew",
    "DE,     2026-10-03, German Unity Day",
    "DE-BY,  2026-01-06, Epiphany",
    "US,     2026-11-26, Thanksgiving",
    "US,     2026-07-03, Independence Day",
    "NYSE,   2026-04-03, Good Friday",
  })
  void holidaysAreKnown(String code, LocalDate day, String name) {
    assertThat(Holidays.of(code).nameOn(day)).startsWith(name);
  }

  @ParameterizedTest
  @CsvSource({"GB, 2026-11-30", "DE, 2026-01-06", "US, 2026-11-25", "GB, 2026-12-24"})
  void whatIsNoHolidayIsNone(String code, LocalDate day) {
    assertThat(Holidays.of(code).nameOn(day)).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "UK     | 'UK' has no holiday calendar",
        "NYSF   | did you mean 'NYSE'?",
        "GB-XXX | the parts of GB are ",
        "GB-SCT-X | GB-SCT has no parts",
        "~~     | (a country, such as GB, or its part, such as GB-ENG)",
      })
  void aCalendarThatDoesNotExistIsNamed(String code, String expected) {
    assertThatThrownBy(() -> Holidays.of(code))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(expected);
  }

  /** Each that can be named can be computed, so that no schedule ends with a calendar. */
  @Test
  void everyCalendarKnowsAllItsYears() {
    Set<String> codes = HolidayManager.getSupportedCalendarCodes();
    assertThat(codes).hasSizeGreaterThan(200);
    for (String code : codes) {
      for (int year : new int[] {1970, 2026, 2077, Holidays.YEAR_LAST, 9999}) {
        Holidays.of(code.toUpperCase(Locale.ROOT)).nameOn(LocalDate.of(year, 1, 1));
      }
    }
  }

  @Test
  void theNextOneThatFiresIsFoundBehindLongHolidays() {
    var always =
        cron(
            "* * * * * *",
            LONDON,
            TriggerRules.DEFAULT.withExcept(
                List.of(
                    new Exclusion.Days(
                        LocalDate.parse("2026-11-22"), LocalDate.parse("2046-11-21")))));
    assertThat(always.nextFiring(NOON).map(Tick::instant))
        .contains(Instant.parse("2046-11-22T00:00:00Z"));
    assertThat(daily().nextFiring(NOON).map(Tick::local))
        .contains(LocalDateTime.parse("2026-11-23T09:00"));
  }

  @Test
  void aScheduleThatIsExcludedForEverEndsTheSearch() {
    var never = daily(new Exclusion.Cron("* * * * *"));
    assertThat(never.nextFiring(NOON)).isEmpty();
    assertThat(never.next(NOON).map(Tick::fate)).contains(Fate.SKIPPED_CALENDAR);
  }

  @Test
  void jitterIsLaterButBeforeTheNextTick() {
    var rules = TriggerRules.DEFAULT.withJitter(Duration.ofMinutes(10));
    var schedule = cron("*/5 * * * *", Schedule.UTC, rules);
    Set<Duration> delays = new HashSet<>();
    Instant at = NOON;
    Instant dueBefore = NOON;
    for (int i = 0; i < 500; i++) {
      Tick tick = schedule.next(at).orElseThrow();
      Instant due = schedule.due(tick);
      assertThat(due).isAfterOrEqualTo(tick.instant()).isAfter(dueBefore);
      assertThat(due).isBefore(tick.instant().plusSeconds(300));
      assertThat(due).as("the same again").isEqualTo(schedule.due(tick));
      delays.add(Duration.between(tick.instant(), due));
      at = tick.instant();
      dueBefore = due;
    }
    assertThat(delays).hasSizeGreaterThan(490);
    assertThat(delays).anyMatch(delay -> delay.compareTo(Duration.ofSeconds(30)) < 0);
    assertThat(delays).anyMatch(delay -> delay.compareTo(Duration.ofSeconds(270)) > 0);
  }

  @Test
  void jitterIsAnotherForAnotherJob() {
    var rules = TriggerRules.DEFAULT.withJitter(Duration.ofSeconds(30));
    var trigger = new TriggerDefinition.Cron("0 0 * * *", Schedule.UTC, Dst.DEFAULT, rules);
    Set<Instant> dues = new HashSet<>();
    for (int job = 0; job < 1_000; job++) {
      Schedule schedule = Schedule.of(trigger, "default/job-" + job);
      Instant due = schedule.due(schedule.next(NOON).orElseThrow());
      assertThat(due)
          .isBetween(
              Instant.parse("2026-11-23T00:00:00Z"), Instant.parse("2026-11-23T00:00:29.999999Z"));
      dues.add(due);
    }
    assertThat(dues).hasSizeGreaterThan(990);
  }

  @Test
  void theLastTickHasItsWholeJitter() {
    var rules =
        TriggerRules.DEFAULT
            .withJitter(Duration.ofHours(3))
            .withBounds(null, Instant.parse("2026-11-22T12:00:01Z"));
    var schedule = cron("0 * * * *", Schedule.UTC, rules);
    Tick last = schedule.next(NOON.minusSeconds(1)).orElseThrow();
    assertThat(schedule.next(last.instant())).isEmpty();
    assertThat(schedule.due(last)).isAfter(NOON).isBefore(NOON.plusSeconds(3 * 3600));
  }

  @Test
  void aPreviewSaysWhatHappensAndWhyNot() {
    var trigger =
        new TriggerDefinition.Cron(
            "30 H(2-2) * * *",
            NEW_YORK,
            new Dst(Dst.Gap.SKIP, Dst.Overlap.FIRST),
            TriggerRules.DEFAULT.withExcept(List.of(new Exclusion.Holidays("US"))));
    var preview = Preview.of(trigger, SEED, Instant.parse("2027-03-12T12:00:00Z"), 3);
    assertThat(preview.resolved()).isEqualTo("30 2 * * *");
    assertThat(preview.lines())
        .extracting(
            line -> line.tick().local() + " " + line.tick().offset() + " " + line.tick().mark(),
            line -> line.tick().fate(),
            Preview.Line::why)
        .containsExactly(
            tuple("2027-03-13T02:30 -05:00 NONE", Fate.FIRES, ""),
            tuple(
                "2027-03-14T02:30 -05:00 GAP_SILENT",
                Fate.SKIPPED_DST,
                "the clocks go forward over it"),
            tuple("2027-03-15T02:30 -04:00 NONE", Fate.FIRES, ""));
    var july = Preview.of(trigger, SEED, Instant.parse("2026-07-03T12:00:00Z"), 1);
    assertThat(july.lines().get(0).why()).isEqualTo("is Independence Day (US)");
    assertThatThrownBy(() -> Preview.of(trigger, SEED, NOON, 0)).hasMessage("0 is not in 1..10000");
  }

  @Test
  void aPreviewEndsWithTheTrigger() {
    var once = new TriggerDefinition.At(NOON, Misfire.LATEST);
    var preview = Preview.of(once, SEED, Instant.EPOCH, 5);
    assertThat(preview.resolved()).isNull();
    assertThat(preview.lines())
        .singleElement()
        .satisfies(
            line -> {
              assertThat(line.due()).isEqualTo(NOON);
              assertThat(line.tick().offset()).isEqualTo(ZoneOffset.UTC);
            });
  }
}
