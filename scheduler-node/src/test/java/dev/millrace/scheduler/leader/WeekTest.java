package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.lifecycle.JobState;
import dev.millrace.runtime.Faults;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.Forecast;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.Set;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Many schedules of all kinds through changes of the clocks, while leaders die again and again: the
 * ledger has every planned tick once, and it is what was forecast before. The clock is the test's,
 * tables and broker are real. The whole week: {@code -Dmillrace.week.schedules=500
 * -Dmillrace.week.days=7 -Dmillrace.week.kills=50}.
 */
class WeekTest {
  private static final int SCHEDULES = Integer.getInteger("millrace.week.schedules", 60);
  private static final int DAYS = Integer.getInteger("millrace.week.days", 2);
  private static final int KILLS = Integer.getInteger("millrace.week.kills", 12);
  private static final long SEED = Long.getLong("millrace.week.seed", 20260306);

  /** Clocks change in New York on the 8th. */
  private static final Instant START = Instant.parse("2026-03-07T00:00:11Z");

  /** Below the time after which a tick counts as missed. */
  private static final Duration STEP = Duration.ofSeconds(20);

  private static final List<String> CRONS =
      List.of(
          "30 2 * * *",
          "0 * * * *",
          "*/45 1-4 * * *",
          "H H * * *",
          "H */6 * * *",
          "0 9 * * MON-FRI",
          "15,45 */3 * * SAT",
          "0 30 */2 * * *",
          "0 0 12 ? * MON *");
  private static final List<String> ZONES =
      List.of(
          "America/New_York", "Europe/London", "Australia/Lord_Howe", "Africa/Casablanca", "UTC");
  private static final List<String> DST =
      List.of("", ", dst: {gap: skip}", ", dst: {gap: before}", ", dst: {overlap: both}");
  private static final List<String> BESIDE =
      List.of(
          "",
          ", jitter: 7m",
          ", until: 2026-03-09T12:00:00Z",
          ", from: 2026-03-07T18:00:00Z",
          ", except: [{weekdays: [SUN]}]",
          ", misfire: all");

