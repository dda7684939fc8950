package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What becomes of a plan, and of its run that is made ahead, where the clocks of its zone change.
 * In London in 2026 they go forward on 29 March and back on 25 October, both at 01:00 UTC.
 */
class PlanClocksTest {
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private void appliedAt(String instant, String gap) throws Exception {
    at.at(instant);
    at.apply(
        """
        id: plan
        params: {from: string}
        window:
          start: "30 1 * * *"
          timezone: Europe/London
          length: 15m
          prepare: true
          dst: {gap: %s}
          params: {from: "${{ run.scheduled_for }}"}
        stages: [{id: only, run: noop}]
        """
            .formatted(gap));
  }

  private void itIs(String instant) throws Exception {
    at.at(instant);
    at.passes();
  }

  private List<String> runs() {
    return at.texts(
        """
        select state || ' ' || to_char(scheduled_for at time zone 'UTC', 'DD HH24:MI') from run
        order by scheduled_for, id
        """);
  }

  private List<String> ticks() {
    return at.texts(
        """
        select disposition || ' ' || to_char(planned_at at time zone 'UTC', 'DD HH24:MI') from tick
        order by planned_at
        """);
  }

  @Test
  void aStartThatComesTwiceLeavesTheNextRunAlone() throws Exception {
    appliedAt("2026-10-25T00:00:00Z", "shift");
    assertThat(runs()).containsExactly("PENDING 25 00:30");
    itIs("2026-10-25T00:30:00Z");
    at.complete(List.of(at.starts(1).getFirst().claim()), "{}");
    at.passes();
    assertThat(runs()).containsExactly("COMPLETED 25 00:30", "PENDING 26 01:30");
    itIs("2026-10-25T01:30:00Z");
    assertThat(ticks()).containsExactly("FIRED 25 00:30", "SKIPPED_DST 25 01:30");
    assertThat(runs()).containsExactly("COMPLETED 25 00:30", "PENDING 26 01:30");
    assertThat(at.texts("select params from run order by id"))
        .satisfiesExactly(
            first -> assertThat(first).contains("2026-10-25T00:30:00Z"),
            next -> assertThat(next).contains("2026-10-26T01:30:00Z"));
  }

  @Test
  void aStartThatDoesNotExistIsPassedOver() throws Exception {
    appliedAt("2026-03-28T01:00:00Z", "skip");
    itIs("2026-03-28T01:30:00Z");
    at.complete(List.of(at.starts(1).getFirst().claim()), "{}");
    at.passes();
    itIs("2026-03-29T02:00:00Z");
    assertThat(ticks()).containsExactly("FIRED 28 01:30", "SKIPPED_DST 29 00:59");
    assertThat(runs()).containsExactly("COMPLETED 28 01:30", "PENDING 30 00:30");
  }

  @Test
  void aStartThatDoesNotExistMayShift() throws Exception {
    appliedAt("2026-03-29T00:00:00Z", "shift");
    assertThat(runs()).containsExactly("PENDING 29 01:00");
    itIs("2026-03-29T01:00:00Z");
    at.starts(1);
    assertThat(runs()).containsExactly("STARTING 29 01:00", "PENDING 30 00:30");
    assertThat(ticks()).contains("FIRED 29 01:00");
  }
}
