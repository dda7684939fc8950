package dev.millrace.worker.http;

import java.net.http.HttpHeaders;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.ZonedDateTime;
import java.time.format.DateTimeFormatter;
import java.util.Optional;

/** How long a server asks to be left alone (RFC 9110, 10.2.3). Stateless; any thread. */
final class RetryAfter {
  private static final int SECONDS_DIGITS_MAX = 9;

  private RetryAfter() {}

  /** Empty when it asks for nothing, or in a way that is none. */
  static Optional<Duration> of(HttpHeaders headers) {
    String value = headers.firstValue("retry-after").orElse("").strip();
    if (value.matches("[0-9]+")) {
      // Whoever asks for more than thirty years gets the most that there is.
      String digits = value.length() > SECONDS_DIGITS_MAX ? "9".repeat(SECONDS_DIGITS_MAX) : value;
      return Optional.of(Duration.ofSeconds(Long.parseLong(digits)));
    }
    try {
      // By the server's own clock: it need not agree with this machine's.
      Duration left = Duration.between(date(headers.firstValue("date").orElse("")), date(value));
      return Optional.of(left.isNegative() ? Duration.ZERO : left);
    } catch (DateTimeException e) {
      return Optional.empty();
    }
  }

  private static ZonedDateTime date(String text) {
    return ZonedDateTime.parse(text.strip(), DateTimeFormatter.RFC_1123_DATE_TIME);
  }
}
