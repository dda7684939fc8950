package dev.millrace.scheduler.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerRules;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Ticks;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Which of the missed ticks fire, when, and that all others are accounted for. */
class TickerPoliciesTest {
  private static final long SECOND = 1_000_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;
  private static final long START = Ticker.micros(Instant.parse("2026-03-02T00:00:00Z"));
  private static final ZoneId NEW_YORK = ZoneId.of("America/New_York");

  private final Ticker ticker = new Ticker();
  private JobState state = JobState.SCHEDULED;

  private static TriggerDefinition hourly(TriggerRules rules) {
    return new TriggerDefinition.Cron("0 * * * *", Schedule.UTC, Dst.DEFAULT, rules);
  }

  private static TriggerDefinition hourly(Misfire misfire) {
    return hourly(TriggerRules.DEFAULT.withMisfire(misfire));
  }

  private static PlannedTriggers.Planned planned(TriggerDefinition trigger) {
    return new PlannedTriggers.Planned("cron", trigger, MINUTE, "default/x");
  }

  private Ticker.Due take(long now) {
    return ticker.takeDue(now, 100_000, job -> state);
  }

  private static List<Long> hours(Ticker.Due due) {
    return due.fires().stream().map(fire -> (fire.plannedAt() - START) / HOUR).toList();
  }

  private static String ledger(Ticker.Due due) {
    List<String> rows = new ArrayList<>();
    for (Ticks.Entry row : due.unfired()) {
      rows.add(
          row.disposition()
              + " "
              + (row.plannedAt() - START) / HOUR
              + ".."
              + (row.plannedUntil() - START) / HOUR
              + " x"
              + row.ticks());
    }
    return String.join("; ", rows);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      nullValues = "-",
      value = {
        // within hours, at most | fired hours | ledger
        "- | 0          | ''            | MISSED 0..10 x11",
        "- | 1          | 10            | MISSED 0..9 x10",
        "- | 3          | 8,9,10        | MISSED 0..7 x8",
        "- | 2147483647 | 0,1,2,3,4,5,6,7,8,9,10 | ''",
        "2 | 2147483647 | 9,10          | MISSED 0..8 x9",
        "4 | 2          | 9,10          | MISSED 0..8 x9",
        "2 | 5          | 9,10          | MISSED 0..8 x9",
      })
  void afterTenHoursEachPolicyFiresItsSet(
      Integer within, int atMost, String fired, String unfired) {
    Duration age = within == null ? null : Duration.ofHours(within);
    ticker.arm(1, 10, planned(hourly(new Misfire(age, atMost, null))), START);
    Ticker.Due due = take(START + 10 * HOUR + 30 * MINUTE);
    List<Long> wanted =
        fired.isEmpty()
            ? List.of()
            : List.of(fired.split(",")).stream().map(Long::valueOf).toList();
    assertThat(hours(due)).isEqualTo(wanted);
    assertThat(ledger(due)).isEqualTo(unfired);
    assertThat(ticker.nextDue()).isEqualTo(START + 11 * HOUR);
    assertThat(due.advances().getLast()).isEqualTo(new Jobs.Advance(1, START + 11 * HOUR, 0, 0));
  }

  /** What is chosen stays chosen: neither a pass's limit nor another leader changes it. */
  @Test
  void aSetThatIsChosenFiresAlthoughTimePasses() {
    PlannedTriggers.Planned planned =
        planned(hourly(new Misfire(Duration.ofHours(3), Misfire.UNLIMITED, null)));
    ticker.arm(1, 10, planned, START);
    long now = START + 10 * HOUR + 30 * MINUTE;
    Ticker.Due first = ticker.takeDue(now, 2, job -> state);
    assertThat(ledger(first)).isEqualTo("MISSED 0..7 x8");
    assertThat(hours(first)).containsExactly(8L);
    Jobs.Advance left = first.advances().getLast();
    assertThat(left).isEqualTo(new Jobs.Advance(1, START + 9 * HOUR, now, 0));

    Ticker other = new Ticker();
    other.arm(
        new Jobs.TriggerRow(1, 10, 0, "cron", "", left.nextAt(), left.catchUpUntil(), 0), planned);
    Ticker.Due rest = other.takeDue(now + 8 * HOUR, 100, job -> state);
    assertThat(hours(rest))
        .as("those of the set, then those within three hours of the second outage")
        .containsExactly(9L, 10L, 16L, 17L, 18L);
    assertThat(ledger(rest)).isEqualTo("MISSED 11..15 x5");
  }

