package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunLimits;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What a run may do, as it is written. */
class RunLimitsReaderTest {
  @Test
  void aTimeAndCounters() {
    assertThat(
            Texts.ok(Texts.job("limits: {pages: 100, run-time: 10m, errors: 5}")).rules().limits())
        .isEqualTo(new RunLimits(Duration.ofMinutes(10), Map.of("pages", 100L, "errors", 5L)));
    assertThat(Texts.ok(Texts.job("limits: {pages: 1}")).rules().limits().runTime()).isNull();
    assertThat(Texts.ok(Texts.job("description: none")).rules().limits()).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "{}|is empty; write for example {pages: 100, run-time: 10m}",
        "{pages: 0}|0 is not in 1..2147483647",
        "{pages: many}|must be a whole number",
        "{run-time: 10}|has no unit",
        "{run-time: 0s}|must be at least 1 ms",
        "[pages]|must be a map",
        "{a-counter-with-a-name-that-is-much-too-long: 1}|a counter has a name of 1 to 40 characters"
      })
  void whatIsWrongIsToldOnce(String limits, String message) {
    assertThat(Texts.bad(Texts.job("limits: " + limits)))
        .singleElement()
        .asString()
        .contains(message);
  }
}
