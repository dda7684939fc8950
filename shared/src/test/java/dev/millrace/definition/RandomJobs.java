package dev.millrace.definition;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.Backoff;
import dev.millrace.model.Concurrency;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRules;
import dev.millrace.model.LockUse;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import dev.millrace.model.Overlap;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.Phase;
import dev.millrace.model.QueueTrigger;
import dev.millrace.model.RateRule;
import dev.millrace.model.Requirement;
import dev.millrace.model.RetryMatch;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.RunLimits;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import dev.millrace.model.WebhookTrigger;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.function.Supplier;

/** Makes jobs that use everything the language has, each possible. One thread. */
final class RandomJobs {
  private static final List<ParamDefinition> PARAMS =
      List.of(
          new ParamDefinition("p", "string", false, null, false),
          new ParamDefinition("n", "integer", false, null, false),
          new ParamDefinition("l", "array", false, null, false),
          new ParamDefinition("c", "string", false, "\"${{ run.trigger + params.p }}\"", false),
          new ParamDefinition("d", "integer", false, "\"${{ size(params.l) }}\"", false));

  private final Random random;
  private final List<StageDefinition> compensations = new ArrayList<>();

  private RandomJobs(Random random) {
    this.random = random;
  }

  static JobDefinition of(Random random) {
    RandomJobs jobs = new RandomJobs(random);
    List<StageDefinition> stages = new ArrayList<>();
    jobs.level(stages, Phase.MAIN, null, false, 1 + random.nextInt(5), "m");
    stages.addAll(jobs.compensations);
    jobs.level(stages, Phase.ON_FAILURE, null, false, random.nextInt(3), "o");
    jobs.level(stages, Phase.FINALLY, null, false, random.nextInt(3), "f");
    return new JobDefinition(
        "x",
        "default",
        "",
        PARAMS,
        new RandomTriggers(random).some(),
        5,
        stages,
        Map.of(),
        null,
        jobs.rules().requiring(jobs.requirement()).limitedTo(jobs.limits()),
        jobs.events());
  }

  private Requirement requirement() {
    Matching match = one(List.of(Matching.values()));
    return maybe(
        () ->
            new Requirement(
                jobNeed(0), maybe(() -> Duration.ofHours(24)), match, zone(match), null));
  }

  private RunLimits limits() {
    return random.nextBoolean()
        ? null
        : new RunLimits(maybe(() -> Duration.ofMinutes(3)), Map.of("pages", 7L));
  }

  private List<EventTrigger> events() {
    Matching match = one(List.of(Matching.values()));
    List<Need> jobs = List.of(new Need.Stage("a", Need.Is.COMPLETED), jobNeed(0));
    String params = one(List.of("{}", "{\"p\":\"${{ after.a.state }}\"}"));
    List<EventTrigger> events = new ArrayList<>(queues());
    if (random.nextBoolean()) {
      events.add(webhook());
    }
    if (random.nextBoolean()) {
      events.add(file());
    }
    if (random.nextBoolean()) {
      events.add(
          new AfterTrigger(
              new Need.All(jobs), maybe(() -> Duration.ofMinutes(90)), match, zone(match), params));
    }
    return events;
  }

  private FileTrigger file() {
    return new FileTrigger(
        one(List.of("/data/in/*.csv", "/a/**", "/b/{x,y}/*")),
        one(List.of(0, 3)),
        one(List.of(FileTrigger.STABLE_FOR_USUAL, Duration.ofMinutes(2))),
        one(List.of(Duration.ZERO, Duration.ofHours(1))),
        one(List.of(0L, 17L)),
        maybe(() -> "/archive"),
        maybe(() -> "nas"),
        one(List.of(FileTrigger.EVERY_USUAL, Duration.ofMillis(1_500))),
        one(List.of("{}", "{\"p\":\"${{ file.path }}\"}")));
  }

  private List<QueueTrigger> queues() {
    QueueTrigger plain = new QueueTrigger("orders", null, null, null, 50, QueueTrigger.Reply.NONE);
    QueueTrigger full =
        new QueueTrigger(
            "orders.created",
            one(List.of("{\"p\":\"${{ message.n }}\"}", "\"${{ {'n': 1} }}\"")),
            "string(message.id)",
            "headers.kind == 'order'",
            7,
            QueueTrigger.Reply.OUTCOME);
    return one(List.of(List.of(), List.of(), List.of(plain, full)));
  }