  @Test
  void aRateIsKept() {
    Misfire.Pace pace = new Misfire.Pace(10, Duration.ofSeconds(1));
    ticker.arm(1, 10, planned(hourly(new Misfire(null, 24, pace))), START);
    long now = START + 99 * HOUR + 30 * MINUTE;
    Ticker.Due due = take(now);
    assertThat(hours(due)).containsExactly(76L);
    assertThat(ledger(due)).isEqualTo("MISSED 0..75 x76");
    List<Long> fired = new ArrayList<>(hours(due));
    for (int i = 1; i < 24; i++) {
      assertThat(ticker.nextDue()).isEqualTo(now + i * SECOND / 10);
      assertThat(take(now + i * SECOND / 10 - 1).fires()).isEmpty();
      fired.addAll(hours(take(now + i * SECOND / 10)));
    }
    assertThat(fired).hasSize(24).isSorted().doesNotHaveDuplicates().endsWith(99L);
    assertThat(ticker.nextDue()).isEqualTo(START + 100 * HOUR);
  }

  @Test
  void aRateThatWasHeldUpMakesUpForOneSecond() {
    Misfire.Pace pace = new Misfire.Pace(10, Duration.ofSeconds(1));
    ticker.arm(1, 10, planned(hourly(new Misfire(null, Misfire.UNLIMITED, pace))), START);
    long now = START + 99 * HOUR + 30 * MINUTE;
    assertThat(take(now).fires()).hasSize(1);
    assertThat(take(now + 5 * SECOND).fires()).hasSize(11);
    assertThat(take(now + 5 * SECOND + SECOND / 10).fires()).hasSize(1);
  }

  @Test
  void aPauseEndsTheCatchingUp() {
    Misfire.Pace pace = new Misfire.Pace(1, Duration.ofMinutes(1));
    ticker.arm(1, 10, planned(hourly(new Misfire(null, Misfire.UNLIMITED, pace))), START);
    long now = START + 9 * HOUR + 30 * MINUTE;
    assertThat(hours(take(now))).containsExactly(0L);
    state = JobState.PAUSED;
    Ticker.Due paused = take(now + MINUTE);
    assertThat(ledger(paused)).isEqualTo("SKIPPED_PAUSED 1..9 x9");
    assertThat(paused.advances().getLast()).isEqualTo(new Jobs.Advance(1, START + 10 * HOUR, 0, 0));
  }

  @Test
  void anOutageOfAYearOfSecondsIsCountedInPieces() {
    TriggerDefinition each =
        new TriggerDefinition.Every(Duration.ofSeconds(1), null, new Misfire(null, 3, null));
    ticker.arm(1, 10, planned(each), START);
    long now = START + 1_000_000 * SECOND;
    long missed = 0;
    List<Long> fired = new ArrayList<>();
    for (int pass = 0; ticker.nextDue() <= now; pass++) {
      assertThat(pass).isLessThan(20);
      Ticker.Due due = ticker.takeDue(now, 1, job -> state);
      due.fires().forEach(fire -> fired.add((fire.plannedAt() - START) / SECOND));
      missed += due.unfired().stream().mapToLong(Ticks.Entry::ticks).sum();
    }
    assertThat(fired).containsExactly(999_998L, 999_999L, 1_000_000L);
    assertThat(missed).isEqualTo(999_998);
  }

