package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import org.junit.jupiter.api.Test;

class ScheduleTest {
  private static final Instant NOON = Instant.parse("2026-11-22T12:00:00Z");

  @Test
  void cronRunsInItsZone() {
    var zone = ZoneId.of("America/New_York");
    var schedule = Schedule.of(new TriggerDefinition.Cron("0 9 * * 1", zone, Misfire.LATEST));
    assertThat(schedule.next(NOON)).contains(Instant.parse("2026-11-23T14:00:00Z"));
  }

  @Test
  void onceIsOnce() {
    var schedule = Schedule.of(new TriggerDefinition.At(NOON, Misfire.LATEST));
    assertThat(schedule.next(NOON.minusNanos(1))).contains(NOON);
    assertThat(schedule.next(NOON)).isEmpty();
  }

  @Test
  void everyKeepsToItsAnchor() {
    var anchor = NOON.plusSeconds(7);
    var schedule =
        Schedule.of(new TriggerDefinition.Every(Duration.ofMinutes(15), anchor, Misfire.LATEST));
    assertThat(schedule.next(NOON)).contains(anchor);
    assertThat(schedule.next(anchor)).contains(anchor.plusSeconds(900));
    assertThat(schedule.next(anchor.plusSeconds(901))).contains(anchor.plusSeconds(1800));
  }

  @Test
  void everyWithoutAnchorKeepsToTheEpoch() {
    var schedule =
        Schedule.of(new TriggerDefinition.Every(Duration.ofHours(1), null, Misfire.NONE));
    assertThat(schedule.next(NOON)).contains(NOON.plusSeconds(3600));
    assertThat(schedule.next(NOON.plusSeconds(59))).contains(NOON.plusSeconds(3600));
  }
}
