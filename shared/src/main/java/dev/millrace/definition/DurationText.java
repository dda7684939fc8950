package dev.millrace.definition;

import java.time.Duration;
import java.time.format.DateTimeParseException;
import java.util.List;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Durations as people write them: {@code 30s}, {@code 1h30m}, {@code PT30S}. Any thread. */
public final class DurationText {
  /** So that no arithmetic on milliseconds or nanoseconds can overflow. */
  private static final Duration MAX = Duration.ofDays(36_500);

  private static final Pattern PART = Pattern.compile("(\\d{1,18})(ms|s|m|h|d)");
  private static final Pattern WHOLE = Pattern.compile("(?:\\d{1,18}(?:ms|s|m|h|d))+");
  private static final List<String> UNITS = List.of("d", "h", "m", "s", "ms");

  private DurationText() {}

  /**
   * Reads a duration.
   *
   * @throws IllegalArgumentException with a message for the person who wrote it
   */
  public static Duration parse(String written) {
    String text = written.strip();
    if (text.matches("-?[0-9.]+")) {
      throw new IllegalArgumentException(
          "'" + text + "' has no unit; write for example " + text.replace("-", "") + "s or 5m");
    }
    Duration duration;
    try {
      duration = text.matches("[pP].*") ? Duration.parse(text) : parts(text);
    } catch (DateTimeParseException | ArithmeticException notOne) {
      throw notDuration(text, notOne);
    }
    if (duration.isNegative()) {
      throw new IllegalArgumentException("'" + text + "' is negative");
    }
    if (duration.compareTo(MAX) > 0) {
      throw new IllegalArgumentException("'" + text + "' is more than 100 years");
    }
    return duration;
  }

  private static Duration parts(String text) {
    if (!WHOLE.matcher(text).matches()) {
      throw notDuration(text, null);
    }
    Duration sum = Duration.ZERO;
    int lastUnit = -1;
    Matcher part = PART.matcher(text);
    while (part.find()) {
      int unit = UNITS.indexOf(part.group(2));
      if (unit <= lastUnit) {
        throw notDuration(text, null);
      }
      lastUnit = unit;
      sum = sum.plus(one(Long.parseLong(part.group(1)), part.group(2)));
    }
    return sum;
  }

  private static Duration one(long amount, String unit) {
    return switch (unit) {
      case "d" -> Duration.ofDays(amount);
      case "h" -> Duration.ofHours(amount);
      case "m" -> Duration.ofMinutes(amount);
      case "s" -> Duration.ofSeconds(amount);
      default -> Duration.ofMillis(amount);
    };
  }

  private static IllegalArgumentException notDuration(String text, Throwable cause) {
    return new IllegalArgumentException(
        "'" + text + "' is not a duration; write for example 250ms, 30s, 5m, 1h30m, 1d or PT30S",
        cause);
  }
}