  @Test
  void oneThatFiresIsFoundBehindVeryManyThatDoNot() {
    TriggerRules rules =
        TriggerRules.DEFAULT
            .withMisfire(new Misfire(null, 5, null))
            .withExcept(
                List.of(
                    new Exclusion.Period(
                        Ticker.instant(START + SECOND), Ticker.instant(START + 500_000 * SECOND))));
    TriggerDefinition each =
        new TriggerDefinition.Every(
            Duration.ofSeconds(1), null, Duration.ZERO, Mode.FIXED_RATE, Schedule.UTC, rules);
    ticker.arm(1, 10, planned(each), START);
    long now = START + 500_001 * SECOND;
    List<Long> fired = new ArrayList<>();
    long skipped = 0;
    for (int pass = 0; ticker.nextDue() <= now; pass++) {
      assertThat(pass).isLessThan(50);
      Ticker.Due due = ticker.takeDue(now, 1, job -> state);
      due.fires().forEach(fire -> fired.add((fire.plannedAt() - START) / SECOND));
      skipped += due.unfired().stream().mapToLong(Ticks.Entry::ticks).sum();
      assertThat(due.unfired()).allMatch(row -> row.disposition().equals("SKIPPED_CALENDAR"));
    }
    assertThat(fired).containsExactly(0L, 500_000L, 500_001L);
    assertThat(skipped).isEqualTo(499_999);
  }

  @Test
  void whatTheClocksSkipIsInTheLedger() {
    TriggerDefinition nightly =
        new TriggerDefinition.Cron(
            "*/20 2 * * *",
            NEW_YORK,
            new Dst(Dst.Gap.SKIP, Dst.Overlap.FIRST),
            TriggerRules.DEFAULT);
    long before = Ticker.micros(Instant.parse("2027-03-13T12:00:00Z"));
    ticker.arm(1, 10, planned(nightly), Ticker.firstTick(planned(nightly), before));
    long gap = Ticker.micros(Instant.parse("2027-03-14T07:00:00Z"));
    assertThat(ticker.nextDue()).isEqualTo(gap - 1);
    Ticker.Due due = take(gap);
    assertThat(due.fires()).isEmpty();
    assertThat(due.unfired())
        .containsExactly(new Ticks.Entry(1, gap - 1, gap - 1, 3, "SKIPPED_DST", 0));
    assertThat(ticker.nextDue()).isEqualTo(Ticker.micros(Instant.parse("2027-03-15T06:00:00Z")));
  }

  @Test
  void timesThatShareOneRunAreCoalesced() {
    TriggerDefinition nightly =
        new TriggerDefinition.Cron("*/20 2 * * *", NEW_YORK, Misfire.LATEST);
    long gap = Ticker.micros(Instant.parse("2027-03-14T07:00:00Z"));
    ticker.arm(1, 10, planned(nightly), gap - 1);
    Ticker.Due due = take(gap);
    assertThat(due.unfired())
        .containsExactly(new Ticks.Entry(1, gap - 1, gap - 1, 2, "COALESCED", 0));
    assertThat(due.fires()).containsExactly(new Ticker.Fire(1, 10, "cron", gap, gap));
  }

