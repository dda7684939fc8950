package dev.millrace.scheduler.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerRules;
import dev.millrace.scheduler.store.Ticks;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;

/**
 * A ledger as the ticker writes it, through outages and pauses, is sound; one that lacks a row, or
 * has one that says too much, is not, and the audit says where.
 */
class TickAuditTest {
  private static final long SECOND = 1_000_000;
  private static final long HOUR = 3_600 * SECOND;
  private static final long START = Ticker.microsOf(Instant.parse("2026-03-07T00:00:00Z"));

  /** What was planned, and what was written of it. */
  private record Written(
      PlannedTriggers.Planned planned, long from, long until, List<Ticks.Entry> rows) {
    TickAudit.Result audit(List<Ticks.Entry> other) {
      return TickAudit.of(planned, from, until, other, Integer.MAX_VALUE, Integer.MAX_VALUE);
    }
  }

  private static <T> T one(Random random, List<T> values) {
    return values.get(random.nextInt(values.size()));
  }

  private static PlannedTriggers.Planned planned(Random random) {
    List<Exclusion> except =
        random.nextBoolean()
            ? List.of()
            : List.of(new Exclusion.Cron(one(random, List.of("* 2-4 * * *", "*/15 * * * *"))));
    TriggerRules rules =
        TriggerRules.DEFAULT
            .withMisfire(
                one(
                    random,
                    List.of(
                        Misfire.LATEST,
                        Misfire.NONE,
                        Misfire.ALL,
                        new Misfire(Duration.ofHours(2), 3, null),
                        new Misfire(null, 5, new Misfire.Pace(2, Duration.ofMinutes(1))))))
            .withExcept(except)
            .withJitter(random.nextBoolean() ? Duration.ZERO : Duration.ofSeconds(40));
    ZoneId zone = ZoneId.of(one(random, List.of("America/New_York", "UTC")));
    TriggerDefinition trigger =
        random.nextInt(3) == 0
            ? new TriggerDefinition.Every(
                Duration.ofMillis(100_000 + random.nextInt(900_000)),
                null,
                Duration.ZERO,
                TriggerDefinition.Mode.FIXED_RATE,
                zone,
                rules)
            : new TriggerDefinition.Cron(
                one(random, List.of("*/20 * * * *", "0 * * * *", "30 2 * * *", "*/5 1-3 * * *")),
                zone,
                new Dst(
                    one(random, List.of(Dst.Gap.values())),
                    one(random, List.of(Dst.Overlap.values()))),
                rules);
    return PlannedTriggers.of(trigger, "default/x");
  }

  private static Written written(Random random) {
    PlannedTriggers.Planned planned = planned(random);
    long from = Ticker.firstTick(planned, START);
    Ticker ticker = new Ticker();
    ticker.arm(1, 1, planned, from);
    List<Ticks.Entry> rows = new ArrayList<>();
    long next = from;
    long clock = START;
    while (clock < START + 60 * HOUR) {
      clock +=
          random.nextInt(12) == 0 ? random.nextLong(9 * HOUR) : random.nextLong(2_000) * SECOND;
      JobState state = random.nextInt(6) == 0 ? JobState.PAUSED : JobState.SCHEDULED;
      boolean more = true;
      while (more) {
        Ticker.Due due = ticker.takeDue(clock, 1 + random.nextInt(5), any -> state);
        rows.addAll(due.unfired());
        due.fires()
            .forEach(
                fire ->
                    rows.add(
                        new Ticks.Entry(1, fire.plannedAt(), fire.plannedAt(), 1, "FIRED", 9)));
        more = !due.advances().isEmpty();
        next = more ? due.advances().getLast().nextAt() : next;
      }
    }
    rows.sort(Comparator.comparingLong(Ticks.Entry::plannedAt));
    return new Written(planned, from, next, rows);
  }

  @Property(tries = 300)
  void whatTheTickerWritesIsSound(@ForAll long seed) {
    Written written = written(new Random(seed));
    TickAudit.Result result = written.audit(written.rows);
    assertThat(result.gaps()).as("seed %s", seed).isEmpty();
    assertThat(result.planned()).isEqualTo(result.accounted());
    assertThat(result.accounted())
        .isEqualTo(written.rows.stream().mapToLong(Ticks.Entry::ticks).sum());
    assertThat(result.reached()).isEqualTo(written.until);
    assertThat(result.soundUntil()).isEqualTo(written.until);
  }

  @Property(tries = 300)
  void aRowThatIsGoneIsNamed(@ForAll long seed) {
    Random random = new Random(seed);
    Written written = written(random);
    List<Ticks.Entry> rows = new ArrayList<>(written.rows);
    if (rows.isEmpty()) {
      return;
    }
    Ticks.Entry gone = rows.remove(random.nextInt(rows.size()));
    TickAudit.Result result = written.audit(rows);
    assertThat(result.unaccounted()).as("seed %s", seed).isEqualTo(gone.ticks());
    assertThat(result.gaps())
        .allMatch(gap -> gap.kind() == TickAudit.Kind.MISSING)
        .anyMatch(gap -> gap.from() >= gone.plannedAt() && gap.from() <= gone.plannedUntil());
    assertThat(result.soundUntil()).isLessThanOrEqualTo(gone.plannedAt());
  }

  @Property(tries = 200)
  void aRowThatSaysTooMuchIsNamed(@ForAll long seed) {
    Random random = new Random(seed);
    Written written = written(random);
    List<Ticks.Entry> rows = new ArrayList<>(written.rows);
    if (rows.isEmpty()) {
      return;
    }
    int place = random.nextInt(rows.size());
    Ticks.Entry row = rows.get(place);
    rows.set(
        place,
        new Ticks.Entry(
            1, row.plannedAt(), row.plannedUntil(), row.ticks() + 3, row.disposition(), row.run()));
    TickAudit.Result result = written.audit(rows);
    assertThat(result.gaps())
        .as("seed %s", seed)
        .containsExactly(
            new TickAudit.Gap(TickAudit.Kind.SURPLUS, row.plannedAt(), row.plannedUntil(), 3));
  }

  /** However small the parts, they come to the same. */
  @Property(tries = 200)
  void partsComeToTheSame(@ForAll long seed) {
    Random random = new Random(seed);
    Written written = written(random);
    List<Ticks.Entry> rows = new ArrayList<>(written.rows);
    if (!rows.isEmpty() && random.nextBoolean()) {
      rows.remove(random.nextInt(rows.size()));
    }
    TickAudit.Result whole = written.audit(rows);
    int rowsMax = 8 + random.nextInt(9);
    int ticksMax = 1 + random.nextInt(30);
    long reached = written.from;
    long planned = 0;
    long accounted = 0;
    long unaccounted = 0;
    for (int i = 0; reached < written.until; i++) {
      assertThat(i).as("parts without an end, seed %s", seed).isLessThan(5_000);
      long begin = reached;
      List<Ticks.Entry> some =
          rows.stream().filter(row -> row.plannedAt() >= begin).limit(rowsMax).toList();
      TickAudit.Result part =
          TickAudit.of(written.planned, begin, written.until, some, rowsMax, ticksMax);
      reached = part.reached();
      planned += part.planned();
      accounted += part.accounted();
      unaccounted += part.unaccounted();
    }
    assertThat(List.of(planned, accounted, unaccounted))
        .as("seed %s", seed)
        .isEqualTo(List.of(whole.planned(), whole.accounted(), whole.unaccounted()));
  }
}
