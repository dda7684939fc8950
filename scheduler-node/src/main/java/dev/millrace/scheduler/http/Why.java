package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Phase;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Fan;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.ReadsLimits;
import dev.millrace.scheduler.store.ReadsRuns;
import dev.millrace.scheduler.store.ReadsWhy;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.function.Predicate;
import org.jdbi.v3.core.Handle;

/**
 * Why a run and its stages do not move: every reason, with who can change it. Each stage that has
 * not ended and is not on a worker has one at least. One for each question; the caller's thread.
 */
final class Why {
  private static final int NAMES_MAX = 3;

  /**
   * One condition.
   *
   * @param stage null for what holds the whole run
   * @param until when it ends by itself, or null
   * @param holders who can change it, the first so many
   * @param holderCount how many there are of them
   */
  record Reason(
      String stage,
      String reason,
      String detail,
      Instant until,
      List<String> holders,
      int holderCount) {
    Reason(String stage, String reason, String detail, Instant until, String holder) {
      this(stage, reason, detail, until, List.of(holder), 1);
    }

    Reason(String stage, String reason, String detail, List<String> holders) {
      this(stage, reason, detail, null, holders, holders.size());
    }

    /** The first of the holders in one text. */
    String holder() {
      int named = Math.min(NAMES_MAX, holders.size());
      String names = String.join(", ", holders.subList(0, named));
      return holderCount > named ? names + " and " + (holderCount - named) + " more" : names;
    }
  }

  private final WhyFacts facts;

  private Why(WhyFacts facts) {
    this.facts = facts;
  }

  /**
   * @param only of this stage and of the run as a whole; null for all
   */
  static List<Reason> of(
      Handle handle, ReadsRuns.Run run, List<ReadsRuns.Stage> stages, String only) {
    if (run.finishedAt() != null) {
      return List.of();
    }
    return new Why(new WhyFacts(handle, run, stages))
        .reasons(stage -> only == null || stage.name().equals(only));
  }

  private List<Reason> reasons(Predicate<ReadsRuns.Stage> wanted) {
    List<Reason> found = new ArrayList<>(WholeRun.of(facts));
    boolean executed = false;
    for (ReadsRuns.Stage stage : facts.stages) {
      if (wanted.test(stage)) {
        found.addAll(reasons(stage));
      }
      executed |= stage.state().equals("RUNNING");
    }
    if (found.isEmpty()) {
      facts.stages.stream()
          .filter(wanted)
          .filter(Why::isExecuted)
          .map(Why::executed)
          .forEach(found::add);
    }
    if (found.isEmpty() && !executed && facts.stages.stream().allMatch(wanted)) {
      found.add(
          new Reason(
              null,
              "DECIDING",
              "all its stages have ended or are about to start; the leader decides in a moment",
              null,
              WholeRun.LEADER));
    }
    return found;
  }

  private static boolean isExecuted(ReadsRuns.Stage stage) {
    return stage.state().equals("RUNNING") && !Stage.LEADER.equals(stage.worker());
  }

  /** Told when nothing else is: a run that is not held up is waited for all the same. */
  private static Reason executed(ReadsRuns.Stage stage) {
    return one(
        stage,
        "EXECUTING",
        "attempt "
            + stage.attempt()
            + " is being executed on worker "
            + stage.worker()
            + " since "
            + stage.startedAt(),
        "worker " + stage.worker());
  }

  private List<Reason> reasons(ReadsRuns.Stage stage) {
    StageDefinition definition = facts.definition(stage);
    return switch (StageState.valueOf(stage.state())) {
      case WAITING -> waiting(stage, definition);
      case READY -> ready(stage);
      case QUEUED -> queued(stage);
      case BACKING_OFF -> List.of(backingOff(stage, definition));
      case HELD -> held(stage, definition);
      case LOCK_WAIT -> lockWait(stage, definition);
      case RUNNING -> running(stage, definition);
      case SKIPPED -> Unmet.isSettled(stage) ? List.of() : skippedByHand(stage, definition);
      case COMPLETED, FAILED, CANCELLED, SKIPPED_COMPLETE, ACKNOWLEDGED -> List.of();
    };
  }

