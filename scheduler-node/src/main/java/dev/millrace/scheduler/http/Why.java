package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.engine.Fan;
import dev.millrace.scheduler.store.ReadsFleet;
import dev.millrace.scheduler.store.ReadsLimits;
import dev.millrace.scheduler.store.ReadsRuns;
import java.time.Instant;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/** Why the stages of a run do not move, each with who can change it. Stateless; any thread. */
final class Why {
  /** Counting what is ahead costs; beyond this many stages nobody reads on. */
  private static final int AHEAD_COUNTS_MAX = 20;

  private static final int WORKERS_MAX = 10_000;

  /** One condition; {@code stage} is null for what holds the whole run. */
  record Reason(String stage, String reason, String detail, Instant until, String holder) {}

  private final Handle handle;
  private final ReadsRuns.Run run;
  private final List<ReadsRuns.Stage> stages;
  private final List<Fleet.Member> workers;
  private final List<ReadsLimits.Seat> seats;
  private final List<ReadsLimits.Pause> pauses;
  private final JobDefinition job;
  private final Map<String, ReadsRuns.Stage> byName = new HashMap<>();
  private int aheadCounts;

  private Why(Handle handle, ReadsRuns.Run run, List<ReadsRuns.Stage> stages) {
    this.handle = handle;
    this.run = run;
    this.stages = stages;
    this.seats = ReadsLimits.around(handle, run.id());
    this.pauses = ReadsLimits.pauses(handle);
    this.job = Definitions.of(run.definition());
    this.workers =
        ReadsFleet.workers(handle, "", false, WORKERS_MAX).stream().map(Fleet.Member::of).toList();
  }

  static List<Reason> of(Handle handle, ReadsRuns.Run run, List<ReadsRuns.Stage> stages) {
    return run.finishedAt() != null ? List.of() : new Why(handle, run, stages).reasons();
  }

  private List<Reason> reasons() {
    List<Reason> found = new ArrayList<>();
    found.addAll(WholeRun.of(handle, run, seats));
    for (ReadsRuns.Stage stage : stages) {
      byName.put(stage.name(), stage);
    }
    for (ReadsRuns.Stage stage : stages) {
      found.addAll(reasons(stage));
    }
    return found;
  }

  private List<Reason> reasons(ReadsRuns.Stage stage) {
    StageDefinition definition = definition(stage);
    return switch (StageState.valueOf(stage.state())) {
      case WAITING -> List.of(waiting(stage, definition));
      case READY -> List.of(ready(stage));
      case QUEUED -> List.of(queued(stage));
      case BACKING_OFF -> List.of(backingOff(stage, definition));
      case HELD ->
          List.of(
              new Reason(
                  stage.name(),
                  "HELD",
                  "a person holds it; release it to let it go on",
                  null,
                  "person"));
      case LOCK_WAIT -> lockWait(stage, definition);
      case RUNNING -> running(stage, definition);
      case SKIPPED ->
          Marks.ofStage(stage.marks()).contains("skippedByHand")
              ? List.of(
                  new Reason(
                      stage.name(),
                      "SKIPPED_BY_HAND",
                      "a person skipped it; it counts as complete when its needs are met",
                      null,
                      "its needs"))
              : List.of();
      case COMPLETED, FAILED, CANCELLED, SKIPPED_COMPLETE, ACKNOWLEDGED -> List.of();
    };
  }

  private StageDefinition definition(ReadsRuns.Stage stage) {
    return job.stages().stream()
        .filter(known -> known.id().equals(stage.name()))
        .findFirst()
        .orElse(null);
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
    List<Reason> found = new ArrayList<>();
    for (ReadsLimits.Seat seat : seats) {
      if (seat.run() == run.id() && seat.index() == stage.index() && !seat.held()) {
        found.add(WholeRun.inLine(stage.name(), "LOCK_WAIT", seat, seats));
      }
    }
    if (definition != null && definition.rules().rate() != null) {
      var rate = definition.rules().rate();
      found.add(
          new Reason(
              stage.name(),
              "RATE",
              "may start " + rate.limit() + " times in " + rate.per() + ", others were first",
              null,
              "rate"));
    }
    return found.isEmpty()
        ? List.of(
            new Reason(
                stage.name(), "LOCK_WAIT", "its locks are given in a moment", null, "leader"))
        : found;
  }

  private List<Reason> running(ReadsRuns.Stage stage, StageDefinition definition) {
    if (!"leader".equals(stage.worker())) {
      return workers.stream()
          .filter(member -> member.row().id().equals(stage.worker()))
          .filter(member -> !member.row().state().equals("ALIVE"))
          .map(
              member ->
                  new Reason(
                      stage.name(),
                      "WORKER_" + member.row().state(),
                      "its worker has been silent since " + member.row().seenAt(),
                      null,
                      "worker " + member.row().id()))
          .toList();
    }
    if (stage.fan() != null) {
      Fan fan = Fan.parse(stage.fan());
      return List.of(
          new Reason(
              stage.name(),
              "ITEMS",
              fan.open()
                  + " items are under way, "
                  + (fan.items() - fan.started())
                  + " have not started, "
                  + fan.failed()
                  + " failed",
              null,
              "GET /api/v1/runs/" + new RunId(run.id()) + "/stages/" + stage.name() + "/items"));
    }
    return List.of(led(stage, definition == null ? "" : definition.handler(), definition));
  }

