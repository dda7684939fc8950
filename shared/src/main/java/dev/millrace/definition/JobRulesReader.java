package dev.millrace.definition;

import dev.millrace.model.Concurrency;
import dev.millrace.model.JobRules;
import dev.millrace.model.LockUse;
import dev.millrace.model.Overlap;
import dev.millrace.model.Window;
import java.time.Duration;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Pattern;

/** Reads what holds for the runs of a job as a whole. Confined to one thread. */
final class JobRulesReader {
  static final int WAITING_MAX = 100_000;
  static final int LIMIT_MAX = 100_000;

  private static final Duration TIMEOUT_MIN = Duration.ofMillis(1);
  private static final Pattern AFTER_SCHEDULED = Pattern.compile("\\s+after\\s+scheduled\\s*$");
  private static final List<String> OVERLAPS =
      List.of("allow", "skip", "queue", "cancel-running", "coalesce");

  private final Problems problems;
  private final Fields job;
  private final Expressions expressions;
  private final GivenReader given;

  JobRulesReader(Problems problems, Fields job, Expressions expressions, GivenReader given) {
    this.problems = problems;
    this.job = job;
    this.expressions = expressions;
    this.given = given;
  }

  JobRules read() {
    Overlap overlap = overlap();
    Concurrency concurrency = concurrency();
    List<LockUse> locks = LockReader.read(problems, job);
    Duration timeout = job.duration("timeout", TIMEOUT_MIN);
    Duration deadline = job.parsed("deadline", JobRulesReader::deadline);
    Window window = WindowReader.read(problems, job, given);
    String environment = job.id("environment");
    return new JobRules(overlap, concurrency, locks, timeout, deadline, window, environment);
  }

  /** {@code 30m}, or {@code 30m after scheduled}, which says what it is counted from. */
  private static Duration deadline(String text) {
    Duration deadline = DurationText.parse(AFTER_SCHEDULED.matcher(text).replaceFirst(""));
    if (deadline.compareTo(TIMEOUT_MIN) < 0) {
      throw new IllegalArgumentException("must be at least " + TIMEOUT_MIN.toMillis() + " ms");
    }
    return deadline;
  }

  private Overlap overlap() {
    Doc value = job.take("overlap");
    if (value == null) {
      return Overlap.ALLOW;
    }
    if (value instanceof Doc.Mapping) {
      Fields fields = job.fields("overlap");
      fields.takeRequired("queue", "; it is the only policy with a number");
      Integer most = fields.integer("queue", 1, WAITING_MAX);
      fields.finish(Set.of());
      return most == null ? Overlap.ALLOW : new Overlap(Overlap.Kind.QUEUE, most);
    }
    String text = job.text("overlap");
    if (text != null && text.matches("queue:\\s*[0-9]{1,9}")) {
      return queue(value, Integer.parseInt(text.substring("queue:".length()).strip()));
    }
    String kind = job.oneOf("overlap", OVERLAPS);
    if ("queue".equals(kind)) {
      job.problem(value, "overlap", "`queue` needs how many may wait; write {queue: 10}");
      return Overlap.ALLOW;
    }
    return kind == null
        ? Overlap.ALLOW
        : new Overlap(Overlap.Kind.valueOf(kind.toUpperCase(Locale.ROOT).replace('-', '_')), 0);
  }

  private Overlap queue(Doc at, int most) {
    if (most < 1 || most > WAITING_MAX) {
      job.problem(at, "overlap", most + " is not in 1.." + WAITING_MAX);
      return Overlap.ALLOW;
    }
    return new Overlap(Overlap.Kind.QUEUE, most);
  }

  private Concurrency concurrency() {
    Fields fields = job.fields("concurrency");
    if (fields == null) {
      return null;
    }
    String key = expressions.key(fields, "key");
    Integer limit = fields.integer("limit", 1, LIMIT_MAX);
    fields.finish(Set.of());
    if (fields.map().entries().isEmpty()) {
      fields.problem("is empty; write {key, limit}");
    }
    return new Concurrency(key, limit == null ? 1 : limit);
  }
}
