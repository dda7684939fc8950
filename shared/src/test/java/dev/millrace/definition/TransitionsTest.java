package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.fail;

import dev.millrace.model.Dst;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerRules;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.NavigableMap;
import java.util.Optional;
import java.util.Set;
import org.junit.jupiter.api.Test;

/**
 * Every change of the clocks from 1970 to 2040 in every zone that the JDK knows, under each of the
 * nine policies: the ticks around it are those of {@link CronOracle}, and they obey the laws of the
 * ledger. Zones that have one history are looked at once.
 */
class TransitionsTest {
  private static final Instant FIRST = Instant.parse("1970-01-01T00:00:00Z");
  private static final Instant LAST = Instant.parse("2041-01-01T00:00:00Z");
  private static final Duration AROUND = Duration.ofMinutes(95);

  private final Map<String, CronOracle> oracles = new HashMap<>();
  private int transitions;
  private int ticks;

  @Test
  void everyChangeOfTheClocksIsAccountedFor() {
    Set<ZoneRules> seen = new HashSet<>();
    for (String id : ZoneId.getAvailableZoneIds().stream().sorted().toList()) {
      ZoneId zone = ZoneId.of(id);
      if (seen.add(zone.getRules())) {
        check(zone);
      }
    }
    assertThat(seen).hasSizeGreaterThan(200);
    assertThat(transitions).isGreaterThan(15_000);
    assertThat(ticks).isGreaterThan(1_000_000);
  }

  private void check(ZoneId zone) {
    ZoneOffsetTransition change = zone.getRules().nextTransition(FIRST);
    while (change != null && change.getInstant().isBefore(LAST)) {
      transitions++;
      LocalDateTime middle =
          earlier(change).plusSeconds(Math.abs(change.getDuration().toSeconds()) / 2);
      for (String expression :
          List.of(
              "*/15 * * * *",
              "0 * * * *",
              middle.getMinute() + " " + middle.getHour() + " * * *")) {
        check(zone, change, expression);
      }
      change = zone.getRules().nextTransition(change.getInstant());
    }
  }

  private static LocalDateTime earlier(ZoneOffsetTransition change) {
    return change.isGap() ? change.getDateTimeBefore() : change.getDateTimeAfter();
  }

  private void check(ZoneId zone, ZoneOffsetTransition change, String expression) {
    Instant after = change.getInstant().minus(AROUND);
    Instant until = change.getInstant().plus(AROUND);
    Duration margin = CronOracle.margin(zone.getRules(), after, until);
    List<LocalDateTime> locals =
        oracles
            .computeIfAbsent(expression, CronOracle::new)
            .between(
                LocalDateTime.ofInstant(after, zone).minus(margin),
                LocalDateTime.ofInstant(until, zone).plus(margin));
    for (Dst.Gap gap : Dst.Gap.values()) {
      for (Dst.Overlap overlap : Dst.Overlap.values()) {
        Dst dst = new Dst(gap, overlap);
        NavigableMap<Instant, Tick> expected =
            CronOracle.ticks(locals, zone.getRules(), dst, (instant, local) -> false);
        List<Tick> wanted = List.copyOf(expected.subMap(after, false, until, true).values());
        List<Tick> found = ticks(zone, expression, dst, after, until);
        if (!found.equals(wanted)
            || !isLawful(found, dst)
            || !isWhole(found, locals, change, dst)) {
          assertThat(found)
              .as("%s in %s at %s %s", expression, zone, change, dst)
              .isEqualTo(wanted);
          fail("%s in %s at %s %s breaks a law: %s", expression, zone, change, dst, found);
        }
        ticks += found.size();
      }
    }
  }

  private static List<Tick> ticks(
      ZoneId zone, String expression, Dst dst, Instant after, Instant until) {
    Schedule schedule =
        Schedule.of(
            new TriggerDefinition.Cron(expression, zone, dst, TriggerRules.DEFAULT), "default/x");
    List<Tick> found = new ArrayList<>();
    Optional<Tick> next = schedule.next(after);
    while (next.isPresent() && !next.get().instant().isAfter(until)) {
      found.add(next.get());
      next = schedule.next(next.get().instant());
    }
    return found;
  }

  /** Different instants in order; of times that exist twice as many fire as the policy says. */
  private static boolean isLawful(List<Tick> found, Dst dst) {
    Map<LocalDateTime, Integer> passes = new HashMap<>();
    Map<LocalDateTime, Integer> fired = new HashMap<>();
    Instant before = Instant.MIN;
    for (Tick tick : found) {
      if (!tick.instant().isAfter(before)) {
        return false;
      }
      before = tick.instant();
      boolean twice =
          tick.mark() == Tick.Mark.OVERLAP_FIRST || tick.mark() == Tick.Mark.OVERLAP_SECOND;
      passes.merge(tick.local(), twice ? 1 : 0, Integer::sum);
      fired.merge(tick.local(), twice && tick.fires() ? 1 : 0, Integer::sum);
    }
    int wanted = dst.overlap() == Dst.Overlap.BOTH ? 2 : 1;
    return passes.entrySet().stream()
        .allMatch(pass -> pass.getValue() != 2 || fired.get(pass.getKey()) == wanted);
  }

  /** Each time of a gap is in exactly one tick; with shift and before one run is made for them. */
  private static boolean isWhole(
      List<Tick> found, List<LocalDateTime> locals, ZoneOffsetTransition gap, Dst dst) {
    if (!gap.isGap()) {
      return true;
    }
    long times =
        locals.stream()
            .filter(local -> !local.isBefore(gap.getDateTimeBefore()))
            .filter(local -> local.isBefore(gap.getDateTimeAfter()))
            .count();
    Instant edge =
        dst.gap() == Dst.Gap.BEFORE ? gap.getInstant().minusSeconds(1) : gap.getInstant();
    int accounted = 0;
    int runs = 0;
    for (Tick tick : found) {
      boolean moved = tick.mark() == Tick.Mark.GAP_SHIFTED || tick.mark() == Tick.Mark.GAP_BEFORE;
      accounted += moved || tick.mark() == Tick.Mark.GAP_SILENT ? tick.count() : 0;
      runs += tick.fires() && tick.instant().equals(edge) ? 1 : 0;
    }
    return accounted == times && (times == 0 || dst.gap() == Dst.Gap.SKIP || runs == 1);
  }
}
