package dev.millrace.scheduler.trigger;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.Ticks;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.Test;

/** Every planned tick becomes exactly one entry of the ledger, none of them early. */
class TickerTest {
  private static final long SECOND = 1_000_000;
  private static final long MINUTE = 60 * SECOND;
  private static final long START = Ticker.micros(Instant.parse("2026-03-01T00:00:00Z"));
  private static final TriggerDefinition EACH_SECOND =
      new TriggerDefinition.Every(Duration.ofSeconds(1), null, Misfire.LATEST);

  private final Ticker ticker = new Ticker();
  private JobState state = JobState.SCHEDULED;

  @Test
  void nothingFiresBeforeItsInstant() {
    ticker.arm(1, 10, planned(EACH_SECOND), START + SECOND);
    assertThat(ticker.nextDue()).isEqualTo(START + SECOND);
    assertThat(take(START + SECOND - 1).fires()).isEmpty();
    assertThat(take(START + SECOND).fires())
        .containsExactly(new Ticker.Fire(1, 10, "every", START + SECOND, START + SECOND));
    assertThat(ticker.nextDue()).isEqualTo(START + 2 * SECOND);
  }

  @Test
  void ticksThatAreALittleLateAllFire() {
    ticker.arm(1, 10, planned(EACH_SECOND), START);
    Ticker.Due due = take(START + 5 * SECOND + 1);
    assertThat(due.fires())
        .extracting(Ticker.Fire::plannedAt)
        .containsExactly(
            START,
            START + SECOND,
            START + 2 * SECOND,
            START + 3 * SECOND,
            START + 4 * SECOND,
            START + 5 * SECOND);
    assertThat(due.unfired()).isEmpty();
    assertThat(due.advances().getLast()).isEqualTo(new Jobs.Advance(1, START + 6 * SECOND, 0, 0));
  }

  @Test
  void afterALongSilenceTheLatestFiresAndTheRestIsOneRange() {
    ticker.arm(1, 10, planned(EACH_SECOND), START);
    Ticker.Due due = take(START + 100 * SECOND + 1);
    assertThat(due.fires())
        .extracting(Ticker.Fire::plannedAt)
        .containsExactly(START + 100 * SECOND);
    assertThat(due.unfired())
        .containsExactly(new Ticks.Entry(1, START, START + 99 * SECOND, 100, "MISSED", 0));
  }

  @Test
  void oneMissedTickSimplyFires() {
    ticker.arm(1, 10, planned(daily(Misfire.LATEST)), START);
    Ticker.Due due = take(START + 120 * MINUTE);
    assertThat(due.fires()).extracting(Ticker.Fire::plannedAt).containsExactly(START);
    assertThat(due.unfired()).isEmpty();
  }

  @Test
  void withMisfireNoneAllAreMissed() {
    ticker.arm(1, 10, planned(daily(Misfire.NONE)), START);
    Ticker.Due due = take(START + 49 * 60 * MINUTE);
    assertThat(due.fires()).isEmpty();
    assertThat(due.unfired())
        .containsExactly(new Ticks.Entry(1, START, START + 48 * 60 * MINUTE, 3, "MISSED", 0));
    assertThat(ticker.nextDue()).isEqualTo(START + 72 * 60 * MINUTE);
  }

  @Test
  void aPausedJobsTicksAreRecordedAsSkipped() {
    state = JobState.PAUSED;
    ticker.arm(1, 10, planned(EACH_SECOND), START);
    Ticker.Due due = take(START + 2 * SECOND);
    assertThat(due.fires()).isEmpty();
    assertThat(due.unfired())
        .containsExactly(new Ticks.Entry(1, START, START + 2 * SECOND, 3, "SKIPPED_PAUSED", 0));
    state = JobState.SCHEDULED;
    assertThat(take(START + 3 * SECOND).fires()).hasSize(1);
  }

  @Test
  void aSingleInstantInThePastIsDueAtOnceAndItsPolicySpeaks() {
    Instant past = Ticker.instant(START - 60 * MINUTE);
    TriggerDefinition latest = new TriggerDefinition.At(past, Misfire.LATEST);
    ticker.arm(1, 10, planned(latest), Ticker.firstTick(planned(latest), START));
    TriggerDefinition none = new TriggerDefinition.At(past, Misfire.NONE);
    ticker.arm(2, 10, planned(none), Ticker.firstTick(planned(none), START));
    Ticker.Due due = take(START);
    assertThat(due.fires()).extracting(Ticker.Fire::trigger).containsExactly(1L);
    assertThat(due.unfired()).extracting(Ticks.Entry::trigger).containsExactly(2L);
    assertThat(ticker.nextDue()).as("once is once").isEqualTo(Long.MAX_VALUE);
    assertThat(ticker.size()).isZero();
  }

