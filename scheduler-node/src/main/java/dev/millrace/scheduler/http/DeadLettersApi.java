package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.DeadLetters;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;

/**
 * Dead letters: what failed for good, alike ones together, and what people do with it. Any thread.
 */
final class DeadLettersApi {
  private static final String TAG = "dead letters";
  private static final int IDS_MAX = 1_000;
  private static final Set<String> STATES = Set.of("OPEN", "REDRIVEN", "DISCARDED");
  private static final Set<String> KEYS =
      Set.of("ids", "job", "stage", "fingerprint", "text", "reason");
  private static final Set<String> EDIT_KEYS = Set.of("params", "reason");
  private static final List<Route.Answer> DONE =
      List.of(json(200, "DeadDone"), json(202, "Accepted"));

  private final Jdbi jdbi;
  private final Asker asker;

  DeadLettersApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/dead-letters", TAG, "What failed for good", "DeadPage", this::list)
            .query("namespace", "job", "stage", "fingerprint", "state", "text", "limit", "after"),
        get("/api/v1/dead-letters/groups", TAG, "Alike ones together", "DeadGroups", this::groups)
            .query("namespace", "job", "stage", "state", "text"),
        get("/api/v1/dead-letters/{id}", TAG, "One letter", "DeadLetter", this::one),
        post(
                "/api/v1/dead-letters/redrive",
                TAG,
                "Execute them again, each once: by ids, or by filter",
                "DeadIn",
                DONE,
                call -> act(call, Command.Kind.DEAD_REDRIVE))
            .query("namespace"),
        post(
                "/api/v1/dead-letters/discard",
                TAG,
                "Give them up, with a reason",
                "DeadIn",
                DONE,
                call -> act(call, Command.Kind.DEAD_DISCARD))
            .query("namespace"),
        post(
            "/api/v1/dead-letters/{id}/redrive",
            TAG,
            "Execute it again; with params, in a new run of its job",
            "DeadEdit",
            DONE,
            this::redriveOne));
  }

  private void list(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    long before = after == null ? Long.MAX_VALUE : Call.runId(after).value();
    DeadLetters.Filter filter = filter(call, state(call.query("state")));
    jdbi.useHandle(
        handle -> {
          List<DeadLetters.Row> rows = DeadLetters.page(handle, filter, before, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> items.add(view(row)));
          call.page(items, rows.size() < limit ? null : new RunId(rows.getLast().id()).toString());
        });
  }

  private void groups(Call call) {
    String state = call.query("state") == null ? "OPEN" : state(call.query("state"));
    DeadLetters.Filter filter = filter(call, state);
    jdbi.useHandle(
        handle -> {
          ArrayNode items = Json.array();
          for (DeadLetters.Group group : DeadLetters.groups(handle, filter)) {
            items
                .addObject()
                .put("fingerprint", group.fingerprint())
                .put("job", group.job())
                .put("stage", group.stage())
                .put("reason", group.reason())
                .put("count", group.count())
                .put("sample", group.sample())
                .put("firstFailed", Json.text(group.first()))
                .put("lastFailed", Json.text(group.last()));
          }
          call.page(items, null);
        });
  }

  private static DeadLetters.Filter filter(Call call, String state) {
    return new DeadLetters.Filter(
        call.namespace(),
        call.query("job"),
        call.query("stage"),
        call.query("fingerprint"),
        state,
        call.query("text"));
  }

  private static String state(String asked) {
    if (asked == null) {
      return null;
    }
    String state = asked.toUpperCase(Locale.ROOT);
    if (!STATES.contains(state)) {
      throw Problem.badRequest(
          "'" + Call.shortened(asked) + "' is not a state of a dead letter",
          "States: OPEN, REDRIVEN, DISCARDED.");
    }
    return state;
  }

  private void one(Call call) {
    call.answer(200, view(find(call)));
  }

  private DeadLetters.Row find(Call call) {
    long id = Call.runId(call.path("id")).value();
    return jdbi.withHandle(handle -> DeadLetters.find(handle, id))
        .orElseThrow(
            () ->
                Problem.notFound(
                    "no dead letter " + Call.shortened(call.path("id")),
                    "GET /api/v1/dead-letters lists them."));
  }

  private void act(Call call, String kind) throws InterruptedException {
    ObjectNode asked = call.object(KEYS);
    String reason = Call.reason(asked);
    ObjectNode body = Json.object();
    ArrayNode ids = body.putArray("ids");
    if (asked.has("ids")) {
      asked.get("ids").forEach(id -> ids.add(id.asText()));
    } else {
      DeadLetters.Filter filter =
          new DeadLetters.Filter(
              call.namespace(),
              text(asked, "job"),
              text(asked, "stage"),
              text(asked, "fingerprint"),
              "OPEN",
              text(asked, "text"));
      jdbi.withHandle(handle -> DeadLetters.page(handle, filter, Long.MAX_VALUE, IDS_MAX))
          .forEach(row -> ids.add(new RunId(row.id()).toString()));
    }
    if (ids.isEmpty() || ids.size() > IDS_MAX) {
      throw Problem.badRequest(
          ids.size() + " letters are meant; possible are 1 to " + IDS_MAX,
          "Name ids, or a filter that matches open letters.");
    }
    Command command =
        new Command(kind, call.namespace(), null, Json.write(body), call.actor(), reason);
    asker
        .ask(call, command, "/api/v1/dead-letters")
        .ifPresent(outcome -> call.answer(outcome.status(), Json.stored(outcome.body())));
  }

  private static String text(ObjectNode asked, String key) {
    return asked.path(key).isTextual() ? asked.get(key).asText() : null;
  }

  /** Edited, it is a new run: what a run was started with does not change. */
  private void redriveOne(Call call) throws InterruptedException {
    DeadLetters.Row letter = find(call);
    ObjectNode asked = call.object(EDIT_KEYS);
    String reason = Call.reason(asked);
    ObjectNode body = Json.object();
    body.putArray("ids").add(new RunId(letter.id()).toString());
    if (asked.hasNonNull("params")) {
      body.set("params", asked.get("params"));
      body.put("job", letter.job());
    }
    Command command =
        new Command(
            Command.Kind.DEAD_REDRIVE,
            letter.namespace(),
            letter.job(),
            Json.write(body),
            call.actor(),
            reason);
    asker
        .ask(call, command, "/api/v1/dead-letters/" + new RunId(letter.id()))
        .ifPresent(outcome -> call.answer(outcome.status(), Json.stored(outcome.body())));
  }

  private static ObjectNode view(DeadLetters.Row row) {
    ObjectNode node = Json.object();
    node.put("id", new RunId(row.id()).toString());
    node.put("run", new RunId(row.run()).toString());
    node.put("namespace", row.namespace());
    node.put("job", row.job());
    node.put("version", row.version());
    node.put("stage", row.stage());
    node.put("item", row.item());
    node.put("handler", row.handler());
    node.put("pool", row.pool());
    node.set("message", Json.stored(row.message()));
    node.put("reason", row.reason());
    node.put("error", row.error());
    node.put("fingerprint", row.fingerprint());
    node.put("attempts", row.attempts());
    node.put("worker", row.worker());
    node.put("firstFailed", Json.text(row.firstFailed()));
    node.put("lastFailed", Json.text(row.lastFailed()));
    node.put("state", row.state());
    node.put("actor", row.actor());
    node.put("note", row.note());
    return node.put("endedAt", Json.text(row.endedAt()));
  }
}