  private static Reason one(ReadsRuns.Stage stage, String kind, String detail, String holder) {
    return new Reason(stage.name(), kind, detail, null, holder);
  }

  private List<Reason> held(ReadsRuns.Stage stage, StageDefinition definition) {
    List<Reason> found = new ArrayList<>();
    found.add(one(stage, "HELD", "a person holds it; release it to let it go on", "person"));
    found.addAll(before(stage, definition));
    return found;
  }

  private List<Reason> skippedByHand(ReadsRuns.Stage stage, StageDefinition definition) {
    List<Reason> before = before(stage, definition);
    Reason skipped =
        new Reason(
            stage.name(),
            "SKIPPED_BY_HAND",
            "a person skipped it; it counts as complete when its turn comes",
            before.isEmpty()
                ? List.of(facts.run.startedAt() == null ? "run" : WholeRun.LEADER)
                : before.stream().flatMap(reason -> reason.holders().stream()).toList());
    return List.of(skipped);
  }

  private static Reason backingOff(ReadsRuns.Stage stage, StageDefinition definition) {
    int max = definition == null ? 0 : definition.retry().maxAttempts();
    String rest =
        stage.restMicros() == null ? "" : "; " + stage.restMicros() / 1_000 + " ms are left";
    return new Reason(
        stage.name(),
        "BACKING_OFF",
        "attempt "
            + stage.attempt()
            + " ended"
            + (stage.error() == null ? "" : " (" + stage.error() + ")")
            + "; "
            + stage.failures()
            + " of "
            + max
            + " executions have failed, the next one comes at the time told"
            + rest,
        stage.dueAt(),
        "retry rule");
  }

  private List<Reason> lockWait(ReadsRuns.Stage stage, StageDefinition definition) {
    List<Reason> found = new ArrayList<>(WholeRun.lines(facts, stage.name(), stage.index()));
    if (definition != null && definition.rules().rate() != null) {
      var rate = definition.rules().rate();
      found.add(
          one(
              stage,
              "RATE",
              "may start " + rate.limit() + " times in " + rate.per() + "; others were first",
              "rate of stage " + stage.name()));
    }
    if (!found.isEmpty()) {
      return found;
    }
    return List.of(
        facts.run.state().equals("PAUSED")
            ? one(stage, "RUN_PAUSED", "its locks are free, its run is paused", "run")
            : facts.morePlaces()
                ? one(stage, "LOCK_WAIT", "waits for its locks, as many stages of it do", "locks")
                : one(stage, "LOCK_WAIT", "its locks are given in a moment", WholeRun.LEADER));
  }

  private List<Reason> running(ReadsRuns.Stage stage, StageDefinition definition) {
    if (!Stage.LEADER.equals(stage.worker())) {
      ReadsWhy.Silent silent = facts.silent(stage.worker());
      return silent == null
          ? List.of()
          : List.of(
              one(
                  stage,
                  "WORKER_" + silent.state(),
                  "its worker has been silent since " + silent.seenAt(),
                  "worker " + silent.id()));
    }
    return List.of(
        stage.fan() == null ? led(stage, definition) : items(stage, Fan.parse(stage.fan())));
  }

  private Reason items(ReadsRuns.Stage stage, Fan fan) {
    List<String> open = children(stage);
    return new Reason(
        stage.name(),
        "ITEMS",
        fan.open()
            + " items are under way, "
            + (fan.items() - fan.started())
            + " have not started, "
            + fan.completed()
            + " of "
            + fan.items()
            + " have completed; see GET /api/v1/runs/"
            + new RunId(facts.run.id())
            + "/stages/"
            + stage.name()
            + "/items",
        null,
        open.isEmpty() ? List.of(WholeRun.LEADER) : open,
        Math.max(Math.max(1, fan.open()), open.size()));
  }

  private List<String> children(ReadsRuns.Stage stage) {
    return facts.children(stage.index()).stream()
        .map(child -> "run " + new RunId(child.run()))
        .toList();
  }

