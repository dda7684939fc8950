package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.time.Duration;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DurationTextTest {
  @ParameterizedTest
  @CsvSource({"30s,PT30S", "250ms,PT0.25S", "1h30m,PT1H30M", "1d,PT24H", "pt5m,PT5M", "0s,PT0S"})
  void understands(String text, Duration expected) {
    assertThat(DurationText.parse(text)).isEqualTo(expected);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "30",
        "-5",
        "1.5",
        "",
        "s",
        "5 m",
        "30m1h",
        "1h1h",
        "-PT5S",
        "P1Y",
        "99999999999999999d",
        "9999999999999999999999s",
        "5min",
        "PT"
      })
  void refuses(String text) {
    assertThatThrownBy(() -> DurationText.parse(text))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageContaining("'" + text + "'");
  }
}
