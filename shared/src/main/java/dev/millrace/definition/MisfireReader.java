package dev.millrace.definition;

import dev.millrace.model.Misfire;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads {@code misfire}. Stateless. */
final class MisfireReader {
  private static final List<String> WORDS = List.of("latest", "none", "all");
  private static final Duration WITHIN_MIN = Duration.ofSeconds(1);
  private static final Pattern RATE = Pattern.compile("(\\d{1,6})\\s*/\\s*(s|m|h)");
  private static final Pattern LIMIT = Pattern.compile("(within|at-most):\\s*(\\S+)");

  private MisfireReader() {}

  /** A word, or the limits of those that fire; the latest when it is absent or wrong. */
  static Misfire read(Fields owner) {
    Doc value = owner.take("misfire");
    if (value == null) {
      return Misfire.LATEST;
    }
    if (value instanceof Doc.Mapping) {
      return limits(owner);
    }
    String text = owner.text("misfire");
    if (text == null) {
      return Misfire.LATEST;
    }
    Matcher limit = LIMIT.matcher(text);
    if (limit.matches()) {
      owner.problem(
          value, "misfire", "write {" + limit.group(1) + ": " + limit.group(2) + "}, with braces");
      return Misfire.LATEST;
    }
    if (text.equals("within") || text.equals("at-most")) {
      String example = text.equals("within") ? "{within: 2h}" : "{at-most: 10}";
      owner.problem(value, "misfire", "`" + text + "` needs a limit; write " + example);
      return Misfire.LATEST;
    }
    String word = owner.oneOf("misfire", WORDS);
    if (word == null) {
      return Misfire.LATEST;
    }
    return switch (word) {
      case "none" -> Misfire.NONE;
      case "all" -> Misfire.ALL;
      default -> Misfire.LATEST;
    };
  }

  private static Misfire limits(Fields owner) {
    Fields fields = owner.fields("misfire");
    Duration within = fields.duration("within", WITHIN_MIN);
    Integer most = fields.integer("at-most", 1, Misfire.AT_MOST_MAX);
    Misfire.Pace pace = fields.parsed("rate", MisfireReader::pace);
    fields.finish(Set.of());
    if (fields.map().entries().isEmpty()) {
      fields.problem("is empty; write {within, at-most, rate}, or one of " + WORDS);
    }
    return new Misfire(within, most == null ? Misfire.UNLIMITED : most, pace);
  }

  static Misfire.Pace pace(String text) {
    Matcher rate = RATE.matcher(text.strip());
    int ticks = rate.matches() ? Integer.parseInt(rate.group(1)) : 0;
    if (ticks < 1) {
      throw new IllegalArgumentException(
          "'" + text + "' is not a rate; write for example 10/s, 30/m or 100/h");
    }
    Duration per =
        switch (rate.group(2)) {
          case "s" -> Duration.ofSeconds(1);
          case "m" -> Duration.ofMinutes(1);
          default -> Duration.ofHours(1);
        };
    return new Misfire.Pace(ticks, per);
  }
}
