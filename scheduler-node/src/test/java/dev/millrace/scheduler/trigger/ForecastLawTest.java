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
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * The forecast is what the leader's ticker does under a virtual clock: all triggers together, for
 * any triggers, outages and ranges, around changes of the clocks.
 */
class ForecastLawTest {
  private static final long SECOND = 1_000_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long HOUR = 60 * MINUTE;

  /** Each is some hours before clocks change. */
  private static final Map<String, String> ZONES =
      Map.of(
          "America/New_York", "2026-03-08T04:00:00Z",
          "Europe/London", "2026-10-24T22:00:00Z",
          "Australia/Lord_Howe", "2026-04-04T12:00:00Z",
          "Africa/Casablanca", "2026-02-15T00:00:00Z",
          "UTC", "2026-06-01T00:00:00Z");

  private final Map<Long, Forecast.Source> sources = new HashMap<>();

  private static <T> T one(Random random, List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  private static Misfire misfire(Random random) {
    return one(
        random,
        List.of(
            Misfire.LATEST,
            Misfire.NONE,
            Misfire.ALL,
            new Misfire(Duration.ofMinutes(90), Misfire.UNLIMITED, null),
            new Misfire(null, 3, new Misfire.Pace(30, Duration.ofMinutes(1))),
            new Misfire(Duration.ofHours(3), 5, new Misfire.Pace(2, Duration.ofHours(1)))));
  }

  private static List<Exclusion> except(Random random, Instant around) {
    List<Exclusion> some = new ArrayList<>();
    if (random.nextInt(3) == 0) {
      some.add(new Exclusion.Period(around, around.plusSeconds(random.nextInt(20_000))));
    }
    if (random.nextInt(4) == 0) {
      some.add(new Exclusion.Weekdays(Set.of(DayOfWeek.of(1 + random.nextInt(7)))));
    }
    if (random.nextInt(4) == 0) {
      some.add(new Exclusion.Cron(random.nextBoolean() ? "* 3 * * *" : "*/20 2 * * *"));
    }
    return some;
  }

  private static TriggerRules rules(Random random, Instant around) {
    Instant from = random.nextInt(4) == 0 ? around.plusSeconds(random.nextInt(30_000)) : null;
    Instant until =
        random.nextInt(4) == 0 ? around.plusSeconds(40_000 + random.nextInt(40_000)) : null;
    return TriggerRules.DEFAULT
        .withMisfire(misfire(random))
        .withBounds(from, until)
        .withExcept(except(random, around))
        .withJitter(
            random.nextBoolean() ? Duration.ZERO : Duration.ofMillis(1 + random.nextInt(900_000)));
  }

  private static TriggerDefinition trigger(Random random, ZoneId zone, Instant around) {
    TriggerRules rules = rules(random, around);
    Dst dst =
        new Dst(one(random, List.of(Dst.Gap.values())), one(random, List.of(Dst.Overlap.values())));
    return switch (random.nextInt(6)) {
      case 0 ->
          new TriggerDefinition.At(
              around.plusSeconds(random.nextInt(80_000) - 10_000),
              TriggerDefinition.Past.MISFIRE,
              TriggerRules.DEFAULT.withMisfire(misfire(random)));
      case 1 ->
          new TriggerDefinition.Every(
              Duration.ofMillis(60_000 + random.nextInt(5_000_000)),
              null,
              Duration.ofMillis(random.nextInt(60_000)),
              Mode.FIXED_RATE,
              zone,
              rules);
      case 2 ->
          new TriggerDefinition.Every(
              Duration.ofSeconds(60 + random.nextInt(9_000)),
              null,
              Duration.ZERO,
              Mode.FIXED_DELAY,
              zone,
              TriggerRules.DEFAULT.withExcept(except(random, around)));
      default ->
          new TriggerDefinition.Cron(
              one(
                  random,
                  List.of(
                      "30 2 * * *",
                      "*/20 * * * *",
                      "0 * * * *",
                      "H H * * *",
                      "15,45 1-3 * * *",
                      "30 */10 1-3 * * *")),
              zone,
              dst,
              rules);
    };
  }

  private Forecast.Source source(Random random, long id, Instant around) {
    ZoneId zone = ZoneId.of(one(random, List.copyOf(new TreeSet<>(ZONES.keySet()))));
    PlannedTriggers.Planned planned =
        PlannedTriggers.of(trigger(random, zone, around), "default/job" + id);
    long armed = Ticker.microsOf(around) - (random.nextInt(3) == 0 ? random.nextLong(6 * HOUR) : 0);
    Jobs.TriggerRow row =
        new Jobs.TriggerRow(
            id, id / 2, 0, planned.kind(), "", Ticker.firstTick(planned, armed), 0, 0);
    JobState state = random.nextInt(5) == 0 ? JobState.PAUSED : JobState.SCHEDULED;
    return new Forecast.Source(row, planned, "default", "job" + id / 2, state, any -> false);
  }

  private Ticker armed() {
    Ticker ticker = new Ticker();
    sources.values().forEach(source -> ticker.arm(source.row(), source.planned()));
    return ticker;
  }

  private JobState stateOf(long job) {
    return sources.values().stream()
        .filter(source -> source.row().job() == job)
        .findFirst()
        .orElseThrow()
        .state();
  }

  /** All triggers of one job are in one state. */
  private void make(Random random, Instant around) {
    for (long id = 2; id < 3 + random.nextInt(7); id++) {
      Forecast.Source source = source(random, id, around);
      Forecast.Source brother = sources.get(id - 1);
      boolean same = brother != null && brother.row().job() == source.row().job();
      sources.put(
          id,
          same
              ? new Forecast.Source(
                  source.row(),
                  source.planned(),
                  source.namespace(),
                  source.job(),
                  brother.state(),
                  source.blackout())
              : source);
    }
  }

  private static String told(long at, Ticks.Entry entry) {
    return "%d %s %d..%d x%d %s"
        .formatted(
            entry.trigger(),
            Ticker.instantOf(at),
            entry.plannedAt(),
            entry.plannedUntil(),
            entry.ticks(),
            entry.disposition());
  }

  /** What the ticker does with all triggers at once, told as the forecast tells it. */
  private List<String> ticked(Random random, long now, long from, long to) {
    record Told(ForecastPage.Place place, String text) {}
    List<Told> all = new ArrayList<>();
    Ticker ticker = armed();
    long clock = now;
    while (ticker.nextDue() != Long.MAX_VALUE && Math.max(clock, ticker.nextDue()) < to) {
      clock = Math.max(clock, ticker.nextDue());
      Ticker.Due due = ticker.takeDue(clock, 1 + random.nextInt(40), this::stateOf);
      List<Ticks.Entry> entries = new ArrayList<>(due.unfired());
      due.fires()
          .forEach(
              fire ->
                  entries.add(
                      new Ticks.Entry(
                          fire.trigger(), fire.plannedAt(), fire.plannedAt(), 1, "FIRED", 0)));
      for (Ticks.Entry entry : entries) {
        if (clock >= from) {
          all.add(
              new Told(
                  new ForecastPage.Place(clock, entry.trigger(), entry.plannedAt()),
                  told(clock, entry)));
        }
      }
    }
    all.sort(Comparator.comparing(Told::place));
    return all.stream().map(Told::text).toList();
  }

  /** Page by page, with triggers in any order. */
  private List<String> foreseen(Random random, long now, long from, long to) {
    List<String> all = new ArrayList<>();
    ForecastPage.Place next = ForecastPage.Place.START;
    int limit = 1 + random.nextInt(60);
    while (next != null) {
      Forecast forecast = new Forecast(now, Math.max(from, next.at()), to);
      ForecastPage page = new ForecastPage(next, limit);
      for (Forecast.Source source : sources.values()) {
        assertThat(forecast.run(source, page)).isTrue();
      }
      for (Forecast.Outcome one : page.outcomes()) {
        all.add(
            told(
                one.at(),
                new Ticks.Entry(
                    one.source().row().id(),
                    one.plannedAt(),
                    one.plannedUntil(),
                    one.ticks(),
                    one.disposition(),
                    0)));
      }
      next = page.next();
    }
    return all;
  }

  @Property(tries = 400)
  void theForecastIsWhatTheTickerDoes(@ForAll long seed) {
    Random random = new Random(seed);
    sources.clear();
    Instant around = Instant.parse(one(random, List.copyOf(new TreeSet<>(ZONES.values()))));
    make(random, around);
    long now = Ticker.microsOf(around) + random.nextLong(MINUTE);
    long from = now + (random.nextInt(3) == 0 ? 0 : random.nextLong(20 * HOUR));
    long to = from + 1 + random.nextLong(20 * HOUR);
    assertThat(foreseen(random, now, from, to))
        .as("seed %s", seed)
        .isEqualTo(ticked(random, now, from, to));
  }

  /**
   * A leader that comes to each tick a little late, as all do, decides the same about each. What is
   * told in ranges is told tick by tick.
   */
  @Property(tries = 200)
  void aLittleLatenessChangesNothing(@ForAll long seed) {
    Random random = new Random(seed);
    sources.clear();
    Instant around = Instant.parse(one(random, List.copyOf(new TreeSet<>(ZONES.values()))));
    make(random, around);
    long now = Ticker.microsOf(around);
    sources.values().removeIf(source -> source.row().nextAt() <= now);
    long to = now + 20 * HOUR;
    Set<String> foreseen = new TreeSet<>();
    Forecast forecast = new Forecast(now, now, to);
    for (Forecast.Source source : sources.values()) {
      forecast.run(
          source,
          one -> {
            foreseen.addAll(
                each(
                    new Ticks.Entry(
                        source.row().id(),
                        one.plannedAt(),
                        one.plannedUntil(),
                        one.ticks(),
                        one.disposition(),
                        0)));
            return true;
          });
    }
    Set<String> ticked = new TreeSet<>();
    Ticker ticker = armed();
    for (long clock = now; clock < to; clock += 1 + random.nextLong(50 * SECOND)) {
      boolean more = true;
      while (more) {
        Ticker.Due due = ticker.takeDue(clock, 10, this::stateOf);
        due.unfired().forEach(entry -> ticked.addAll(each(entry)));
        due.fires().forEach(fire -> ticked.add(one(fire.trigger(), fire.plannedAt(), "FIRED")));
        more = !due.advances().isEmpty();
      }
    }
    long end = to - MINUTE;
    assertThat(before(foreseen, end)).as("seed %s", seed).isEqualTo(before(ticked, end));
  }

  private static Set<String> before(Set<String> all, long end) {
    Set<String> some = new TreeSet<>();
    all.stream()
        .filter(each -> Long.parseLong(each.split(" ")[1]) < end - 900 * SECOND)
        .forEach(some::add);
    return some;
  }

  private static String one(long trigger, long plannedAt, String disposition) {
    return trigger + " " + plannedAt + " " + disposition;
  }

  private List<String> each(Ticks.Entry entry) {
    List<String> all = new ArrayList<>();
    Schedule schedule = sources.get(entry.trigger()).planned().schedule();
    Optional<Tick> tick = Optional.of(schedule.at(Ticker.instantOf(entry.plannedAt())));
    while (tick.isPresent() && Ticker.microsOf(tick.get().instant()) <= entry.plannedUntil()) {
      String fate = tick.get().fate().name();
      boolean own =
          tick.get().fires()
              ? !List.of("SKIPPED_DST", "SKIPPED_CALENDAR", "COALESCED")
                  .contains(entry.disposition())
              : fate.equals(entry.disposition());
      if (own) {
        all.add(one(entry.trigger(), Ticker.microsOf(tick.get().instant()), entry.disposition()));
      }
      tick = schedule.next(tick.get().instant().plusNanos(999));
    }
    return all;
  }

  @Property(tries = 100)
  void theLoadCountsWhatFires(@ForAll long seed) {
    Random random = new Random(seed);
    sources.clear();
    Instant around = Instant.parse(one(random, List.copyOf(new TreeSet<>(ZONES.values()))));
    make(random, around);
    long now = Ticker.microsOf(around);
    long from = now + random.nextLong(HOUR);
    long to = from + 1 + random.nextLong(5 * HOUR);
    long width = random.nextBoolean() ? MINUTE : SECOND;
    Map<Long, List<Long>> jobs = new HashMap<>();
    ForecastLoad load = new ForecastLoad(from, to, width);
    Forecast forecast = new Forecast(now, from, to);
    for (Forecast.Source source : sources.values()) {
      forecast.run(
          source,
          one -> {
            if (one.fires()) {
              jobs.computeIfAbsent(one.at() / width * width, any -> new ArrayList<>())
                  .add(source.row().job());
            }
            return load.take(one);
          });
    }
    assertThat(load.total()).isEqualTo(jobs.values().stream().mapToInt(List::size).sum());
    for (ForecastLoad.Bucket bucket : load.buckets()) {
      List<Long> own = jobs.get(bucket.at());
      assertThat(bucket.ticks()).isEqualTo(own.size());
      assertThat(bucket.jobs()).isEqualTo((int) own.stream().distinct().count());
    }
    assertThat(load.buckets()).hasSize(jobs.size());
    assertThat(load.collisions(5)).allMatch(bucket -> bucket.jobs() > 1).hasSizeLessThan(6);
  }
}
