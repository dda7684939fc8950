package dev.millrace.definition;

import dev.millrace.model.Backoff;
import dev.millrace.model.RetryMatch;
import dev.millrace.model.RetryPolicy;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/** Reads {@code retry}. Stateless. */
final class RetryReader {
  private static final int ATTEMPTS_MAX = 1_000;
  private static final Set<String> UNSUPPORTED = Set.of("when", "redrive");
  private static final int PATTERNS_MAX = 100;
  private static final List<String> BACKOFFS =
      List.of("fixed", "linear", "exponential", "decorrelated");

  private RetryReader() {}

  /** Null when it is absent or wrong. */
  static RetryPolicy read(Fields owner, String key, Expressions expressions) {
    Fields fields = owner.fields(key);
    if (fields == null) {
      return null;
    }
    RetryPolicy none = RetryPolicy.NONE;
    Integer maxLost = either(fields, "max-lost", "max_lost", 0);
    Integer attempts = attempts(fields, maxLost != null);
    String backoff = fields.oneOf("backoff", BACKOFFS);
    Duration initial = fields.duration("initial", Duration.ZERO);
    Double factor = fields.number("factor", 1, 1_000);
    Duration max = fields.duration("max", Duration.ZERO);
    Double jitter = fields.number("jitter", 0, 1);
    RetryMatch match = match(fields, expressions);
    fields.finish(UNSUPPORTED);
    Duration first = initial == null ? none.initial() : initial;
    Duration longest = longest(fields, first, max);
    return new RetryPolicy(
        attempts == null ? 1 : attempts,
        backoff == null ? none.backoff() : Backoff.valueOf(backoff.toUpperCase(Locale.ROOT)),
        first,
        factor == null ? none.factor() : factor,
        longest,
        jitter == null ? none.jitter() : jitter,
        maxLost == null ? none.maxLost() : maxLost,
        match);
  }

  private static RetryMatch match(Fields fields, Expressions expressions) {
    List<String> on = patterns(fields, "on");
    List<String> unless = patterns(fields, "unless");
    return new RetryMatch(on, unless, expressions.retry(fields, "if"));
  }

  /** Error classes, each whole or a beginning with a star. */
  private static List<String> patterns(Fields fields, String key) {
    List<String> patterns = fields.texts(key);
    if (patterns == null) {
      return List.of();
    }
    Doc at = fields.map().get(key);
    if (patterns.isEmpty() || patterns.size() > PATTERNS_MAX) {
      fields.problem(
          at, key, "has " + patterns.size() + " entries; possible are 1 to " + PATTERNS_MAX);
    }
    for (String pattern : patterns) {
      if (!pattern.matches("[^\\s*]{1,128}\\*?|\\*")) {
        fields.problem(
            at,
            key,
            "'" + pattern + "' is not a class of errors, such as config, exit:126 or http:5*");
      }
    }
    return patterns;
  }

  /** A first delay above the default bound raises the bound; above a written bound it is wrong. */
  private static Duration longest(Fields fields, Duration initial, Duration max) {
    Duration standard = RetryPolicy.NONE.max();
    if (max == null) {
      return initial.compareTo(standard) > 0 ? initial : standard;
    }
    if (initial.compareTo(max) > 0) {
      fields.problem("`initial` is longer than `max`");
    }
    return max;
  }

  private static Integer attempts(Fields fields, boolean optional) {
    Integer attempts = either(fields, "max-attempts", "max_attempts", 1);
    Integer retries = either(fields, "max-retries", "max_retries", 0);
    if (attempts != null && retries != null && attempts != retries + 1) {
      fields.problem(
          "`max-attempts: "
              + attempts
              + "` and `max-retries: "
              + retries
              + "` contradict each other; max-attempts counts the first execution too");
    }
    if (attempts != null) {
      return attempts;
    }
    if (retries != null) {
      return retries + 1;
    }
    boolean written =
        List.of("max-attempts", "max_attempts", "max-retries", "max_retries").stream()
            .anyMatch(key -> fields.map().get(key) != null);
    if (!optional && !written) {
      fields.problem(
          "needs `max-attempts` (all executions) or `max-retries` (those after the first)");
    }
    return null;
  }

  private static Integer either(Fields fields, String dashed, String underscored, int min) {
    Integer first = fields.integer(dashed, min, ATTEMPTS_MAX);
    Integer second = fields.integer(underscored, min, ATTEMPTS_MAX);
    if (first != null && second != null) {
      fields.problem("`" + dashed + "` is written twice, with '-' and with '_'");
    }
    return first != null ? first : second;
  }
}