  private Reason led(ReadsRuns.Stage stage, StageDefinition definition) {
    JsonNode with = definition == null ? Json.object() : Json.stored(definition.withJson());
    return switch (stage.handler()) {
      case StageDefinition.WAIT_TIME ->
          new Reason(stage.name(), "WAIT_TIME", "waits for a time", stage.dueAt(), "clock");
      case StageDefinition.WAIT_EVENT -> event(stage);
      case StageDefinition.WAIT_FILE ->
          new Reason(
              stage.name(),
              "WAIT_FILE",
              "waits for a whole file like " + with.path("path").asText(),
              stage.dueAt(),
              "file system of the scheduler");
      case StageDefinition.WAIT_APPROVAL ->
          new Reason(
              stage.name(),
              "WAIT_APPROVAL",
              "waits for approval: " + with.path("message").asText("approve or reject it"),
              stage.dueAt(),
              with.path("role").asText("person"));
      case StageDefinition.SUB_JOB -> {
        List<String> open = children(stage);
        yield new Reason(
            stage.name(),
            "JOB",
            "waits for a run of job '" + with.path("job").asText() + "'",
            stage.dueAt(),
            open.isEmpty() ? List.of(WholeRun.LEADER) : open,
            Math.max(1, open.size()));
      }
      default ->
          new Reason(
              stage.name(),
              "GROUP",
              "waits for the stages in it",
              open(other -> isIn(other, stage.name())));
    };
  }

  private Reason event(ReadsRuns.Stage stage) {
    ReadsWhy.Listening listening = facts.listening(stage.index());
    if (listening == null) {
      return one(stage, "WAIT_EVENT", "is heard of in a moment", WholeRun.LEADER);
    }
    boolean keyed = !listening.key().isEmpty();
    return new Reason(
        stage.name(),
        "WAIT_EVENT",
        "waits for the event '"
            + listening.name()
            + "'"
            + (keyed ? " with key '" + listening.key() + "'" : ""),
        stage.dueAt(),
        "event " + listening.name() + (keyed ? "/" + listening.key() : ""));
  }

  /** Stages that have not ended, of those that are wanted; the leader when there is none. */
  private List<String> open(Predicate<ReadsRuns.Stage> wanted) {
    List<String> names =
        facts.stages.stream()
            .filter(wanted)
            .filter(stage -> !Unmet.isSettled(stage))
            .map(stage -> "stage " + stage.name())
            .toList();
    return names.isEmpty() ? List.of(WholeRun.LEADER) : names;
  }

  private boolean isIn(ReadsRuns.Stage stage, String group) {
    StageDefinition definition = facts.definition(stage);
    return definition != null && group.equals(definition.rules().group());
  }

  private List<Reason> waiting(ReadsRuns.Stage stage, StageDefinition definition) {
    List<Reason> found = new ArrayList<>();
    List<String> marks = Marks.ofRun(facts.run.extra().marks());
    if (marks.contains("notAdmitted") || marks.contains("prepared")) {
      String id = new RunId(facts.run.id()).toString();
      found.add(one(stage, "NOT_ADMITTED", "its run has not been admitted yet", "run " + id));
    }
    found.addAll(before(stage, definition));
    if (found.isEmpty()) {
      found.add(
          one(stage, "NEEDS", "all its needs are met; it is ready in a moment", WholeRun.LEADER));
    }
    return found;
  }

  /** Which of the other stages are before it. */
  private List<Reason> before(ReadsRuns.Stage stage, StageDefinition definition) {
    if (definition == null) {
      return List.of();
    }
    String group = definition.rules().group();
    String fan = fanOf(definition);
    if (fan != null) {
      return List.of(
          one(stage, "ITEMS", "is executed in the runs of the items of " + fan, "stage " + fan));
    }
    List<Reason> found = new ArrayList<>();
    if (group != null
        && facts.byName.containsKey(group)
        && !facts.byName.get(group).state().equals("RUNNING")) {
      found.add(
          one(
              stage,
              "GROUP",
              "its group " + group + " is " + facts.byName.get(group).state(),
              "stage " + group));
    }
    List<Unmet.Missing> missing = Unmet.of(definition.needs(), facts.byName);
    if (!missing.isEmpty()) {
      found.add(
          new Reason(
              stage.name(),
              "NEEDS",
              "needs " + String.join(", ", missing.stream().map(Unmet.Missing::text).toList()),
              missing.stream().map(each -> "stage " + each.stage()).toList()));
    }
    Phase phase = definition.rules().phase();
    List<String> earlier = open(other -> other.index() != stage.index() && isEarlier(other, phase));
    if (phase != Phase.MAIN && !earlier.equals(List.of(WholeRun.LEADER))) {
      found.add(
          new Reason(
              stage.name(), "PHASE", "comes after the others have ended: " + phase, earlier));
    }
    return found;
  }

