package dev.millrace.scheduler.engine;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRules;
import dev.millrace.model.LockUse;
import dev.millrace.model.Need;
import dev.millrace.model.Overlap;
import dev.millrace.model.Phase;
import dev.millrace.model.RateRule;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.ZoneOffset;
import java.util.Arrays;
import java.util.List;
import java.util.Map;

/** A stage in the making, for tests that need more of one than its needs. Confined to one test. */
final class Given {
  private final String id;
  private String handler = "noop";
  private String with = "{}";
  private Need needs = Need.none();
  private RetryPolicy retry = Plans.retry(1, 3);
  private Duration timeout;
  private Duration queueTimeout;
  private Duration startTimeout;
  private Phase phase = Phase.MAIN;
  private String group;
  private String compensates;
  private String condition;
  private String forEach;
  private int maxParallel = StageRules.PARALLEL_DEFAULT;
  private Tolerance tolerate = Tolerance.NONE;
  private List<LockUse> locks = List.of();
  private RateRule rate;
  private Duration minDuration;
  private Duration maxDuration;

  private Given(String id) {
    this.id = id;
  }

  static Given stage(String id) {
    return new Given(id);
  }

  /** A stage in a group has its group's id before its own, as in a definition. */
  static Given in(String group, String id) {
    Given given = new Given(group + "." + id);
    given.group = group;
    return given;
  }

  static Given group(String id) {
    return new Given(id).handler(StageDefinition.GROUP);
  }

  static Given compensation(String of) {
    Given given = new Given(of + ".compensate");
    given.phase = Phase.COMPENSATE;
    given.compensates = of;
    return given;
  }

  Given handler(String value) {
    handler = value;
    return this;
  }

  Given with(String json) {
    with = json;
    return this;
  }

  Given needs(String... ids) {
    return needs(Need.completed(List.of(ids)));
  }

  Given needs(Need need) {
    needs = need;
    return this;
  }

  Given needs(String id, Need.Is is) {
    return needs(new Need.Stage(id, is));
  }

  Given retry(int maxAttempts, int maxLost) {
    return retry(Plans.retry(maxAttempts, maxLost));
  }

  Given retry(RetryPolicy policy) {
    retry = policy;
    return this;
  }

  Given timeout(int seconds) {
    timeout = Duration.ofSeconds(seconds);
    return this;
  }

  Given queueTimeout(int seconds) {
    queueTimeout = Duration.ofSeconds(seconds);
    return this;
  }

  Given startTimeout(int seconds) {
    startTimeout = Duration.ofSeconds(seconds);
    return this;
  }

  Given phase(Phase value) {
    phase = value;
    return this;
  }

  Given when(String expression) {
    condition = expression;
    return this;
  }

  Given forEach(String expression) {
    forEach = expression;
    return this;
  }

  Given parallel(int items) {
    maxParallel = items;
    return this;
  }

  Given tolerate(int count) {
    tolerate = new Tolerance(count, -1);
    return this;
  }

  Given locks(String... names) {
    locks = Arrays.stream(names).map(name -> new LockUse(name, 1, false)).toList();
    return this;
  }

  Given rate(int starts) {
    rate = new RateRule(null, starts, Duration.ofSeconds(1));
    return this;
  }

  Given ran(int minSeconds, int maxSeconds) {
    minDuration = Duration.ofSeconds(minSeconds);
    maxDuration = Duration.ofSeconds(maxSeconds);
    return this;
  }

  StageDefinition build() {
    StageRules rules =
        new StageRules(
            phase,
            group,
            compensates,
            condition,
            forEach,
            maxParallel,
            tolerate,
            startTimeout,
            null,
            locks,
            rate,
            minDuration,
            maxDuration);
    return new StageDefinition(
        id, handler, "default", with, needs, retry, timeout, queueTimeout, rules);
  }

  static Plan plan(Given... stages) {
    return plan(JobRules.NONE, stages);
  }

  static Plan plan(JobRules rules, Given... stages) {
    return plan(rules, Arrays.stream(stages).map(Given::build).toList());
  }

  static Plan plan(JobRules rules, List<StageDefinition> stages) {
    return new Plan(
        1,
        1,
        new JobDefinition(
            "job", "default", "", List.of(), List.of(), 5, stages, Map.of(), null, rules));
  }

  /** Nulls where there is none. */
  static JobRules rules(Duration timeout, Duration deadline, Window.End windowEnd) {
    return rules(timeout, deadline, windowEnd, List.of());
  }

  static JobRules rules(
      Duration timeout, Duration deadline, Window.End windowEnd, List<Window.Blackout> blackouts) {
    Window window =
        windowEnd == null
            ? null
            : new Window(
                "0 7 * * *", ZoneOffset.UTC, Duration.ofHours(1), blackouts, windowEnd, false);
    return new JobRules(Overlap.ALLOW, null, List.of(), timeout, deadline, window, null);
  }
}
