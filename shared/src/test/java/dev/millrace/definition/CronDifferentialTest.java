package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerRules;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.List;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Random;
import java.util.Set;
import java.util.function.BiPredicate;
import org.junit.jupiter.api.Test;

/** Random schedules in random zones against {@link CronOracle}, tick by tick. */
class CronDifferentialTest {
  private static final int EXPRESSIONS = 12_000;
  private static final long SEED = 20261125;
  private static final int TICKS_WANTED = 60;
  private static final List<String> ZONES =
      ZoneId.getAvailableZoneIds().stream().filter(id -> id.contains("/")).sorted().toList();

  private int compared;
  private int silent;
  private int changes;

  @Test
  void schedulesAreWhatBruteForceFinds() {
    RandomCron crons = new RandomCron(new Random(SEED));
    int neverFire = 0;
    for (int i = 0; i < EXPRESSIONS; i++) {
      String expression = crons.next();
      try {
        CronSchedule.parse(expression);
      } catch (IllegalArgumentException refused) {
        assertThat(refused).as(expression).hasMessageContaining("never fires");
        neverFire++;
        continue;
      }
      compare(expression, new Random(SEED + i));
    }
    assertThat(neverFire).isLessThan(EXPRESSIONS / 20);
    assertThat(compared).as("ticks").isGreaterThan(EXPRESSIONS * 20);
    assertThat(silent).as("ticks that do not fire").isGreaterThan(EXPRESSIONS);
    assertThat(changes).as("ticks at changes of the clocks").isGreaterThan(EXPRESSIONS / 4);
  }

  private void compare(String expression, Random random) {
    ZoneId zone = ZoneId.of(ZONES.get(random.nextInt(ZONES.size())));
    Dst dst = new Dst(one(random, Dst.Gap.values()), one(random, Dst.Overlap.values()));
    List<Exclusion> except = random.nextInt(3) == 0 ? exclusions(random) : List.of();
    CronOracle oracle = new CronOracle(expression);
    Instant after = start(zone.getRules(), random);
    Duration length =
        Duration.ofMinutes(Math.clamp(TICKS_WANTED * 4_320L / oracle.perDay(), 60, 1_440 * 300));
    Instant until = after.plus(length);
    Duration margin = CronOracle.margin(zone.getRules(), after, until);
    var locals =
        oracle.between(
            LocalDateTime.ofInstant(after.minus(margin), zone),
            LocalDateTime.ofInstant(until.plus(margin), zone));
    NavigableMap<Instant, Tick> expected =
        CronOracle.ticks(locals, zone.getRules(), dst, predicate(except));
    Schedule schedule =
        Schedule.of(
            new TriggerDefinition.Cron(
                expression, zone, dst, TriggerRules.DEFAULT.withExcept(except)),
            "default/x");
    Instant at = after;
    for (Tick tick : expected.subMap(after, false, until, true).values()) {
      Optional<Tick> found = schedule.next(at);
      if (found.isEmpty() || !found.get().equals(tick)) {
        assertThat(found)
            .as("%s in %s, %s, except %s, after %s", expression, zone, dst, except, at)
            .contains(tick);
      }
      at = tick.instant();
      compared++;
      silent += tick.fires() ? 0 : 1;
      changes += tick.mark() == Tick.Mark.NONE ? 0 : 1;
    }
    schedule
        .next(at)
        .ifPresent(
            more ->
                assertThat(more.instant())
                    .as("%s in %s, %s, except %s", expression, zone, dst, except)
                    .isAfter(until));
  }

  /** Often shortly before a change of the clocks. */
  private static Instant start(ZoneRules rules, Random random) {
    Instant any = Instant.ofEpochSecond(random.nextLong(946_684_800L, 2_145_916_800L));
    ZoneOffsetTransition change = rules.nextTransition(any);
    return change == null || random.nextInt(3) == 0
        ? any
        : change.getInstant().minusSeconds(random.nextInt(3) * random.nextLong(20_000));
  }

  private static List<Exclusion> exclusions(Random random) {
    List<Exclusion> all = new ArrayList<>();
    all.add(new Exclusion.Weekdays(Set.of(one(random, DayOfWeek.values()))));
    if (random.nextBoolean()) {
      all.add(new Exclusion.Cron(random.nextInt(60) + "-" + random.nextInt(60) + " 0-3 * * *"));
    }
    return all;
  }

  private static BiPredicate<Instant, LocalDateTime> predicate(List<Exclusion> exclusions) {
    List<CronOracle> times = new ArrayList<>();
    List<DayOfWeek> days = new ArrayList<>();
    for (Exclusion exclusion : exclusions) {
      switch (exclusion) {
        case Exclusion.Weekdays some -> days.addAll(some.days());
        case Exclusion.Cron cron -> times.add(new CronOracle(cron.expression()));
        default -> throw new AssertionError(exclusion);
      }
    }
    return (instant, local) ->
        days.contains(local.getDayOfWeek())
            || times.stream().anyMatch(time -> time.matches(local.withSecond(0)));
  }

  private static <T> T one(Random random, T[] values) {
    return values[random.nextInt(values.length)];
  }
}
