package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.time.format.DateTimeFormatter;
import java.time.format.DateTimeParseException;
import java.util.Locale;

/** Instants and durations as people read them. Stateless. */
final class Times {
  static final String NONE = "-";
  private static final DateTimeFormatter LOCAL =
      DateTimeFormatter.ofPattern("yyyy-MM-dd HH:mm:ss", Locale.ROOT)
          .withZone(ZoneId.systemDefault());

  private Times() {}

  /** An instant of the API in this machine's zone. */
  static String local(JsonNode instant) {
    Instant at = instant(instant);
    return at == null ? NONE : LOCAL.format(at);
  }

  static String between(JsonNode from, JsonNode to) {
    Instant start = instant(from);
    Instant end = instant(to);
    return start == null || end == null ? NONE : text(Duration.between(start, end));
  }

  static String text(Duration duration) {
    long seconds = duration.toSeconds();
    if (seconds < 60) {
      return String.format(Locale.ROOT, "%.2f s", duration.toMillis() / 1000.0);
    }
    if (seconds < 3600) {
      return String.format(Locale.ROOT, "%d min %02d s", seconds / 60, seconds % 60);
    }
    return String.format(Locale.ROOT, "%d h %02d min", seconds / 3600, seconds % 3600 / 60);
  }

  /** Null for what is none. */
  static Instant instant(JsonNode node) {
    if (!node.isTextual()) {
      return null;
    }
    try {
      return Instant.parse(node.asText());
    } catch (DateTimeParseException unknown) {
      return null;
    }
  }
}
