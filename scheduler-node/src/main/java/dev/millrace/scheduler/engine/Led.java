package dev.millrace.scheduler.engine;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DurationText;
import dev.millrace.definition.InstantText;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.KeyText;
import dev.millrace.model.RunId;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.wire.Outcome;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;

/**
 * The stages that the leader executes itself, without a worker: waits, groups, runs of other jobs,
 * and one run for each item of a list. They are RUNNING while they wait. Pure and stateless.
 */
final class Led {
  /** Runs of items that one step makes; the next step follows at once. */
  private static final int ITEMS_PER_STEP_MAX = 1_000;

  /** The item of a run that is for none. */
  private static final int NO_ITEM = -1;

  static final String LED = "leader";

  private Led() {}

  static boolean isGroup(Plan plan, int index) {
    StageDefinition stage = plan.stage(index);
    return stage.handler().equals(StageDefinition.GROUP) && stage.rules().forEach() == null;
  }

  /** Items take their locks each for itself. */
  static boolean takesLocks(Plan plan, int index) {
    StageRules rules = plan.stage(index).rules();
    return rules.forEach() == null && (!rules.locks().isEmpty() || rules.rate() != null);
  }

  /** True when runs of others may be under way for it. */
  static boolean hasChildren(Plan plan, int index) {
    StageDefinition stage = plan.stage(index);
    return stage.rules().forEach() != null || stage.handler().equals(StageDefinition.SUB_JOB);
  }

  /** Starts an attempt of a stage that is READY. */
  static void begin(Draft draft, int index, long now) {
    Stage stage = draft.stage(index);
    StageDefinition definition = draft.plan().stage(index);
    draft.move(
        index,
        stage.running(now, Stage.LEADER, 0).edit().attempt(stage.attempt() + 1).build(),
        LED,
        null,
        null);
    Attempts.runIsRunning(draft, null, now);
    try {
      if (definition.rules().forEach() != null) {
        fanOut(draft, index, now);
        return;
      }
      if (isGroup(draft.plan(), index)) {
        Values.checkGroup(draft, index); // its members follow
        return;
      }
      JsonNode with = with(draft, index);
      switch (definition.handler()) {
        case StageDefinition.WAIT_TIME -> waitTime(draft, index, with, now);
        case StageDefinition.WAIT_EVENT -> {
          String key = with.path("key").asText("");
          if (KeyText.problem(key) != null) {
            fail(draft, index, "config", "key: it " + KeyText.problem(key), now);
            return;
          }
          timeout(draft, index, with, now);
          draft.wish(
              new Wish.Listen(
                  index, draft.stage(index).attempt(), with.path("event").asText(), key));
        }
        case StageDefinition.WAIT_APPROVAL -> timeout(draft, index, with, now);
        case StageDefinition.WAIT_FILE -> {
          timeout(draft, index, with, now);
          draft.wish(new Wish.WatchFiles(index, draft.stage(index).attempt(), with.toString()));
        }
        case StageDefinition.SUB_JOB -> {
          timeout(draft, index, with, now);
          draft.wish(
              new Wish.StartJob(
                  index,
                  draft.stage(index).attempt(),
                  with.path("namespace").asText(draft.plan().definition().namespace()),
                  with.path("job").asText(),
                  with.path("params").isObject() ? with.get("params").toString() : "{}"));
        }
        default ->
            throw new IllegalStateException(definition.handler() + " is no stage of a leader");
      }
    } catch (ExpressionException wrong) {
      fail(draft, index, "expression", wrong.getMessage(), now);
    } catch (DateTimeException | ArithmeticException | IllegalArgumentException wrong) {
      // A duration or an instant that an expression has made.
      fail(draft, index, "config", wrong.getMessage(), now);
    }
  }

  private static JsonNode with(Draft draft, int index) {
    Code code = draft.plan().code(index);
    return code == null || code.with() == null
        ? JsonText.parse(draft.plan().stage(index).withJson())
        : code.with().render(Values.of(draft, index));
  }

