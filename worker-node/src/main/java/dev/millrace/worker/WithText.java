package dev.millrace.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.DurationText;
import java.time.Duration;

/** Reads what people wrote in {@code with:}, for handlers. Stateless; any thread. */
public final class WithText {
  private WithText() {}

  /**
   * A time such as {@code 30s}, or the standard when there is none.
   *
   * @throws IllegalArgumentException with a message for the person who wrote it
   */
  public static Duration duration(JsonNode with, String key, Duration standard) {
    if (!with.hasNonNull(key)) {
      return standard;
    }
    try {
      return DurationText.parse(with.get(key).asText());
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException(key + ": " + e.getMessage(), e);
    }
  }
}