  @Test
  void whatTheCalendarSkipsIsInTheLedger() {
    TriggerRules weekdays =
        TriggerRules.DEFAULT.withExcept(
            List.of(new Exclusion.Weekdays(Set.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY))));
    ticker.arm(1, 10, planned(hourly(weekdays)), START + 119 * HOUR); // Friday, 23:00
    List<String> rows = new ArrayList<>();
    for (long hour = 119; hour < 169; hour++) {
      Ticker.Due due = take(START + hour * HOUR);
      rows.add(due.fires().isEmpty() ? ledger(due) : "FIRED " + hours(due));
    }
    assertThat(rows.getFirst()).isEqualTo("FIRED [119]");
    assertThat(rows.subList(1, 49)).allMatch(row -> row.startsWith("SKIPPED_CALENDAR"));
    assertThat(rows.getLast()).isEqualTo("FIRED [168]");
  }

  @Test
  void anOutageOverWeekendsIsOneRowForEachReason() {
    TriggerRules weekdays =
        TriggerRules.DEFAULT.withExcept(
            List.of(new Exclusion.Weekdays(Set.of(DayOfWeek.SATURDAY, DayOfWeek.SUNDAY))));
    ticker.arm(1, 10, planned(hourly(weekdays)), START);
    Ticker.Due due = take(START + 14 * 24 * HOUR + 30 * MINUTE);
    assertThat(hours(due)).containsExactly(336L);
    assertThat(ledger(due)).isEqualTo("MISSED 0..287 x240; SKIPPED_CALENDAR 120..335 x96");
  }

  @Test
  void jitterMovesTheDueInstantAndNotTheTick() {
    TriggerDefinition jittered = hourly(TriggerRules.DEFAULT.withJitter(Duration.ofMinutes(20)));
    ticker.arm(1, 10, planned(jittered), START);
    for (int hour = 0; hour < 50; hour++) {
      long planned = START + hour * HOUR;
      long due = ticker.nextDue();
      assertThat(due).isBetween(planned, planned + 20 * MINUTE - 1);
      assertThat(take(due - 1).fires()).isEmpty();
      assertThat(take(due).fires()).containsExactly(new Ticker.Fire(1, 10, "cron", planned, due));
    }
  }

  /** It is late by its due instant, however much later than planned that is. */
  @Test
  void jitterIsNoMisfire() {
    TriggerDefinition jittered =
        hourly(TriggerRules.DEFAULT.withMisfire(Misfire.NONE).withJitter(Duration.ofMinutes(50)));
    ticker.arm(1, 10, planned(jittered), START);
    for (int hour = 0; hour < 20; hour++) {
      Ticker.Due due = take(ticker.nextDue() + 59 * SECOND);
      assertThat(due.unfired()).isEmpty();
      assertThat(due.fires()).hasSize(1);
    }
  }

  @Test
  void aFixedDelayBeginsWithTheEndOfTheRun() {
    PlannedTriggers.Planned delayed = delayed();
    assertThat(Ticker.firstTick(delayed, START)).isEqualTo(START + 10 * MINUTE);
    ticker.arm(1, 10, delayed, START + 10 * MINUTE);
    Ticker.Due due = take(START + 10 * MINUTE);
    assertThat(due.fires()).hasSize(1);
    assertThat(due.advances()).containsExactly(new Jobs.Advance(1, 0, 0, 0));
    assertThat(ticker.made(1, 77)).contains(new Jobs.Advance(1, 0, 0, 77));
    assertThat(ticker.nextDue()).isEqualTo(Long.MAX_VALUE);
    assertThat(ticker.ended(1, 76, START + 11 * MINUTE)).as("another run").isEmpty();
    long end = START + 35 * MINUTE + 7;
    assertThat(ticker.ended(1, 77, end)).contains(new Jobs.Advance(1, end + 10 * MINUTE, 0, 0));
    assertThat(ticker.ended(1, 77, end)).as("once").isEmpty();
    assertThat(take(end + 10 * MINUTE - 1).fires()).isEmpty();
    assertThat(take(end + 10 * MINUTE).fires()).hasSize(1);
  }

  @Test
  void aFixedDelayGoesOnWhenNoRunWasMade() {
    ticker.arm(1, 10, delayed(), START);
    assertThat(take(START).fires()).hasSize(1);
    assertThat(ticker.ended(1, 0, START)).contains(new Jobs.Advance(1, START + 10 * MINUTE, 0, 0));
  }

  @Test
  void aFixedDelayIsNeverMissedAndOutlivesItsLeader() {
    ticker.arm(new Jobs.TriggerRow(1, 10, 0, "every", "", 0, 0, 77), delayed());
    assertThat(ticker.hasResting()).isTrue();
    assertThat(ticker.ended(1, 77, START)).isPresent();
    assertThat(ticker.hasResting()).isFalse();
    Ticker.Due due = take(START + 100 * HOUR);
    assertThat(due.fires()).hasSize(1);
    assertThat(due.unfired()).isEmpty();
    ticker.disarm(1);
    assertThat(ticker.hasResting()).isFalse();
  }

  private static PlannedTriggers.Planned delayed() {
    TriggerDefinition every =
        new TriggerDefinition.Every(
            Duration.ofMinutes(10),
            null,
            Duration.ZERO,
            Mode.FIXED_DELAY,
            Schedule.UTC,
            TriggerRules.DEFAULT);
    return new PlannedTriggers.Planned("every", every, Long.MAX_VALUE, "default/x");
  }

  /**
   * The law of the ledger: whatever the schedule, the policy, the pauses and the clock, each local
   * time of each tick that is planned is in exactly one row, and nothing fires early.
   */
  @Test
  void whatIsPlannedIsTheSumOfWhatBecameOfIt() {
    for (long seed = 1; seed <= 300; seed++) {
      account(new Random(seed), "seed " + seed);
    }
  }

  private void account(Random random, String seed) {
    PlannedTriggers.Planned planned = planned(randomTrigger(random));
    Schedule schedule = planned.schedule();
    Instant change =
        Instant.parse(random.nextBoolean() ? "2026-03-08T07:00:00Z" : "2026-11-01T06:00:00Z");
    long begin = Ticker.micros(change) - random.nextLong(20 * HOUR);
    long now = begin;
    ticker.clear();
    ticker.arm(1, 10, planned, Ticker.firstTick(planned, begin));
    Set<Long> fired = new TreeSet<>();
    Map<String, Long> ranges = new TreeMap<>();
    Set<Long> keys = new TreeSet<>();
    Jobs.Advance at = null;
    for (int pass = 0; pass < 60; pass++) {
      now += random.nextLong(random.nextInt(6) == 0 ? 9 * HOUR : 10 * MINUTE);
      state = random.nextInt(8) == 0 ? JobState.PAUSED : JobState.SCHEDULED;
      if (at != null && random.nextInt(10) == 0) { // another leader
        ticker.clear();
        ticker.arm(
            new Jobs.TriggerRow(1, 10, 0, "cron", "", at.nextAt(), at.catchUpUntil(), 0), planned);
      }
      Ticker.Due due = ticker.takeDue(now, 1 + random.nextInt(30), job -> state);
      for (Ticker.Fire fire : due.fires()) {
        assertThat(keys.add(fire.plannedAt())).as(seed).isTrue();
        assertThat(fire.dueAt()).as(seed).isBetween(fire.plannedAt(), now);
        fired.add(fire.plannedAt());
      }
      for (Ticks.Entry row : due.unfired()) {
        assertThat(keys.add(row.plannedAt())).as(seed).isTrue();
        assertThat(row.plannedUntil()).as(seed).isBetween(row.plannedAt(), now);
        ranges.merge(row.disposition(), (long) row.ticks(), Long::sum);
      }
      at = due.advances().isEmpty() ? at : due.advances().getLast();
    }
    compare(schedule, begin, at, fired, ranges, seed);
  }

  private static void compare(
      Schedule schedule,
      long begin,
      Jobs.Advance at,
      Set<Long> fired,
      Map<String, Long> ranges,
      String seed) {
    long planned = 0;
    Map<String, Long> byDefinition = new TreeMap<>();
    Optional<Tick> tick = schedule.next(Ticker.instant(begin));
    while (tick.isPresent() && at != null && Ticker.micros(tick.get().instant()) < at.nextAt()) {
      planned += tick.get().count();
      if (!tick.get().fires()) {
        byDefinition.merge(tick.get().fate().name(), (long) tick.get().count(), Long::sum);
      }
      tick = schedule.next(tick.get().instant());
    }
    long sum = fired.size() + ranges.values().stream().mapToLong(Long::longValue).sum();
    assertThat(sum).as(seed).isEqualTo(planned);
    byDefinition.forEach((fate, count) -> assertThat(ranges).as(seed).containsEntry(fate, count));
  }

  private static TriggerDefinition randomTrigger(Random random) {
    TriggerRules rules =
        TriggerRules.DEFAULT
            .withMisfire(
                new Misfire(
                    random.nextBoolean() ? null : Duration.ofMinutes(1 + random.nextInt(600)),
                    random.nextBoolean() ? Misfire.UNLIMITED : random.nextInt(5),
                    random.nextBoolean()
                        ? null
                        : new Misfire.Pace(1 + random.nextInt(9), Duration.ofMinutes(1))))
            .withExcept(
                random.nextBoolean()
                    ? List.of()
                    : List.of(new Exclusion.Cron("* " + random.nextInt(5) + " * * *")))
            .withJitter(random.nextBoolean() ? Duration.ZERO : Duration.ofMinutes(4));
    Dst dst = new Dst(one(random, Dst.Gap.values()), one(random, Dst.Overlap.values()));
    String expression = "*/" + (1 + random.nextInt(30)) + " * * * *";
    return new TriggerDefinition.Cron(expression, NEW_YORK, dst, rules);
  }

  private static <T> T one(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }
}
