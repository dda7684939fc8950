package dev.millrace.worker.http;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.http.HttpHeaders;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import org.junit.jupiter.api.Test;

final class RetryAfterTest {
  private static final String DATE = "Mon, 04 Jan 2027 14:00:00 GMT";

  private static Optional<Duration> of(String retryAfter, String date) {
    return RetryAfter.of(
        HttpHeaders.of(
            Map.of("Retry-After", List.of(retryAfter), "Date", List.of(date)), (a, b) -> true));
  }

  @Test
  void secondsAreSeconds() {
    assertThat(of("120", DATE)).contains(Duration.ofMinutes(2));
    assertThat(of(" 0 ", "")).contains(Duration.ZERO);
    assertThat(of("9".repeat(40), DATE)).contains(Duration.ofSeconds(999_999_999));
  }

  @Test
  void aDateIsJudgedByTheClockThatMadeIt() {
    assertThat(of("Mon, 04 Jan 2027 14:01:30 GMT", DATE)).contains(Duration.ofSeconds(90));
    assertThat(of("Mon, 4 Jan 2027 13:00:00 GMT", DATE)).contains(Duration.ZERO);
    assertThat(of("Mon, 04 Jan 2027 14:01:30 GMT", "")).isEmpty();
  }

  @Test
  void whatIsNeitherAsksForNothing() {
    assertThat(of("soon", DATE)).isEmpty();
    assertThat(of("-5", DATE)).isEmpty();
    assertThat(of("1.5", DATE)).isEmpty();
    assertThat(RetryAfter.of(HttpHeaders.of(Map.of(), (a, b) -> true))).isEmpty();
  }
}
