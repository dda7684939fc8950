package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.store.ReadsFleet;
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
  private int aheadCounts;

  private Why(Handle handle, ReadsRuns.Run run, List<ReadsRuns.Stage> stages) {
    this.handle = handle;
    this.run = run;
    this.stages = stages;
    this.workers =
        ReadsFleet.workers(handle, "", false, WORKERS_MAX).stream().map(Fleet.Member::of).toList();
  }

  static List<Reason> of(Handle handle, ReadsRuns.Run run, List<ReadsRuns.Stage> stages) {
    return run.finishedAt() != null ? List.of() : new Why(handle, run, stages).reasons();
  }

  private List<Reason> reasons() {
    List<Reason> found = new ArrayList<>();
    if (run.jobState().equals("PAUSED")) {
      found.add(
          new Reason(
              null,
              "JOB_PAUSED",
              "the job is paused; resume it to go on",
              null,
              "job " + run.job()));
    }
    if (run.state().equals("PAUSED")) {
      found.add(new Reason(null, "RUN_PAUSED", "the run is paused", null, "run"));
    }
    if (run.state().equals("STOPPING")) {
      found.add(
          new Reason(null, "STOPPING", "attempts in flight are being cancelled", null, "workers"));
    }
    Map<String, ReadsRuns.Stage> byName = new HashMap<>();
    stages.forEach(stage -> byName.put(stage.name(), stage));
    JsonNode definition = Json.stored(run.definition()).path("stages");
    for (ReadsRuns.Stage stage : stages) {
      Reason reason = reason(stage, definition.path(stage.index()).path("needs"), byName);
      if (reason != null) {
        found.add(reason);
      }
    }
    return found;
  }

  private Reason reason(
      ReadsRuns.Stage stage, JsonNode needs, Map<String, ReadsRuns.Stage> byName) {
    return switch (StageState.valueOf(stage.state())) {
      case WAITING -> waiting(stage, needs, byName);
      case READY -> ready(stage);
      case QUEUED -> queued(stage);
      case BACKING_OFF ->
          new Reason(
              stage.name(),
              "BACKING_OFF",
              "attempt " + stage.attempt() + " ended; the next one comes at the time told",
              stage.dueAt(),
              "retry rule");
      case HELD -> new Reason(stage.name(), "HELD", "a person holds it", null, "person");
      case LOCK_WAIT -> new Reason(stage.name(), "LOCK_WAIT", "waits for a lock", null, "lock");
      case RUNNING, COMPLETED, FAILED, CANCELLED, SKIPPED, SKIPPED_COMPLETE, ACKNOWLEDGED -> null;
    };
  }

  private static Reason waiting(
      ReadsRuns.Stage stage, JsonNode needs, Map<String, ReadsRuns.Stage> byName) {
    List<String> missing = new ArrayList<>();
    for (JsonNode need : needs) {
      ReadsRuns.Stage other = byName.get(need.asText());
      if (other != null && !StageState.valueOf(other.state()).countsAsComplete()) {
        missing.add(other.name() + " (" + other.state() + ")");
      }
    }
    String names = String.join(", ", missing);
    return new Reason(
        stage.name(),
        "NEEDS",
        missing.isEmpty() ? "all its needs are met; it is ready in a moment" : "needs " + names,
        null,
        missing.isEmpty() ? "leader" : names);
  }

  private Reason ready(ReadsRuns.Stage stage) {
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
