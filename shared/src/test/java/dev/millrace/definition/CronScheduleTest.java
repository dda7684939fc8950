package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import ch.qos.logback.classic.Level;
import ch.qos.logback.classic.Logger;
import com.cronutils.model.CronType;
import com.cronutils.model.definition.CronDefinitionBuilder;
import com.cronutils.model.time.ExecutionTime;
import com.cronutils.parser.CronParser;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.ZonedDateTime;
import java.util.List;
import java.util.Random;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.Timeout;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.slf4j.LoggerFactory;

class CronScheduleTest {
  private static final ZoneId NEW_YORK = ZoneId.of("America/New_York");

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "0 9 * * TUE     | 2026-11-24T09:00:00Z",
        "0 9 * * 1       | 2026-11-23T09:00:00Z",
        "0 0 * * 0       | 2026-11-29T00:00:00Z",
        "0 0 * * 7       | 2026-11-29T00:00:00Z",
        "0 0 * * fri-sun | 2026-11-27T00:00:00Z",
        "0 0 * * 0-7     | 2026-11-23T00:00:00Z",
        "0 0 * * 6-1/2   | 2026-11-23T00:00:00Z",
        "0 22-3 * * *    | 2026-11-22T01:00:00Z",
        "0 0 L * *       | 2026-11-30T00:00:00Z",
        "0 0 L-3 * *     | 2026-11-27T00:00:00Z",
        "0 0 LW 1 *      | 2027-01-29T00:00:00Z",
        "0 0 1W 5 *      | 2027-05-03T00:00:00Z",
        "0 0 31W 1 *     | 2027-01-29T00:00:00Z",
        "0 0 * * 5L      | 2026-11-27T00:00:00Z",
        "0 0 * * FRI#2   | 2026-12-11T00:00:00Z",
        "0 0 13 * 5      | 2026-11-27T00:00:00Z",
        "0 0 0 13 * 5    | 2027-08-13T00:00:00Z",
        "0 0 */2 * 1     | 2026-11-23T00:00:00Z",
        "30 0 0 ? * MON  | 2026-11-23T00:00:30Z",
        "0 0 12 ? * 2 *  | 2026-11-23T12:00:00Z",
        "0 0 12 ? * L *  | 2026-11-28T12:00:00Z",
        "0 0 12 L * ? 2028/2 | 2028-01-31T12:00:00Z",
        "0 0 29 2 *      | 2028-02-29T00:00:00Z",
        "0 0 0 29 2 5    | 2036-02-29T00:00:00Z",
        "@hourly         | 2026-11-22T01:00:00Z",
        "@Weekly         | 2026-11-29T00:00:00Z",
        "@annually       | 2027-01-01T00:00:00Z",
      })
  void theNextTick(String expression, String expected) {
    var after = Instant.parse("2026-11-22T00:00:00Z");
    assertThat(CronSchedule.parse(expression).next(after, ZoneOffset.UTC))
        .contains(Instant.parse(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "61 * * * *    | minute: '61'",
        "0 25 * * *    | hour: '25'",
        "0 0 * * MOO   | day-of-week: 'MOO'",
        "0 0 * * L     | day-of-week: 'L'",
        "0 0 0 * * 8   | day-of-week: '8'",
        "*/0 * * * *   | minute: '*/0'",
        "0 0 30 2 *    | never fires",
        "0 0 31 4,6 *  | never fires",
        "0 0 0 29 2 ? 2027 | never fires",
        "* * * *       | has 4 fields",
        "@dayly        | did you mean '@daily'?",
        "''            | has 1 fields",
        "1,,2 * * * *  | minute: '1,,2'",
        "0 0 ? * ?     | both '?'; write '*' for one of them",
        "0 0 0 ? * ? * | both '?'; write '*' for one of them",
        "0 0 0 1 * 1 * | of seven fields one of the two is '?'",
        "0 0 0 * * * * | of seven fields one of the two is '?'",
        "0 9 * * 1 2027 | looks like a year; with a year there are seven fields",
        "0 0 9 ? * 2   | day-of-week: '2' is ambiguous",
        "0 0 9 ? * 2-6 | write names, such as MON",
        "0 0 9 ? * 6#3 | is ambiguous",
        "0 0 9 ? * 6L  | is ambiguous",
        "@every 15m    | write `every: 15m` instead of `cron`",
        "@every        | write `every: 5m`",
        "H 3 * * *     | has an H, which is hashed from a job",
      })
  void whatIsWrongIsNamed(String expression, String expected) {
    assertThatThrownBy(() -> CronSchedule.parse(expression))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(expected);
  }

  @ParameterizedTest
  @CsvSource({
    "0 0 9 ? * MON#3",
    "0 0 9 ? * FRIL",
    "0 0 9 ? * MON-FRI/2",
    "0 0 9 * * 2",
    "0 0 9 ? * 2 *",
    "0 9 ? * 2",
  })
  void whatIsNotAmbiguousIsAccepted(String expression) {
    assertThat(CronSchedule.parse(expression).expression()).isEqualTo(expression);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '~',
      value = {
        "H * * * *        ~ [1-5]?\\d \\* \\* \\* \\*",
        "H H * * *        ~ [1-5]?\\d (1?\\d|2[0-3]) \\* \\* \\*",
        "H(0-29) 3 * * *  ~ [12]?\\d 3 \\* \\* \\*",
        "H/15 * * * *     ~ (\\d|1[0-4])-59/15 \\* \\* \\* \\*",
        "H(10-29)/5 * * * * ~ 1[0-4]-29/5 \\* \\* \\* \\*",
        "0 0 h * *        ~ 0 0 (1?\\d|2[0-8]) \\* \\*",
        "0 0 * H H        ~ 0 0 \\* (\\d|1[0-2]) [0-6]",
        "0 0 0 ? * H *    ~ 0 0 0 \\? \\* [1-7] \\*",
        "H H H * * *      ~ [1-5]?\\d [1-5]?\\d (1?\\d|2[0-3]) \\* \\* \\*",
        "0,H * * * THU    ~ 0,[1-5]?\\d \\* \\* \\* THU",
      })
  void aHashIsAValueOfItsField(String expression, String resolved) {
    for (int job = 0; job < 200; job++) {
      var schedule = CronSchedule.parse(expression, "default/job-" + job);
      assertThat(schedule.expression()).isEqualTo(expression);
      assertThat(schedule.resolved()).matches(resolved);
      assertThat(CronSchedule.ofJudged(expression, "default/job-" + job).resolved())
          .isEqualTo(schedule.resolved());
    }
  }

  /** A part of the language: another value would move every job that says H. */
  @Test
  void aHashNeverChanges() {
    assertThat(CronSchedule.parse("H H H H H", "default/nightly").resolved())
        .isEqualTo("26 14 27 1 2");
    assertThat(CronSchedule.parse("H(0-29)/10 H(1-4) * * *", "shop/price-watch").resolved())
        .isEqualTo("1-29/10 1 * * *");
  }

  @Test
  void hashesSpread() {
    int[] jobs = new int[60];
    for (int job = 0; job < 60_000; job++) {
      String minute = CronSchedule.ofJudged("H * * * *", "default/job" + job).resolved();
      jobs[Integer.parseInt(minute.substring(0, minute.indexOf(' ')))]++;
    }
    for (int count : jobs) {
      assertThat(count).isBetween(850, 1_150);
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "H(0-60) * * * *  | minute: 'H(0-60)' is not possible; its values are 0..59",
        "H(9-3) * * * *   | minute: 'H(9-3)' is not possible",
        "H/61 * * * *     | the step is 1..60",
        "H/0 * * * *      | the step is 1..60",
        "H(0-4)/9 * * * * | the step is 1..5",
        "HH * * * *       | write H, H(a-b), H/n or H(a-b)/n",
        "H-5 * * * *      | write H, H(a-b), H/n or H(a-b)/n",
        "H(0-99999) * * * * | its values are 0..59",
        "0 0 H(0-3) * *   | day-of-month: 'H(0-3)' is not possible; its values are 1..31",
        "0 0 0 1 1 ? H    | a year cannot be spread",
        "0 0 9 ? * H      | is ambiguous",
      })
  void aWrongHashIsNamed(String expression, String expected) {
    assertThatThrownBy(() -> CronSchedule.parse(expression, "default/x"))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining(expected);
  }

  /** What an earlier version accepted must not stop the leader that takes it over. */
  @Test
  void whatWasAcceptedOnceIsStillUnderstood() {
    assertThat(CronSchedule.ofJudged("0 0 9 ? * 2", "default/x").resolved())
        .isEqualTo("0 0 9 ? * 2");
  }

  @Test
  void aTimeInTheGapFiresOnceAtItsEnd() {
    var ticks =
        CronSchedule.parse("*/20 2 * * *")
            .upTo(
                Instant.parse("2027-03-13T23:00:00Z"),
                Instant.parse("2027-03-15T07:00:00Z"),
                NEW_YORK,
                10);
    assertThat(ticks)
        .containsExactly(
            Instant.parse("2027-03-14T07:00:00Z"),
            Instant.parse("2027-03-15T06:00:00Z"),
            Instant.parse("2027-03-15T06:20:00Z"),
            Instant.parse("2027-03-15T06:40:00Z"));
  }

  @Test
  void aTimeThatExistsTwiceFiresTheFirstTime() {
    var schedule = CronSchedule.parse("30 1 * * *");
    var first = Instant.parse("2026-11-01T05:30:00Z");
    assertThat(schedule.next(Instant.parse("2026-11-01T04:00:00Z"), NEW_YORK)).contains(first);
    assertThat(schedule.next(first, NEW_YORK)).contains(Instant.parse("2026-11-02T06:30:00Z"));
    var secondPass = Instant.parse("2026-11-01T06:10:00Z");
    assertThat(schedule.next(secondPass, NEW_YORK)).contains(Instant.parse("2026-11-02T06:30:00Z"));
  }

  @Test
  void aYearThatIsOverHasNoTickAnyMore() {
    assertThat(
            CronSchedule.parse("0 0 0 1 1 ? 2020")
                .next(Instant.parse("2026-11-22T00:00:00Z"), ZoneOffset.UTC))
        .isEmpty();
  }

  /** Every zone with changing clocks: strictly later, never before, one tick a day. */
  @Test
  void everyZoneTicksOnceADayInOrder() {
    var random = new Random(20261122);
    var zones = List.copyOf(ZoneId.getAvailableZoneIds());
    for (int round = 0; round < 400; round++) {
      var zone = ZoneId.of(zones.get(random.nextInt(zones.size())));
      var schedule = CronSchedule.parse(random.nextInt(60) + " " + random.nextInt(24) + " * * *");
      var start = Instant.ofEpochSecond(random.nextLong(1_000_000_000L, 2_200_000_000L));
      var ticks = schedule.upTo(start, Instant.MAX, zone, 400);
      assertThat(ticks).hasSize(400).isSorted().doesNotHaveDuplicates();
      assertThat(ticks.get(0)).isAfter(start);
      for (int i = 1; i < ticks.size(); i++) {
        assertThat(ticks.get(i).getEpochSecond() - ticks.get(i - 1).getEpochSecond())
            .as("%s in %s after %s", schedule.expression(), zone, ticks.get(i - 1))
            .isBetween(20 * 3600L, 50 * 3600L);
      }
    }
  }

  /** Against another implementation, where it is right: no ranges over the end of a field. */
  @Test
  void agreesWithCronUtils() {
    ((Logger) LoggerFactory.getLogger("com.cronutils")).setLevel(Level.INFO);
    var parser = new CronParser(CronDefinitionBuilder.instanceDefinitionFor(CronType.UNIX));
    var random = new Random(7);
    for (int round = 0; round < 1_500; round++) {
      String expression =
          String.join(
              " ",
              field(random, 0, 59),
              field(random, 0, 23),
              field(random, 1, 28),
              field(random, 1, 12),
              field(random, 0, 6));
      var theirs = ExecutionTime.forCron(parser.parse(expression));
      var ours = CronSchedule.parse(expression);
      var at = Instant.ofEpochSecond(random.nextLong(1_000_000_000L, 2_000_000_000L));
      for (int i = 0; i < 4; i++) {
        var expected = theirs.nextExecution(ZonedDateTime.ofInstant(at, ZoneOffset.UTC));
        assertThat(ours.next(at, ZoneOffset.UTC))
            .as("%s after %s", expression, at)
            .isEqualTo(expected.map(ZonedDateTime::toInstant));
        at = expected.orElseThrow().toInstant();
      }
    }
  }

  private static String field(Random random, int min, int max) {
    int a = random.nextInt(min, max + 1);
    int b = random.nextInt(min, max + 1);
    return switch (random.nextInt(5)) {
      case 0 -> "" + a;
      case 1 -> Math.min(a, b) + "-" + Math.max(a, b);
      case 2 -> a == b ? "" + a : Math.min(a, b) + "," + Math.max(a, b);
      default -> "*";
    };
  }

  /** Against stepping through every minute. */
  @Test
  void agreesWithSteppingThroughTheMinutes() {
    var random = new Random(11);
    for (int round = 0; round < 100; round++) {
      int minute = random.nextInt(60);
      int from = random.nextInt(24);
      int to = random.nextInt(24);
      int weekday = random.nextInt(7);
      var schedule = CronSchedule.parse(minute + " " + from + "-" + to + " * * " + weekday);
      var at = LocalDateTime.of(2026, 1, 1, 0, 0).plusMinutes(random.nextInt(500_000));
      var expected = at.plusMinutes(1);
      while (!(expected.getMinute() == minute
          && expected.getDayOfWeek().getValue() % 7 == weekday
          && Math.floorMod(expected.getHour() - from, 24) <= Math.floorMod(to - from, 24))) {
        expected = expected.plusMinutes(1);
      }
      assertThat(schedule.next(at.toInstant(ZoneOffset.UTC), ZoneOffset.UTC))
          .as("%s after %s", schedule.expression(), at)
          .contains(expected.toInstant(ZoneOffset.UTC));
    }
  }

  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS)
  void aHundredThousandSchedulesAreQuick() {
    var at = Instant.parse("2026-11-22T00:00:00Z");
    var random = new Random(3);
    for (int i = 0; i < 100_000; i++) {
      String expression = random.nextInt(60) + " " + random.nextInt(24) + " * * *";
      assertThat(CronSchedule.parse(expression).next(at, NEW_YORK)).isPresent();
    }
  }

  /** Each has another expression, so none is known before. */
  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS)
  void aHundredThousandHashedSchedulesAreTakenOverQuickly() {
    var at = Instant.parse("2026-11-22T00:00:00Z");
    for (int i = 0; i < 100_000; i++) {
      var trigger = new TriggerDefinition.Cron("H H H * *", NEW_YORK, Misfire.LATEST);
      assertThat(Schedule.of(trigger, "default/job-" + i).next(at)).isPresent();
    }
  }

  /** Between two ticks there may be a whole century of summer times. */
  @Test
  @Timeout(value = 20, unit = TimeUnit.SECONDS)
  void yearsWithoutATickCostNothing() {
    var schedule = CronSchedule.parse("0 0 12 29 2 MON");
    for (int i = 0; i < 10_000; i++) {
      var at = Instant.parse("2028-03-01T00:00:00Z").plusSeconds(i);
      assertThat(schedule.next(at, NEW_YORK)).contains(Instant.parse("2044-02-29T17:00:00Z"));
    }
  }
}