  /** Compensations wait for each other: what came last is undone first. */
  private boolean isEarlier(ReadsRuns.Stage other, Phase phase) {
    StageDefinition definition = facts.definition(other);
    Phase its = definition == null ? Phase.MAIN : definition.rules().phase();
    return its.compareTo(phase) < 0 || (its == phase && phase == Phase.COMPENSATE);
  }

  /** The fan-out whose items a stage is executed for, or null. */
  private String fanOf(StageDefinition definition) {
    StageDefinition at = definition;
    while (at != null && at.rules().group() != null) {
      String group = at.rules().group();
      at = facts.byName.containsKey(group) ? facts.definition(group) : null;
      if (at != null && at.rules().forEach() != null) {
        return group;
      }
    }
    return null;
  }

  private List<Reason> ready(ReadsRuns.Stage stage) {
    List<Reason> found = new ArrayList<>();
    if (Marks.ofStage(stage.marks()).contains("parked")) {
      String id = new RunId(facts.run.id()).toString();
      found.add(one(stage, "RUN_PAUSED", "its run is paused", "run " + id));
    }
    if (stage.pool().isEmpty()) {
      if (found.isEmpty()) {
        found.add(one(stage, "NEEDS", "the leader starts it in a moment", WholeRun.LEADER));
      }
      return found;
    }
    String pool = "pool " + stage.pool();
    for (ReadsLimits.Pause pause : facts.pauses) {
      if (pause.scope().equals("pool") && pause.name().equals(stage.pool())) {
        found.add(one(stage, "POOL_PAUSED", WholeRun.paused(pool, pause), pool));
      }
    }
    found.addAll(noWorker(stage, pool));
    boolean held = !found.isEmpty();
    facts
        .rate(stage.pool())
        .ifPresent(
            rate ->
                found.add(
                    one(
                        stage,
                        "POOL_RATE",
                        pool
                            + " may start "
                            + rate.starts()
                            + " stages in "
                            + rate.perMillis()
                            + " ms",
                        pool)));
    if (!held) {
      String ahead =
          facts
              .ahead(stage)
              .map(count -> "behind " + count + " other stages in " + pool)
              .orElse("waits for its turn in " + pool);
      int slots = facts.capacity(stage).slots();
      found.add(one(stage, "BACKLOG", ahead + ", which has " + slots + " slots", pool));
    }
    return found;
  }

  private List<Reason> queued(ReadsRuns.Stage stage) {
    String pool = "pool " + stage.pool();
    List<Reason> unable = noWorker(stage, pool);
    return unable.isEmpty()
        ? List.of(
            one(stage, "QUEUED", "is with the broker; a worker of " + pool + " takes it", pool))
        : unable;
  }

  private List<Reason> noWorker(ReadsRuns.Stage stage, String pool) {
    ReadsWhy.Capacity capacity = facts.capacity(stage);
    if (capacity.live() == 0) {
      return List.of(
          one(
              stage,
              "NO_WORKER",
              "no live worker in " + pool + "; start one: millrace worker --pool " + stage.pool(),
              pool));
    }
    if (capacity.able() == 0) {
      return List.of(
          one(
              stage,
              "NO_HANDLER",
              "no worker of " + pool + " has the handler '" + stage.handler() + "'",
              pool));
    }
    return capacity.taking() == 0
        ? List.of(one(stage, "DRAINING", "all workers of " + pool + " are draining", pool))
        : List.of();
  }
}
