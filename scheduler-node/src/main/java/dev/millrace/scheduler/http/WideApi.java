package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DurationText;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.ReadsLimits;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;

/** What is about more than one run: pauses, events, locks, shares and rates. Any thread. */
final class WideApi {
  private static final String TAG = "limits";
  private static final Set<String> PAUSE_KEYS = Set.of("scope", "name", "reason");
  private static final Set<String> EVENT_KEYS =
      Set.of("name", "key", "data", "environment", "reason");
  private static final Set<String> LOCK_KEYS = Set.of("capacity", "reason");
  private static final Set<String> SHARE_KEYS = Set.of("weight", "reason");
  private static final Set<String> RATE_KEYS = Set.of("starts", "per", "reason");

  private final Jdbi jdbi;
  private final Asker asker;

  WideApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/pauses", TAG, "What is paused as a whole", "PausePage", this::pauses)
            .needs(Role.VIEWER, Scope.ANYONE),
        post(
                "/api/v1/pauses",
                TAG,
                "Pause everything, a namespace or a pool",
                "Pause",
                done("PauseChanged"),
                call -> pause(call, Command.Kind.PAUSE))
            .needs(Role.OPERATOR, Scope.BODY),
        post(
                "/api/v1/pauses/resume",
                TAG,
                "Take such a pause back",
                "Pause",
                done("PauseChanged"),
                call -> pause(call, Command.Kind.RESUME))
            .needs(Role.OPERATOR, Scope.BODY),
        post(
                "/api/v1/events",
                "runs",
                "Tell stages that wait for it",
                "EventIn",
                done("EventHeard"),
                this::event)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        get("/api/v1/locks", TAG, "Who holds and who waits for locks", "LockPage", this::locks)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace"),
        post(
                "/api/v1/locks/{lock}",
                TAG,
                "Set a lock's capacity",
                "LockIn",
                done("LockSet"),
                this::lock)
            .needs(Role.EDITOR, Scope.QUERY)
            .as("PUT")
            .query("namespace"),
        post(
                "/api/v1/shares/{namespace}",
                TAG,
                "Set a namespace's share of contended pools",
                "ShareIn",
                done("ShareSet"),
                this::share)
            .needs(Role.ADMIN, Scope.CLUSTER)
            .as("PUT"),
        post(
                "/api/v1/pools/{pool}/rate",
                TAG,
                "Set how fast a pool may start; 0 starts lift the rate",
                "RateIn",
                done("RateSet"),
                this::rate)
            .needs(Role.ADMIN, Scope.CLUSTER)
            .as("PUT"));
  }

  private static List<Route.Answer> done(String schema) {
    return List.of(json(200, schema), json(202, "Accepted"));
  }

  private void pauses(Call call) {
    jdbi.useHandle(
        handle -> {
          ArrayNode items = Json.array();
          for (ReadsLimits.Pause pause : ReadsLimits.pauses(handle)) {
            if (pause.scope().equals("namespace") && !call.principal().sees(pause.name())) {
              continue;
            }
            items
                .addObject()
                .put("scope", pause.scope())
                .put("name", pause.name())
                .put("since", Json.text(pause.since()))
                .put("actor", pause.actor())
                .put("reason", pause.reason());
          }
          call.page(items, null);
        });
  }

  private void pause(Call call, String kind) throws InterruptedException {
    ObjectNode asked = call.object(PAUSE_KEYS);
    ObjectNode body = Json.object();
    body.put("scope", asked.path("scope").asText(""));
    body.put("name", asked.path("name").asText(""));
    boolean one = body.path("scope").asText().equals("namespace");
    call.require(one ? body.path("name").asText() : Principal.EVERYWHERE);
    String namespace = one ? body.path("name").asText() : JobDefinition.DEFAULT_NAMESPACE;
    ask(call, namespace, kind, body, Call.reason(asked), "/api/v1/pauses");
  }

  private void event(Call call) throws InterruptedException {
    ObjectNode asked = call.object(EVENT_KEYS);
    String reason = Call.reason(asked);
    asked.remove("reason");
    ask(call, call.namespace(), Command.Kind.EVENT_SEND, asked, reason, "/api/v1/events");
  }

  private void locks(Call call) {
    jdbi.useHandle(
        handle -> {
          ArrayNode items = Json.array();
          for (ReadsLimits.Lock lock : ReadsLimits.locks(handle, call.namespace())) {
            ObjectNode item = items.addObject();
            item.put("lock", lock.name()).put("capacity", lock.capacity());
            seats(item.putArray("holders"), lock.holders());
            seats(item.putArray("waiting"), lock.waiting());
          }
          call.page(items, null);
        });
  }

  private static void seats(ArrayNode into, List<ReadsLimits.Seat> seats) {
    for (ReadsLimits.Seat seat : seats) {
      into.addObject()
          .put("run", new RunId(seat.run()).toString())
          .put("stage", seat.stage())
          .put("weight", seat.weight())
          .put("exclusive", seat.exclusive())
          .put("since", Json.text(seat.since()));
    }
  }

  private void lock(Call call) throws InterruptedException {
    ObjectNode asked = call.object(LOCK_KEYS);
    ObjectNode body = Json.object();
    body.put("name", call.path("lock")).set("capacity", asked.path("capacity"));
    ask(call, call.namespace(), Command.Kind.LOCK_PUT, body, Call.reason(asked), "/api/v1/locks");
  }

  private void share(Call call) throws InterruptedException {
    ObjectNode asked = call.object(SHARE_KEYS);
    ObjectNode body = Json.object();
    body.set("weight", asked.path("weight"));
    ask(
        call,
        call.path("namespace"),
        Command.Kind.SHARE_PUT,
        body,
        Call.reason(asked),
        "/api/v1/pools");
  }

  private void rate(Call call) throws InterruptedException {
    ObjectNode asked = call.object(RATE_KEYS);
    ObjectNode body = Json.object();
    body.put("pool", call.path("pool")).set("starts", asked.path("starts"));
    JsonNode per = asked.path("per");
    try {
      body.put("perMillis", DurationText.parse(per.asText("1s")).toMillis());
    } catch (IllegalArgumentException wrong) {
      throw Problem.badRequest("per: " + wrong.getMessage(), "Write for example 1s or 1m.");
    }
    ask(call, "default", Command.Kind.RATE_PUT, body, Call.reason(asked), "/api/v1/pools");
  }

  private void ask(
      Call call, String namespace, String kind, ObjectNode body, String reason, String see)
      throws InterruptedException {
    Command command = new Command(kind, namespace, null, Json.write(body), call.actor(), reason);
    asker
        .ask(call, command, see)
        .ifPresent(outcome -> call.answer(outcome.status(), Json.stored(outcome.body())));
  }
}
