package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.ReadsRuns;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;

/** What people do with runs and their stages, each with an actor and a reason. Any thread. */
final class ActionsApi {
  private static final Set<String> REASON_ONLY = Set.of("reason");
  private static final Set<String> RERUN_KEYS = Set.of("reason", "stage", "version");
  private static final Set<String> EXTEND_KEYS = Set.of("reason", "until");
  private static final Set<String> COMPLETE_KEYS = Set.of("reason", "output");
  private static final Set<String> ACKNOWLEDGE_KEYS = Set.of("reason", "ticket");
  private static final int TICKET_CHARS_MAX = 200;
  private static final List<Route.Answer> DONE = List.of(json(200, "Run"), json(202, "Accepted"));

  private final Jdbi jdbi;
  private final Asker asker;

  ActionsApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  List<Route> routes() {
    List<Route> routes = new ArrayList<>();
    Map<String, String> verbs = new LinkedHashMap<>();
    verbs.put("pause", "Start nothing new in a run; timers stand still");
    verbs.put("resume", "Let a paused run go on");
    verbs.put("kill", "End a run at once; what always comes last does not come");
    verbs.put("retry", "The stages that failed, and what was skipped because of them, again");
    verbs.forEach(
        (verb, summary) ->
            routes.add(
                run(verb, summary, "Reason", call -> act(call, "run." + verb, REASON_ONLY))));
    routes.add(
        run(
            "stop",
            "Stop a run; attempts in flight are cancelled, what always comes last still comes",
            "Reason",
            call -> act(call, Command.Kind.RUN_STOP, REASON_ONLY)));
    routes.add(
        run(
            "rerun",
            "One stage and all that depend on it again",
            "Rerun",
            call -> act(call, Command.Kind.RUN_RERUN, RERUN_KEYS)));
    routes.add(
        run(
            "extend",
            "Another end of its window; null is until a person ends it",
            "Extend",
            call -> act(call, Command.Kind.RUN_EXTEND, EXTEND_KEYS)));
    for (StageAction action : StageAction.values()) {
      routes.add(stage(action));
    }
    return routes;
  }

  private static Route run(String verb, String summary, String body, Route.Handler handler) {
    return post("/api/v1/runs/{run}/" + verb, "runs", summary, body, DONE, handler)
        .needs(Role.OPERATOR, Scope.RUN);
  }

  private Route stage(StageAction action) {
    String summary =
        switch (action) {
          case HOLD -> "Keep a stage back until it is released";
          case RELEASE -> "Let a held stage go on";
          case SKIP -> "Do not execute a stage; it counts as complete when its turn comes";
          case UNSKIP -> "Take a skip back";
          case RESET -> "Make a stage as if it had not been executed";
          case KILL -> "End a stage's attempt at once";
          case RUN -> "Start a stage now, whatever it needs";
          case COMPLETE -> "Say that a stage is complete, with an output if wanted";
          case ACKNOWLEDGE -> "Accept a stage's failure; it counts as complete";
          case APPROVE -> "Say yes to a stage that waits for approval";
          case REJECT -> "Say no to a stage that waits for approval";
        };
    String body =
        switch (action) {
          case COMPLETE -> "Complete";
          case ACKNOWLEDGE -> "Acknowledge";
          default -> "Reason";
        };
    return post(
            "/api/v1/runs/{run}/stages/{stage}/" + action.word(),
            "stages",
            summary,
            body,
            DONE,
            call -> act(call, action))
        .needs(Role.OPERATOR, Scope.RUN);
  }

  private static Set<String> keys(StageAction action) {
    return switch (action) {
      case COMPLETE -> COMPLETE_KEYS;
      case ACKNOWLEDGE -> ACKNOWLEDGE_KEYS;
      default -> REASON_ONLY;
    };
  }

  private void act(Call call, String kind, Set<String> keys) throws InterruptedException {
    RunId id = call.run();
    ObjectNode asked = call.object(keys);
    ObjectNode body = Json.object();
    body.put("run", id.toString());
    if (keys.contains("stage")) {
      body.put("stage", requiredText(asked, "stage"));
    }
    if (keys.contains("version") && asked.hasNonNull("version")) {
      if (!"latest".equals(asked.get("version").asText())) {
        throw Problem.badRequest(
            "version is not \"latest\"",
            "Send \"latest\" for the version in force, or leave it out for the run's own.");
      }
      body.put("version", "latest");
    }
    if (keys.contains("until")) {
      if (!asked.has("until")) {
        throw Problem.badRequest(
            "until is missing", "Send an instant, or null for \"until a person ends it\".");
      }
      body.put("until", asked.get("until").isNull() ? null : requiredText(asked, "until"));
    }
    ask(call, id, kind, body, Call.reason(asked));
  }

  private void act(Call call, StageAction action) throws InterruptedException {
    RunId id = call.run();
    ObjectNode asked = call.object(keys(action));
    String reason = withTicket(Call.reason(asked), ticket(asked));
    if (action == StageAction.ACKNOWLEDGE && reason == null) {
      throw Problem.badRequest(
          "an acknowledgement needs a reason or a ticket",
          "Send {\"reason\": \"explanation\", \"ticket\": \"OPS-12\"}, or one of them.");
    }
    ObjectNode body = Json.object();
    body.put("run", id.toString());
    body.put("stage", call.path("stage"));
    body.put("action", action.word());
    if (asked.hasNonNull("output")) {
      body.set("output", asked.get("output"));
    }
    ask(call, id, Command.Kind.STAGE_ACT, body, reason);
  }

  private static String ticket(ObjectNode asked) {
    JsonNode ticket = asked.path("ticket");
    if (ticket.isMissingNode() || ticket.isNull()) {
      return null;
    }
    if (!ticket.isTextual() || ticket.asText().length() > TICKET_CHARS_MAX) {
      throw Problem.badRequest(
          "ticket is a text of at most " + TICKET_CHARS_MAX + " characters",
          "Send its number, or its address.");
    }
    String text = ticket.asText().strip().replace("\0", "");
    return text.isEmpty() ? null : text;
  }

  /** The ticket goes where the reason is kept, so that the log has it and every reader shows it. */
  private static String withTicket(String reason, String ticket) {
    if (ticket == null) {
      return reason;
    }
    return "ticket " + ticket + (reason == null ? "" : ": " + reason);
  }

  private static String requiredText(ObjectNode asked, String key) {
    if (!asked.path(key).isTextual()) {
      throw Problem.badRequest(key + " is not text", "Send {\"" + key + "\": \"...\"}.");
    }
    return asked.get(key).asText();
  }

  private void ask(Call call, RunId id, String kind, ObjectNode body, String reason)
      throws InterruptedException {
    ReadsRuns.Run run = jdbi.withHandle(handle -> RunsApi.find(handle, id));
    Command command =
        new Command(kind, run.namespace(), null, Json.write(body), call.actor(), reason);
    asker
        .ask(call, command, "/api/v1/runs/" + id)
        .ifPresent(
            outcome -> {
              call.http().header("Location", "/api/v1/runs/" + id);
              call.answer(outcome.status(), RunsApi.read(jdbi, id));
            });
  }
}