  private WebhookTrigger webhook() {
    WebhookTrigger.Scheme scheme = one(List.of(WebhookTrigger.Scheme.values()));
    return new WebhookTrigger(
        one(List.of(WebhookTrigger.DEFAULT_NAME, "paid")),
        one(List.of(List.of("${env:A}"), List.of("${env:A}", "${env:B}"))),
        scheme,
        one(List.of(scheme.header(), "X-Other")),
        scheme.signsTime() ? Duration.ofMinutes(7) : null,
        scheme.signsTime() || random.nextBoolean(),
        maybe(() -> one(List.of("{\"p\":\"${{ body.p }}\"}", "\"${{ {'p': body.p} }}\""))),
        maybe(() -> "headers['x-delivery']"),
        maybe(() -> "body.action == 'paid'"));
  }

  private ZoneId zone(Matching match) {
    return match == Matching.DAY ? ZoneId.of("Europe/London") : Schedule.UTC;
  }

  /** Of jobs: a list or map, whose elements may be nested. */
  private Need jobNeed(int depth) {
    List<Need> of = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      Need.Is is =
          one(List.of(Need.Is.COMPLETED, Need.Is.FAILED, Need.Is.CANCELLED, Need.Is.ENDED));
      Need need =
          depth < 3 && random.nextInt(3) == 0
              ? jobNeed(depth + 1)
              : new Need.Stage(one(List.of("b", "c-d", "other/x")), is);
      if (!of.contains(need)) {
        of.add(need);
      }
    }
    return switch (random.nextInt(3)) {
      case 0 -> new Need.Any(of);
      case 1 -> new Need.Not(of);
      default -> new Need.All(of);
    };
  }

  private void level(
      List<StageDefinition> all, Phase phase, String group, boolean each, int count, String name) {
    String prefix = group == null ? "" : group + ".";
    List<String> earlier = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      String id = prefix + name + i;
      boolean isGroup = prefix.length() < 12 && random.nextInt(4) == 0;
      String forEach = each ? null : maybe(() -> "params.l");
      Need need = earlier.isEmpty() ? Need.none() : new Need.All(needs(earlier, 0));
      all.add(
          isGroup
              ? group(id, phase, group, forEach, need)
              : stage(id, phase, group, forEach, need));
      if (phase == Phase.MAIN && !each && random.nextInt(4) == 0) {
        compensations.add(compensation(id));
      }
      if (isGroup) {
        level(all, phase, id, each || forEach != null, 1 + random.nextInt(3), name);
      }
      earlier.add(id);
    }
  }

  private List<Need> needs(List<String> ids, int depth) {
    List<Need> needs = new ArrayList<>();
    for (int i = random.nextInt(3); i >= 0; i--) {
      Need need = need(ids, depth);
      if (!needs.contains(need)) {
        needs.add(need);
      }
    }
    return needs;
  }

  private Need need(List<String> ids, int depth) {
    return switch (depth > 2 ? 3 : random.nextInt(6)) {
      case 0 -> new Need.All(needs(ids, depth + 1));
      case 1 -> new Need.Any(needs(ids, depth + 1));
      case 2 -> new Need.Not(needs(ids, depth + 1));
      default -> new Need.Stage(one(ids), one(List.of(Need.Is.values())));
    };
  }

  private StageDefinition group(String id, Phase phase, String group, String forEach, Need need) {
    StageRules rules =
        new StageRules(
            phase,
            group,
            null,
            "params.n > 1",
            forEach,
            StageRules.PARALLEL_DEFAULT,
            Tolerance.NONE,
            null,
            null,
            List.of(),
            null,
            null,
            null);
    return new StageDefinition(
        id,
        StageDefinition.GROUP,
        StageDefinition.NO_POOL,
        one(List.of("{}", "{\"params\":{\"p\":\"of ${{ params.p }}\",\"n\":2}}")),
        need,
        RetryPolicy.NONE,
        null,
        null,
        rules);
  }

  private StageDefinition stage(String id, Phase phase, String group, String forEach, Need need) {
    if (random.nextInt(4) == 0) {
      return led(id, phase, group, need);
    }
    boolean many = forEach != null;
    StageRules rules =
        new StageRules(
            phase,
            group,
            null,
            maybe(() -> one(List.of("params.n > 1", "params.p == '}}' || run.attempt > 1"))),
            forEach,
            many ? 1 + random.nextInt(StageRules.PARALLEL_MAX) : StageRules.PARALLEL_DEFAULT,
            many ? tolerance() : Tolerance.NONE,
            maybe(this::duration),
            maybe(this::duration),
            locks("s"),
            maybe(() -> new RateRule(maybe(() -> "params.p"), 1 + random.nextInt(9), duration())),
            maybe(() -> Duration.ofMillis(1)),
            maybe(() -> Duration.ofDays(9)));
    return new StageDefinition(
        id,
        "h",
        one(List.of("default", "heavy")),
        one(List.of("{}", "{\"a\":[\"${{ params.p }}\"]}")),
        need,
        retry(),
        maybe(this::duration),
        maybe(this::duration),
        rules);
  }

  private StageDefinition led(String id, Phase phase, String group, Need need) {
    Map<String, String> withs =
        Map.of(
            StageDefinition.SUB_JOB, "{\"job\":\"y\",\"params\":{\"a\":\"${{ params.n }}\"}}",
            StageDefinition.WAIT_TIME, "{\"for\":\"PT1M\"}",
            StageDefinition.WAIT_EVENT, "{\"event\":\"e\",\"key\":\"${{ params.p }}\"}",
            StageDefinition.WAIT_APPROVAL, "{\"timeout\":\"PT1H\",\"on-timeout\":\"skip\"}");
    String handler = one(withs.keySet().stream().sorted().toList());
    boolean isJob = handler.equals(StageDefinition.SUB_JOB);
    StageRules none = StageRules.NONE;
    StageRules rules =
        new StageRules(
            phase,
            group,
            null,
            maybe(() -> "params.n > 1"),
            null,
            none.maxParallel(),
            none.tolerate(),
            null,
            null,
            List.of(),
            null,
            null,
            maybe(this::duration));
    return new StageDefinition(
        id,
        handler,
        StageDefinition.NO_POOL,
        withs.get(handler),
        need,
        isJob ? retry() : RetryPolicy.NONE,
        isJob ? maybe(this::duration) : null,
        null,
        rules);
  }

  private StageDefinition compensation(String id) {
    return new StageDefinition(
        id + StageReader.COMPENSATE,
        "undo",
        "default",
        "{\"p\":\"${{ params.p }}\"}",
        Need.none(),
        retry(),
        maybe(this::duration),
        null,
        StageReader.compensates(id));
  }

  private RetryPolicy retry() {
    RetryMatch match =
        new RetryMatch(
            one(List.of(List.of(), List.of("timeout", "http:5*"))),
            one(List.of(List.of(), List.of("exit:126"))),
            maybe(() -> "error.attempt < 3"));
    return new RetryPolicy(
        1 + random.nextInt(9),
        one(List.of(Backoff.values())),
        Duration.ofSeconds(1),
        2,
        Duration.ofMinutes(1),
        0.2,
        3,
        match);
  }

  private Tolerance tolerance() {
    return random.nextBoolean()
        ? new Tolerance(random.nextInt(9), -1)
        : new Tolerance(-1, random.nextInt(1_000) / 10.0);
  }

  private List<LockUse> locks(String name) {
    List<LockUse> locks = new ArrayList<>();
    for (int i = random.nextInt(3); i > 0; i--) {
      boolean alone = random.nextBoolean();
      locks.add(new LockUse(name + i, alone ? 1 : 1 + random.nextInt(9), alone));
    }
    return locks;
  }

  private JobRules rules() {
    return new JobRules(
        random.nextInt(3) == 0
            ? new Overlap(Overlap.Kind.QUEUE, 1 + random.nextInt(9))
            : new Overlap(one(List.of(Overlap.Kind.ALLOW, Overlap.Kind.CANCEL_RUNNING)), 0),
        maybe(() -> new Concurrency(maybe(() -> "params.p"), 1 + random.nextInt(9))),
        locks("j"),
        maybe(this::duration),
        maybe(this::duration),
        maybe(this::window),
        maybe(() -> "production"));
  }

  private Window window() {
    Instant from = Instant.ofEpochSecond(random.nextInt());
    return new Window(
        "0 7 * * MON-FRI",
        ZoneId.of(one(List.of("UTC", "Europe/London"))),
        Duration.ofHours(10),
        one(
            List.of(
                List.of(),
                List.of(
                    new Window.Blackout("@daily", Duration.ofHours(1), null, null),
                    new Window.Blackout(null, null, from, from.plusSeconds(1))))),
        one(List.of(Window.End.values())),
        random.nextBoolean(),
        new RandomTriggers(random).dst(),
        one(List.of("{}", "{\"p\":\"${{ run.scheduled_for }}\",\"l\":[1,2.50]}")));
  }

  private Duration duration() {
    return Duration.ofMillis(1 + random.nextInt(1_000_000));
  }

  private <T> T maybe(Supplier<T> value) {
    return random.nextBoolean() ? value.get() : null;
  }

  private <T> T one(List<T> values) {
    return values.get(random.nextInt(values.size()));
  }
}
