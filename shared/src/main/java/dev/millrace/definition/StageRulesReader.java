package dev.millrace.definition;

import dev.millrace.model.LockUse;
import dev.millrace.model.RateRule;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import java.time.Duration;
import java.util.List;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads what a stage may have beyond its work. Confined to one thread. */
final class StageRulesReader {
  static final int RATE_MAX = 1_000_000;

  private static final Duration DURATION_MIN = Duration.ofMillis(1);
  private static final Pattern PERCENT = Pattern.compile("(\\d{1,3}(?:\\.\\d{1,6})?)\\s*%");

  private final Problems problems;
  private final Fields fields;
  private final Expressions expressions;
  private final StageReader.Level level;

  StageRulesReader(
      Problems problems, Fields fields, Expressions expressions, StageReader.Level level) {
    this.problems = problems;
    this.fields = fields;
    this.expressions = expressions;
    this.level = level;
  }

  /** Reads {@code if} and {@code for-each} first: what comes after them may read the item. */
  StageRules read() {
    String condition = expressions.condition(fields, "if");
    String forEach = forEach();
    Integer maxParallel = fields.integer("max-parallel", 1, StageRules.PARALLEL_MAX);
    Tolerance tolerate = tolerate();
    Duration startTimeout = fields.duration("start-timeout", DURATION_MIN);
    Duration heartbeatTimeout = fields.duration("heartbeat-timeout", DURATION_MIN);
    List<LockUse> locks = LockReader.read(problems, fields);
    RateRule rate = rate();
    Duration minDuration = fields.duration("min-duration", DURATION_MIN);
    Duration maxDuration = fields.duration("max-duration", DURATION_MIN);
    if (minDuration != null && maxDuration != null && minDuration.compareTo(maxDuration) > 0) {
      fields.problem("`min-duration` is longer than `max-duration`");
    }
    return new StageRules(
        level.phase(),
        level.group(),
        null,
        condition,
        forEach,
        maxParallel == null ? StageRules.PARALLEL_DEFAULT : maxParallel,
        tolerate,
        startTimeout,
        heartbeatTimeout,
        locks,
        rate,
        minDuration,
        maxDuration);
  }

  private String forEach() {
    String forEach = expressions.list(fields, "for-each");
    Doc written = fields.map().get("for-each");
    if (written == null) {
      refuseAlone("max-parallel");
      refuseAlone("tolerate");
      return null;
    }
    if (level.each()) {
      fields.problem(
          written,
          "for-each",
          "stands in a group with `for-each`; one inside another is not"
              + " supported by this version");
    }
    expressions.seeItem();
    return forEach;
  }

  private void refuseAlone(String key) {
    if (fields.map().get(key) != null) {
      fields.problem(fields.map().get(key), key, "means nothing without `for-each`");
    }
  }

  /** {@code 3} items, or {@code 5%} of them. */
  private Tolerance tolerate() {
    Doc value = fields.take("tolerate");
    if (value == null) {
      return Tolerance.NONE;
    }
    if (value instanceof Doc.Scalar scalar && scalar.kind() == Doc.Kind.TEXT) {
      Matcher percent = PERCENT.matcher(scalar.text());
      if (percent.matches() && Double.parseDouble(percent.group(1)) <= 100) {
        return new Tolerance(-1, Double.parseDouble(percent.group(1)));
      }
      fields.problem(
          value, "tolerate", "'" + scalar.text() + "' is neither a number of items nor 0%..100%");
      return Tolerance.NONE;
    }
    Integer count = fields.integer("tolerate", 0, StageRules.ITEMS_MAX);
    return count == null ? Tolerance.NONE : new Tolerance(count, -1);
  }

  private RateRule rate() {
    Fields rate = fields.fields("rate");
    if (rate == null) {
      return null;
    }
    String key = expressions.key(rate, "key");
    rate.takeRequired("limit", "; how many starts?");
    Integer limit = rate.integer("limit", 1, RATE_MAX);
    rate.takeRequired("per", "; in how much time, such as 1s?");
    Duration per = rate.duration("per", DURATION_MIN);
    rate.finish(Set.of());
    return limit == null || per == null ? null : new RateRule(key, limit, per);
  }
}