  private static void waitTime(Draft draft, int index, JsonNode with, long now) {
    long delay =
        with.hasNonNull("for")
            ? Timers.micros(duration("for", with.get("for").asText()))
            : Values.micros(instant("until", with.path("until").asText())) - now;
    Stage.Edit edit = draft.stage(index).edit();
    Timers.after(edit, draft, now, Math.max(0, delay));
    draft.put(index, edit.build());
  }

  private static Duration duration(String key, String text) {
    try {
      return DurationText.parse(text);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(key + ": " + wrong.getMessage(), wrong);
    }
  }

  private static Instant instant(String key, String text) {
    try {
      return InstantText.parse(text);
    } catch (IllegalArgumentException wrong) {
      throw new IllegalArgumentException(key + ": " + wrong.getMessage(), wrong);
    }
  }

  /** The wait's own, or that of every stage. */
  private static void timeout(Draft draft, int index, JsonNode with, long now) {
    Duration limit =
        with.hasNonNull("timeout")
            ? duration("timeout", with.get("timeout").asText())
            : draft.plan().stage(index).timeout();
    if (limit != null) {
      Stage.Edit edit = draft.stage(index).edit();
      Timers.after(edit, draft, now, Timers.micros(limit));
      draft.put(index, edit.build());
    }
  }

  private static void fanOut(Draft draft, int index, long now) {
    Stage stage = draft.stage(index);
    JsonNode list = draft.plan().code(index).forEach().evaluate(Values.of(draft, index));
    if (!list.isArray()) {
      fail(draft, index, "expression", "for-each gives no list", now);
      return;
    }
    if (list.size() > StageRules.ITEMS_MAX) {
      fail(
          draft,
          index,
          "expression",
          "for-each gives " + list.size() + " items; possible are " + StageRules.ITEMS_MAX,
          now);
      return;
    }
    draft.put(index, stage.edit().fan(Fan.of(list.size())).build());
    if (list.isEmpty()) {
      joined(draft, index, now);
      return;
    }
    draft.wish(new Wish.StoreItems(index, stage.attempt(), list.toString()));
    startItems(draft, index, now);
  }

  /**
   * As many more items as may be under way; the rest of a large step follows at once. In a pause
   * none: they follow when it is over.
   */
  static void startItems(Draft draft, int index, long now) {
    Stage stage = draft.stage(index);
    Fan fan = stage.fan();
    StageRules rules = draft.plan().stage(index).rules();
    boolean hopeless = !rules.tolerate().covers(fan.failed(), fan.items());
    boolean noMore = hopeless || !Attempts.mayGoOn(draft, index) || fan.started() == fan.items();
    int wanted =
        noMore || draft.state() == RunState.PAUSED
            ? fan.started()
            : Math.min(fan.items(), fan.started() + rules.maxParallel() - fan.open());
    int until = Math.min(wanted, fan.started() + ITEMS_PER_STEP_MAX);
    if (until > fan.started()) {
      draft.wish(new Wish.StartItems(index, stage.attempt(), fan.started(), until));
    }
    Stage.Edit edit = stage.edit().fan(fan.startedUpTo(Math.max(until, fan.started())));
    if (until < wanted) {
      Timers.after(edit, draft, now, 0);
    } else {
      edit.due(0);
    }
    draft.put(index, edit.build());
    if (fan.open() == 0 && noMore) {
      joined(draft, index, now);
    }
  }

  private static void joined(Draft draft, int index, long now) {
    Stage stage = draft.stage(index);
    Fan fan = stage.fan();
    String id = draft.plan().stage(index).id();
    ObjectNode output = JsonNodeFactory.instance.objectNode();
    output.put("items", fan.items()).put("completed", fan.completed()).put("failed", fan.failed());
    output.put("cancelled", fan.cancelled()).put("notStarted", fan.items() - fan.started());
    output.put(
        "results", "/api/v1/runs/" + new RunId(draft.run().id()) + "/stages/" + id + "/items");
    boolean whole = fan.completed() + fan.failed() == fan.items();
    if (whole && draft.plan().stage(index).rules().tolerate().covers(fan.failed(), fan.items())) {
      end(draft, index, StageState.COMPLETED, null, null, output.toString(), now);
    } else if (!Attempts.mayGoOn(draft, index)) {
      end(draft, index, StageState.CANCELLED, null, null, output.toString(), now);
    } else {
      String why =
          fan.failed()
              + " of "
              + fan.items()
              + " items failed, "
              + fan.cancelled()
              + " were cancelled, "
              + (fan.items() - fan.started())
              + " were not started; that is more than tolerate allows";
      draft.put(index, draft.stage(index).edit().output(output.toString()).build());
      fail(draft, index, "items", why, now);
    }
  }

