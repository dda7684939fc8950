package dev.millrace.scheduler.http;

import dev.millrace.scheduler.trigger.Ticker;
import java.time.Duration;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;

/**
 * A range of time that a caller names with {@code from} and {@code to}, the end not in it.
 * Immutable.
 */
record TimeRange(Instant from, Instant to) {
  /** The database's calendar ends with it. */
  private static final Instant LAST = Instant.parse("9999-01-01T00:00:00Z");

  /** What a caller asks for; what is left out begins now, and has this length. */
  static TimeRange of(Call call, Instant now, Duration usual, Duration longest) {
    Instant from = instant(call, "from", now);
    Instant to = instant(call, "to", from.plus(usual));
    TimeRange range = new TimeRange(from, to);
    range.judge(longest);
    return range;
  }

  /** Refuses what is no range, or is too long. */
  void judge(Duration longest) {
    if (!to.isAfter(from)) {
      throw invalid("'to' is " + to + ", which is not after 'from', " + from, "Swap them?");
    }
    if (Duration.between(from, to).compareTo(longest) > 0) {
      throw invalid(
          "from "
              + from
              + " to "
              + to
              + " is longer than "
              + text(longest)
              + ", the most that can be asked for at once",
          "Ask for a part of it, then for the next one.");
    }
  }

  private static String text(Duration longest) {
    return longest.toDays() > 0 ? longest.toDays() + " days" : longest.toMinutes() + " minutes";
  }

  static Instant instant(Call call, String key, Instant otherwise) {
    String text = call.query(key);
    return text == null ? otherwise : instant(key, text);
  }

  /** An instant that somebody wrote. */
  static Instant instant(String key, String text) {
    try {
      Instant instant = OffsetDateTime.parse(text).toInstant();
      if (instant.isBefore(Instant.EPOCH) || instant.isAfter(LAST)) {
        throw invalid(
            "'" + key + "' is " + Call.shortened(text) + ", which is not in 1970..9998",
            "Send an instant in between.");
      }
      return instant;
    } catch (DateTimeParseException e) {
      throw invalid(
          "'" + key + "' is not an instant: '" + Call.shortened(text) + "'",
          "Send one like 2026-03-08T07:00:00Z, or with an offset: 2026-03-08T02:00:00-05:00.");
    }
  }

  static Problem.Refused invalid(String detail, String remedy) {
    return new Problem.Refused(new Problem(422, "invalid", "Invalid", detail, remedy));
  }

  long fromMicros() {
    return Ticker.microsOf(from);
  }

  long toMicros() {
    return Ticker.microsOf(to);
  }
}