  @Test
  void aTickWithNanosecondsComesOnce() {
    Instant odd = Ticker.instant(START).plusNanos(123_456_789);
    ticker.arm(1, 10, planned(new TriggerDefinition.At(odd, Misfire.LATEST)), Ticker.micros(odd));
    TriggerDefinition every =
        new TriggerDefinition.Every(Duration.ofSeconds(1), odd, Misfire.LATEST);
    ticker.arm(2, 10, planned(every), Ticker.firstTick(planned(every), START));
    List<Ticker.Fire> fires = take(START + 2 * SECOND).fires();
    assertThat(fires).doesNotHaveDuplicates().hasSize(3);
  }

  @Test
  void whatIsBeyondTheCalendarNeverComes() {
    TriggerDefinition atTheEnd = new TriggerDefinition.At(Instant.MAX, Misfire.LATEST);
    assertThat(Ticker.firstTick(planned(atTheEnd), START)).isZero();
    TriggerDefinition aeons =
        new TriggerDefinition.Every(Duration.ofDays(365_000_000), null, Misfire.LATEST);
    assertThat(Ticker.firstTick(planned(aeons), START)).isZero();
  }

  @Test
  void removedAndReplacedTriggersDoNotFire() {
    ticker.arm(1, 10, planned(EACH_SECOND), START);
    ticker.arm(2, 10, planned(EACH_SECOND), START);
    ticker.disarm(1);
    ticker.arm(2, 10, planned(EACH_SECOND), START + 30 * SECOND);
    assertThat(take(START + SECOND).fires()).isEmpty();
    assertThat(ticker.nextDue()).isEqualTo(START + 30 * SECOND);
    ticker.clear();
    assertThat(ticker.nextDue()).isEqualTo(Long.MAX_VALUE);
  }

  @Test
  void onePassIsBounded() {
    for (int trigger = 0; trigger < 10; trigger++) {
      ticker.arm(trigger, 10, planned(EACH_SECOND), START);
    }
    assertThat(ticker.takeDue(START, 4, job -> state).fires()).hasSize(4);
    assertThat(ticker.takeDue(START, 100, job -> state).fires()).hasSize(6);
  }

  @Test
  void whateverTheClockDoesEachTickIsAccountedForOnce() {
    for (long seed = 1; seed <= 200; seed++) {
      accountFor(new Random(seed), "seed " + seed);
    }
  }

  private void accountFor(Random random, String seed) {
    ticker.clear();
    ticker.arm(1, 10, planned(EACH_SECOND), START);
    Set<Long> planned = new HashSet<>();
    List<Long> accounted = new ArrayList<>();
    long now = START;
    for (int pass = 0; pass < 40; pass++) {
      now += random.nextLong(random.nextInt(4) == 0 ? 200 * SECOND : 3 * SECOND);
      state = random.nextInt(5) == 0 ? JobState.PAUSED : JobState.SCHEDULED;
      Ticker.Due due = ticker.takeDue(now, 1 + random.nextInt(100), job -> state);
      due.fires().forEach(fire -> accounted.add(fire.plannedAt()));
      for (Ticks.Entry entry : due.unfired()) {
        for (int i = 0; i < entry.ticks(); i++) {
          accounted.add(entry.plannedAt() + i * SECOND);
        }
        assertThat(accounted.getLast()).as(seed).isEqualTo(entry.plannedUntil());
      }
    }
    take(now).fires().forEach(fire -> accounted.add(fire.plannedAt()));
    for (long tick = START; tick < ticker.nextDue(); tick += SECOND) {
      planned.add(tick);
    }
    Set<Long> once = new HashSet<>(accounted);
    assertThat(once.size()).as("%s: duplicates", seed).isEqualTo(accounted.size());
    assertThat(planned.containsAll(once)).as("%s: unplanned ticks", seed).isTrue();
    long last = accounted.stream().max(Long::compare).orElse(START);
    assertThat(last).as("%s: early", seed).isLessThanOrEqualTo(now);
  }

  private static TriggerDefinition daily(Misfire misfire) {
    return new TriggerDefinition.Cron("0 0 * * *", ZoneOffset.UTC, misfire);
  }

  private Ticker.Due take(long now) {
    return ticker.takeDue(now, 1_000, job -> state);
  }

  private static PlannedTriggers.Planned planned(TriggerDefinition trigger) {
    return new PlannedTriggers.Planned(
        "every", trigger, TimeUnit.SECONDS.toMicros(60), "default/x");
  }
}