  private static void end(
      Draft draft, int index, StageState to, String kind, String error, String json, long now) {
    Stage stage = Attempts.noteDuration(draft, index, to == StageState.COMPLETED, now);
    Stage ended =
        to == StageState.COMPLETED
            ? stage.completed(now, null, json)
            : stage.ended(to, now, null, kind, error).edit().output(json).build();
    draft.move(index, ended, LED, null, error);
  }

  /** The attempt failed; the stage's retry policy decides. */
  private static void fail(Draft draft, int index, String kind, String why, long now) {
    Stage stage = draft.stage(index);
    Fact.Finished end =
        new Fact.Finished(
            index,
            stage.attempt(),
            Stage.LEADER,
            Outcome.FAILED,
            0,
            null,
            kind,
            why,
            stage.output(),
            !kind.equals("expression") && !kind.equals("config"),
            0);
    if (Attempts.mayGoOn(draft, index)) {
      Attempts.failed(draft, end, LED, now, 0.5);
    } else {
      Attempts.cancelled(draft, end, LED, now);
    }
  }

  static void endGroup(Draft draft, int index, boolean failed, boolean cancelled, long now) {
    if (failed) {
      end(draft, index, StageState.FAILED, "group", "a stage in it failed", null, now);
    } else {
      StageState to = cancelled ? StageState.CANCELLED : StageState.COMPLETED;
      end(draft, index, to, null, null, null, now);
    }
  }

  private static boolean isCurrent(Draft draft, int index, int attempt) {
    Stage stage = draft.stage(index);
    return stage.state() == StageState.RUNNING
        && stage.attempt() == attempt
        && draft.plan().stage(index).ledByLeader();
  }

  /** True for a run that the present attempt has made. */
  private static boolean isChild(Draft draft, int index, int attempt, int item) {
    if (!isCurrent(draft, index, attempt) || !hasChildren(draft.plan(), index)) {
      return false;
    }
    Fan fan = draft.stage(index).fan();
    return fan == null ? item == NO_ITEM : item >= 0 && item < fan.started();
  }

  static Verdict childEnded(Draft draft, Fact.ChildEnded fact, long now) {
    int index = fact.stage();
    if (!isChild(draft, index, fact.attempt(), fact.item())) {
      return Verdict.STALE;
    }
    Stage stage = draft.stage(index);
    if (stage.fan() != null && stage.fan().open() == 0) {
      return Verdict.STALE; // all have ended; the pause keeps the others from being made
    }
    if (stage.fan() != null) {
      Fan fan = stage.fan();
      Fan counted =
          switch (fact.state()) {
            case COMPLETED -> fan.completedOne();
            case FAILED -> fan.failedOne();
            default -> fan.cancelledOne();
          };
      draft.put(index, stage.edit().fan(counted).build());
      startItems(draft, index, now);
    } else if (fact.state() == RunState.COMPLETED) {
      end(draft, index, StageState.COMPLETED, null, null, fact.output(), now);
    } else if (!Attempts.mayGoOn(draft, index)) {
      end(draft, index, StageState.CANCELLED, null, null, fact.output(), now);
    } else {
      fail(draft, index, "job", fact.error(), now);
    }
    Flow.after(draft, index, now);
    return Verdict.ACCEPTED;
  }

  static Verdict childReopened(Draft draft, Fact.ChildReopened fact) {
    Stage stage = draft.stage(fact.stage());
    if (!isChild(draft, fact.stage(), fact.attempt(), fact.item()) || stage.fan() == null) {
      return Verdict.STALE;
    }
    draft.put(fact.stage(), stage.edit().fan(stage.fan().reopenedOne(fact.was())).build());
    return Verdict.ACCEPTED;
  }