  private final Random random = new Random(SEED);
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private <T> T one(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  private String trigger() {
    return switch (random.nextInt(8)) {
      case 0 -> "{at: %s}".formatted(START.plusSeconds(random.nextInt(DAYS * 86_400)));
      case 1 -> "{every: %dm%s}".formatted(20 + random.nextInt(600), one(BESIDE));
      case 2 -> "{every: 3h, phase: %ds}".formatted(random.nextInt(10_000));
      default ->
          "{cron: '%s', timezone: %s%s%s}".formatted(one(CRONS), one(ZONES), one(DST), one(BESIDE));
    };
  }

  /** Nobody serves its pool: every run stays open, and none is in the way of the next. */
  private void makeJobs() throws Exception {
    for (int i = 0; i < SCHEDULES; i++) {
      String more = random.nextInt(4) == 0 ? ", " + trigger() : "";
      at.apply(
          """
          id: job%d
          overlap: allow
          triggers: [%s%s]
          stages: [{id: only, run: noop, pool: nobody}]
          """
              .formatted(i, trigger(), more));
    }
  }

  /** What is told of a tick that fires, and of all others how many they are. */
  private static final class Book {
    final Set<String> fired = new TreeSet<>();
    final Map<String, Integer> unfired = new TreeMap<>();

    void add(long trigger, long planned, int ticks, String disposition) {
      if (disposition.equals("FIRED")) {
        assertThat(fired.add(trigger + " " + Ticker.instantOf(planned))).isTrue();
      } else {
        unfired.merge(trigger + " " + disposition, ticks, Integer::sum);
      }
    }
  }

  private Book forecast(List<Jobs.TriggerRow> rows, Map<Long, PlannedTriggers.Planned> planned) {
    long from = micros(START);
    Forecast forecast = new Forecast(from, from, micros(end()));
    Book book = new Book();
    for (Jobs.TriggerRow row : rows) {
      var source =
          new Forecast.Source(
              row, planned.get(row.id()), "default", "", JobState.SCHEDULED, any -> false);
      boolean whole =
          forecast.run(
              source,
              one -> {
                book.add(row.id(), one.plannedAt(), one.ticks(), one.disposition());
                return true;
              });
      assertThat(whole).isTrue();
    }
    return book;
  }

  private static Instant end() {
    return START.plus(DAYS, ChronoUnit.DAYS);
  }

  private static long micros(Instant instant) {
    return Ticker.microsOf(instant);
  }

  private Book ledger() {
    Book book = new Book();
    at.database
        .api()
        .useHandle(
            handle ->
                handle
                    .createQuery(
                        """
                        select trigger, (extract(epoch from planned_at) * 1000000)::bigint as planned,
                          ticks, disposition
                        from tick
                        """)
                    .mapToMap()
                    .forEach(
                        row ->
                            book.add(
                                (long) row.get("trigger"),
                                (long) row.get("planned"),
                                (int) row.get("ticks"),
                                (String) row.get("disposition"))));
    return book;
  }

  /** The leader dies: between two passes, after a commit, or with its sessions. */
  private void kill(int way) throws Exception {
    if (way != 0) {
      at.ask(Command.runs("default", "job0", 1, "somebody"));
    }
    if (way == 1) {
      AtomicInteger reached = new AtomicInteger();
      at.faults.set(
          point -> {
            if (point == Faults.Point.COMMITTED_NOT_PUBLISHED) {
              reached.incrementAndGet();
              throw new IllegalStateException("killed after a commit");
            }
          });
      assertThatThrownBy(at::passes).hasMessage("killed after a commit");
      assertThat(reached).hasValue(1);
      at.faults.set(Faults.NONE);
    } else if (way == 2) {
      at.cutSessions();
      passInSpiteOfCuts();
    }
    at.newTurn();
  }

  /** As the leader's loop does: each dead session of its pool may fail one pass. */
  private void passInSpiteOfCuts() throws Exception {
    for (int failed = 0; ; failed++) {
      try {
        at.passes();
        return;
      } catch (RuntimeException e) {
        assertThat(e).hasStackTraceContaining("connection");
        assertThat(failed).as("passes that failed").isLessThan(10);
      }
    }
  }

  @Test
  void theLedgerIsCompleteAndIsWhatWasForecast() throws Exception {
    for (Instant day = START; day.isBefore(end()); day = day.plus(1, ChronoUnit.DAYS)) {
      at.at(day.toString()); // makes its partitions
    }
    at.at(START.toString());
    makeJobs();
    at.clockAt(START);
    List<Jobs.TriggerRow> rows = at.database.api().withHandle(Jobs::allTriggers);
    Map<Long, PlannedTriggers.Planned> planned = planned(rows);
    Book forecast = forecast(rows, planned);
    assertThat(forecast.fired).hasSizeGreaterThan(SCHEDULES * DAYS);

    long steps = Duration.between(START, end()).dividedBy(STEP);
    Map<Long, Integer> kills = new HashMap<>();
    while (kills.size() < KILLS) {
      kills.put(1 + random.nextLong(steps - 1), kills.size() % 3);
    }
    for (long step = 1; step <= steps; step++) {
      Instant now = START.plus(STEP.multipliedBy(step));
      at.clockAt(now.isBefore(end()) ? now : end().minusNanos(1_000));
      if (kills.containsKey(step)) {
        kill(kills.get(step));
      }
      at.passes();
    }

    Book ledger = ledger();
    assertThat(ledger.fired).isEqualTo(forecast.fired);
    assertThat(ledger.unfired).isEqualTo(forecast.unfired);
    assertThat(at.count("select count(*) from run where trigger_kind <> 'manual'"))
        .as("one run a tick, and none besides")
        .isEqualTo(ledger.fired.size());
    assertThat(
            at.count(
                """
                select count(distinct t.run) from tick t join run r on r.id = t.run
                where r.trigger = t.trigger and r.scheduled_for = t.planned_at
                """))
        .isEqualTo(ledger.fired.size());
    isComplete(rows, planned);
  }

  private Map<Long, PlannedTriggers.Planned> planned(List<Jobs.TriggerRow> rows) {
    Map<Long, PlannedTriggers.Planned> planned = new HashMap<>();
    at.database
        .api()
        .useHandle(
            handle -> {
              for (Jobs.TriggerRow row : rows) {
                var version = Jobs.version(handle, row.job(), 1).orElseThrow();
                var job = DefinitionJson.fromJson(version.definition());
                planned.put(row.id(), PlannedTriggers.of(job).get(row.position()));
              }
            });
    return planned;
  }

  /** Counted once more, by the schedules alone: planned and accounted for are the same. */
  private void isComplete(List<Jobs.TriggerRow> rows, Map<Long, PlannedTriggers.Planned> planned) {
    Map<Long, Long> accounted = new HashMap<>();
    at.database
        .api()
        .useHandle(
            handle ->
                handle
                    .createQuery("select trigger, sum(ticks) as ticks from tick group by trigger")
                    .mapToMap()
                    .forEach(
                        row -> accounted.put((Long) row.get("trigger"), (Long) row.get("ticks"))));
    List<String> wrong = new ArrayList<>();
    Set<Long> seen = new HashSet<>();
    for (Jobs.TriggerRow row : rows) {
      assertThat(seen.add(row.id())).isTrue();
      long count = 0;
      var schedule = planned.get(row.id()).schedule();
      Instant last = START.minusSeconds(60);
      for (var tick = schedule.next(last);
          tick.isPresent() && !schedule.due(tick.get()).isAfter(end());
          tick = schedule.next(last)) {
        last = tick.get().instant().truncatedTo(ChronoUnit.MICROS).plusNanos(999);
        if (micros(tick.get().instant()) >= row.nextAt()) {
          count += tick.get().count();
        }
      }
      if (count != accounted.getOrDefault(row.id(), 0L)) {
        wrong.add(row + " planned " + count + ", accounted " + accounted.get(row.id()));
      }
    }
    assertThat(wrong).isEmpty();
  }

  /** Three hours without a leader: what each policy lets fire, and the ledger says of the rest. */
  @Test
  void threeHoursWithoutALeaderAreJudgedByEachPolicy() throws Exception {
    Instant noon = Instant.parse("2026-06-01T12:00:00Z");
    at.at(noon.toString());
    Map<String, List<String>> policies = new TreeMap<>();
    policies.put("none", List.of());
    policies.put("latest", List.of("15:00"));
    policies.put("all", List.of("12:30", "13:00", "13:30", "14:00", "14:30", "15:00"));
    policies.put("{within: 1h}", List.of("14:30", "15:00"));
    policies.put("{at-most: 3}", List.of("14:00", "14:30", "15:00"));
    int number = 0;
    for (String policy : policies.keySet()) {
      at.apply(
          """
          id: p%d
          overlap: allow
          triggers: [{cron: '*/30 * * * *', misfire: %s}]
          stages: [{id: only, run: noop, pool: nobody}]
          """
              .formatted(number++, policy));
    }
    at.clockAt(noon.plusSeconds(60));
    at.passes();
    assertThat(at.count("select count(*) from tick")).isZero();
    at.at(noon.plus(Duration.ofMinutes(190)).toString());
    at.newTurn();
    at.passes();
    number = 0;
    for (Map.Entry<String, List<String>> policy : policies.entrySet()) {
      String of =
          " from tick t join trigger g on g.id = t.trigger join job j on j.id = g.job"
              + " where j.name = 'p"
              + number++
              + "' ";
      assertThat(
              at.texts(
                  "select to_char(planned_at at time zone 'UTC', 'HH24:MI')"
                      + of
                      + "and disposition = 'FIRED' order by 1"))
          .as("fired by %s", policy.getKey())
          .isEqualTo(policy.getValue());
      assertThat(
              at.count("select coalesce(sum(ticks), 0)::int" + of + "and disposition = 'MISSED'"))
          .as("missed by %s", policy.getKey())
          .isEqualTo(6 - policy.getValue().size());
    }
    assertThat(at.count("select count(*) from run")).isEqualTo(1 + 6 + 2 + 3);
  }

  /**
   * The database's clock is put forward by an hour: what lies between is missed and judged. It is
   * put back by an hour: nothing comes again, and nothing new until it has caught up.
   */
  @Test
  void aClockThatJumpsMakesNoTickVanishOrComeTwice() throws Exception {
    Instant noon = Instant.parse("2026-06-01T12:00:30Z");
    at.at(noon.toString());
    at.apply(
        """
        id: quarters
        overlap: allow
        triggers: [{cron: '*/15 * * * *', misfire: latest}]
        stages: [{id: only, run: noop, pool: nobody}]
        """);
    String fired =
        "select to_char(planned_at at time zone 'UTC', 'HH24:MI') from tick"
            + " where disposition = 'FIRED' order by planned_at";
    at.clockAt(noon.plusSeconds(3_600)); // 13:00:30
    at.passes();
    assertThat(at.texts(fired)).containsExactly("13:00");
    assertThat(at.count("select sum(ticks)::int from tick where disposition = 'MISSED'"))
        .isEqualTo(3);
    at.clockAt(noon);
    at.passes();
    at.newTurn(); // whoever leads now sees the same clock
    at.clockAt(noon.plusSeconds(3_500));
    at.passes();
    assertThat(at.texts(fired)).containsExactly("13:00");
    at.clockAt(noon.plusSeconds(3_600 + 900));
    at.passes();
    assertThat(at.texts(fired)).containsExactly("13:00", "13:15");
    assertThat(at.count("select sum(ticks)::int from tick")).isEqualTo(5);
    assertThat(at.count("select count(*) from run")).isEqualTo(2);
  }
}