  private static Reason led(ReadsRuns.Stage stage, String handler, StageDefinition definition) {
    JsonNode with = definition == null ? Json.object() : Json.stored(definition.withJson());
    return switch (handler) {
      case StageDefinition.WAIT_TIME ->
          new Reason(stage.name(), "WAIT_TIME", "waits for a time", stage.dueAt(), "clock");
      case StageDefinition.WAIT_EVENT ->
          new Reason(
              stage.name(),
              "WAIT_EVENT",
              "waits for the event '"
                  + with.path("event").asText()
                  + "'"
                  + (with.has("key") ? " with key " + with.path("key").asText() : ""),
              stage.dueAt(),
              "whoever sends the event");
      case StageDefinition.WAIT_APPROVAL ->
          new Reason(
              stage.name(),
              "WAIT_APPROVAL",
              "waits for approval: " + with.path("message").asText("approve or reject it"),
              stage.dueAt(),
              with.path("role").asText("person"));
      case StageDefinition.SUB_JOB ->
          new Reason(
              stage.name(),
              "JOB",
              "waits for a run of job '" + with.path("job").asText() + "'",
              null,
              "its own run");
      default ->
          new Reason(stage.name(), "GROUP", "waits for the stages in it", null, "its stages");
    };
  }

  private Reason waiting(ReadsRuns.Stage stage, StageDefinition definition) {
    if (run.extra().marks() != 0 && Marks.ofRun(run.extra().marks()).contains("notAdmitted")) {
      return new Reason(
          stage.name(), "NOT_ADMITTED", "its run has not been admitted yet", null, "run");
    }
    String group = definition == null ? null : definition.rules().group();
    if (group != null
        && byName.containsKey(group)
        && !byName.get(group).state().equals("RUNNING")) {
      return new Reason(
          stage.name(),
          "GROUP",
          "its group " + group + " is " + byName.get(group).state(),
          null,
          group);
    }
    List<String> missing = new ArrayList<>();
    if (definition != null) {
      definition.needs().visit(need -> addMissing(missing, need));
    }
    if (missing.isEmpty() && definition != null && definition.rules().phase() != Phase.MAIN) {
      return new Reason(
          stage.name(),
          "PHASE",
          "comes after the others have ended: " + definition.rules().phase(),
          null,
          "the stages before it");
    }
    String names = String.join(", ", missing);
    return new Reason(
        stage.name(),
        "NEEDS",
        missing.isEmpty() ? "all its needs are met; it is ready in a moment" : "needs " + names,
        null,
        missing.isEmpty() ? "leader" : names);
  }

  private void addMissing(List<String> missing, Need.Stage need) {
    ReadsRuns.Stage other = byName.get(need.id());
    boolean open = other != null && !StageState.valueOf(other.state()).isFinal();
    boolean notComplete =
        other != null
            && need.is() == Need.Is.COMPLETED
            && !StageState.valueOf(other.state()).countsAsComplete();
    if (open || notComplete) {
      missing.add(
          need.id()
              + (need.is() == Need.Is.COMPLETED ? "" : " to be " + need.is())
              + " ("
              + other.state()
              + ")");
    }
  }

  private Reason ready(ReadsRuns.Stage stage) {
    if (Marks.ofStage(stage.marks()).contains("parked")) {
      return new Reason(stage.name(), "RUN_PAUSED", "its run is paused", null, "run");
    }
    for (ReadsLimits.Pause pause : pauses) {
      if (pause.scope().equals("pool") && pause.name().equals(stage.pool())) {
        return new Reason(
            stage.name(),
            "POOL_PAUSED",
            "pool "
                + stage.pool()
                + " is paused by "
                + pause.actor()
                + (pause.reason() == null ? "" : ": " + pause.reason()),
            null,
            "pool " + stage.pool());
      }
    }
    Reason unable = noWorker(stage);
    if (unable != null) {
      return unable;
    }
    String pool = "pool " + stage.pool();
    if (aheadCounts++ >= AHEAD_COUNTS_MAX) {
      return new Reason(stage.name(), "BACKLOG", "waits for its turn in " + pool, null, pool);
    }
    long ahead =
        ReadsFleet.ahead(handle, new ReadsFleet.Place(stage.pool(), stage.priority(), stage.run()));
    String count = ahead == ReadsFleet.COUNT_MAX ? ahead + " or more" : Long.toString(ahead);
    return new Reason(
        stage.name(), "BACKLOG", "behind " + count + " other stages in " + pool, null, pool);
  }

  private Reason queued(ReadsRuns.Stage stage) {
    Reason unable = noWorker(stage);
    if (unable != null) {
      return unable;
    }
    String pool = "pool " + stage.pool();
    return new Reason(
        stage.name(),
        "QUEUED",
        "is with the broker; a worker of " + pool + " takes it",
        null,
        pool);
  }

  private Reason noWorker(ReadsRuns.Stage stage) {
    List<Fleet.Member> ofPool =
        workers.stream().filter(worker -> worker.serves(stage.pool())).toList();
    String pool = "pool " + stage.pool();
    if (ofPool.isEmpty()) {
      return new Reason(
          stage.name(),
          "NO_WORKER",
          "no live worker in " + pool + "; start one: millrace worker --pool " + stage.pool(),
          null,
          pool);
    }
    if (ofPool.stream().noneMatch(worker -> worker.handlers().contains(stage.handler()))) {
      return new Reason(
          stage.name(),
          "NO_HANDLER",
          "no worker of " + pool + " has the handler '" + stage.handler() + "'",
          null,
          pool);
    }
    if (ofPool.stream().allMatch(Fleet.Member::draining)) {
      return new Reason(
          stage.name(), "DRAINING", "all workers of " + pool + " are draining", null, pool);
    }
    return null;
  }
}