  static Verdict failedToStart(Draft draft, Fact.LedFailed fact, long now) {
    if (!isChild(draft, fact.stage(), fact.attempt(), NO_ITEM)) {
      return Verdict.STALE;
    }
    fail(draft, fact.stage(), fact.errorClass(), fact.error(), now);
    Flow.after(draft, fact.stage(), now);
    return Verdict.ACCEPTED;
  }

  static Verdict event(Draft draft, Fact.Event fact, long now) {
    if (!isCurrent(draft, fact.stage(), fact.attempt())
        || !draft.plan().stage(fact.stage()).handler().equals(StageDefinition.WAIT_EVENT)) {
      return Verdict.STALE;
    }
    complete(draft, fact.stage(), fact.dataJson(), "event", fact.actor(), null, now);
    return Verdict.ACCEPTED;
  }

  static Verdict filesFound(Draft draft, Fact.FilesFound fact, long now) {
    int index = fact.stage();
    if (!isCurrent(draft, index, fact.attempt())
        || !draft.plan().stage(index).handler().equals(StageDefinition.WAIT_FILE)) {
      return Verdict.STALE;
    }
    if (fact.problem() == null) {
      complete(draft, index, fact.output(), "file", null, null, now);
    } else {
      fail(draft, index, "config", fact.problem(), now);
      Flow.after(draft, index, now);
    }
    return Verdict.ACCEPTED;
  }

  static void complete(
      Draft draft, int index, String json, String cause, String actor, String reason, long now) {
    Stage stage = Attempts.noteDuration(draft, index, true, now);
    draft.move(index, stage.completed(now, null, json), cause, actor, reason);
    Flow.after(draft, index, now);
  }

  /** A person answers a stage that waits for approval. */
  static void answer(Draft draft, Fact.OnStage fact, boolean yes, long now) {
    ObjectNode output = JsonNodeFactory.instance.objectNode();
    output.put("approved", yes).put("by", fact.actor()).put("reason", fact.reason());
    if (yes) {
      complete(draft, fact.stage(), output.toString(), "command", fact.actor(), fact.reason(), now);
      return;
    }
    Stage rejected =
        Attempts.noteDuration(draft, fact.stage(), false, now)
            .ended(StageState.FAILED, now, null, "rejected", "rejected by " + fact.actor())
            .edit()
            .output(output.toString())
            .build();
    draft.move(fact.stage(), rejected, "command", fact.actor(), fact.reason());
    Flow.after(draft, fact.stage(), now);
  }

  /** The time of a stage that the leader executes has come. */
  static void due(Draft draft, int index, long now) {
    Stage stage = draft.stage(index);
    StageDefinition definition = draft.plan().stage(index);
    if (stage.fan() != null) {
      startItems(draft, index, now);
    } else {
      switch (definition.handler()) {
        case StageDefinition.WAIT_TIME ->
            end(draft, index, StageState.COMPLETED, null, null, null, now);
        case StageDefinition.WAIT_APPROVAL -> approvalTimedOut(draft, index, now);
        case StageDefinition.SUB_JOB -> {
          draft.wish(new Wish.TellChildren(index, new Fact.Stop(null, "it ran for too long")));
          fail(draft, index, "timeout", "the other job's run ran longer than the timeout", now);
        }
        default -> fail(draft, index, "timeout", "nothing came in time", now);
      }
    }
    Flow.after(draft, index, now);
  }

  private static void approvalTimedOut(Draft draft, int index, long now) {
    String otherwise =
        JsonText.parse(draft.plan().stage(index).withJson()).path("on-timeout").asText("fail");
    String output = "{\"approved\":" + otherwise.equals("approve") + ",\"timedOut\":true}";
    switch (otherwise) {
      case "approve" -> end(draft, index, StageState.COMPLETED, null, null, output, now);
      case "skip" -> end(draft, index, StageState.SKIPPED_COMPLETE, null, null, output, now);
      case "reject" ->
          end(
              draft,
              index,
              StageState.FAILED,
              "rejected",
              "nobody approved in time, which `on-timeout` takes for a rejection",
              output,
              now);
      default -> fail(draft, index, "timeout", "nobody approved in time", now);
    }
  }
}
