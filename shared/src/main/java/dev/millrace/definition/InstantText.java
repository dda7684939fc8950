package dev.millrace.definition;

import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;

/** Instants as people write them. Stateless. */
public final class InstantText {
  private static final int YEAR_MIN = 1;

  /** Four digits: later ones are mistakes, and the latest do not fit microseconds. */
  private static final int YEAR_MAX = 9_999;

  private InstantText() {}

  /**
   * Reads {@code 2027-01-01T00:00:00Z}, or the same with an offset.
   *
   * @throws IllegalArgumentException says what is wrong and what to write
   */
  public static Instant parse(String text) {
    OffsetDateTime time;
    try {
      time = OffsetDateTime.parse(text);
    } catch (DateTimeParseException notOne) {
      throw new IllegalArgumentException(
          "'" + text + "' is not an instant; write for example 2027-01-01T00:00:00Z", notOne);
    }
    if (time.getYear() < YEAR_MIN || time.getYear() > YEAR_MAX) {
      throw new IllegalArgumentException(
          "'" + text + "' is too far away; possible are the years " + YEAR_MIN + " to " + YEAR_MAX);
    }
    return time.toInstant();
  }
}
