package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.ReadsDead;
import dev.millrace.scheduler.store.Redrives;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Stages that failed for good, and what people do about them. Any thread. */
final class DeadLettersApi {
  static final String TAG = "dead letters";
  private static final String PATH = "/api/v1/dead-letters";
  private static final String REDRIVES = PATH + "/redrives";
  private static final int RATE_MAX = 1_000;
  private static final Set<String> REDRIVE_KEYS = Set.of("ids", "filter", "rate", "reason");
  private static final Set<String> ONE_KEYS = Set.of("params", "reason");
  private static final Set<String> DISCARD_KEYS = Set.of("ids", "filter", "reason");
  private static final Set<String> REASON_ONLY = Set.of("reason");
  private static final String[] FILTERS = {
    "namespace", "run", "job", "stage", "fingerprint", "error", "since", "until", "limit", "after"
  };

  private final Jdbi jdbi;
  private final Asker asker;

  DeadLettersApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  /** The fixed names come before {@code {id}}: the first route that matches serves. */
  List<Route> routes() {
    List<Route.Answer> results = List.of(json(200, "DeadResults"), json(202, "Accepted"));
    return List.of(
        get(PATH, TAG, "Dead letters, newest first", "DeadLetterPage", this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query(withState()),
        get(PATH + "/groups", TAG, "Open ones that look alike", "DeadGroupPage", this::groups)
            .needs(Role.VIEWER, Scope.QUERY)
            .query(FILTERS),
        get(REDRIVES, TAG, "Redrives of many, newest first", "RedrivePage", this::redrives)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "limit", "after"),
        get(REDRIVES + "/{id}", TAG, "How far a redrive is", "Redrive", this::oneRedrive)
            .needs(Role.VIEWER, Scope.REDRIVE),
        post(
                REDRIVES + "/{id}/cancel",
                TAG,
                "End a redrive; what is redriven stays so",
                "Reason",
                List.of(json(200, "Redrive"), json(202, "Accepted")),
                this::cancel)
            .needs(Role.OPERATOR, Scope.REDRIVE),
        post(
                PATH + "/redrive",
                TAG,
                "Start stages again: some, or all that match at a rate; each once",
                "DeadRedrive",
                List.of(json(200, "DeadResults"), json(201, "Redrive"), json(202, "Accepted")),
                this::redrive)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        post(
                PATH + "/discard",
                TAG,
                "Close letters that nothing has to be done about",
                "DeadDiscard",
                results,
                this::discard)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        get(PATH + "/{id}", TAG, "A dead letter with its message", "DeadLetter", this::one)
            .needs(Role.VIEWER, Scope.DEAD_LETTER),
        post(
                PATH + "/{id}/redrive",
                TAG,
                "Start its stage again, or with other params a new run",
                "DeadRedriveOne",
                List.of(json(200, "DeadResult"), json(201, "DeadResult"), json(202, "Accepted")),
                this::redriveOne)
            .needs(Role.OPERATOR, Scope.DEAD_LETTER));
  }

  private static String[] withState() {
    String[] all = java.util.Arrays.copyOf(FILTERS, FILTERS.length + 1);
    all[FILTERS.length] = "state";
    return all;
  }

  private void list(Call call) {
    int limit = call.limit();
    DeadLetters.Filter filter = DeadFilters.of(call);
    String state = DeadFilters.state(call.query("state"));
    long before = before(call);
    jdbi.useHandle(
        handle -> {
          List<ReadsDead.Letter> letters = ReadsDead.page(handle, filter, state, before, limit);
          ArrayNode items = Json.array();
          letters.forEach(letter -> items.add(DeadViews.letter(letter)));
          call.page(items, letters.size() < limit ? null : text(letters.getLast().id()));
        });
  }

  private void groups(Call call) {
    int limit = call.limit();
    DeadLetters.Filter filter = DeadFilters.of(call);
    long before = before(call);
    jdbi.useHandle(
        handle -> {
          List<ReadsDead.Group> groups = ReadsDead.groups(handle, filter, before, limit);
          ArrayNode items = Json.array();
          groups.forEach(group -> items.add(DeadViews.group(group)));
          call.page(items, groups.size() < limit ? null : text(groups.getLast().newest().id()));
        });
  }

  private void redrives(Call call) {
    int limit = call.limit();
    long before = before(call);
    jdbi.useHandle(
        handle -> {
          List<Redrives.Row> rows = Redrives.page(handle, call.namespace(), before, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> items.add(DeadViews.redrive(row)));
          call.page(items, rows.size() < limit ? null : text(rows.getLast().id()));
        });
  }

  private static long before(Call call) {
    String after = call.query("after");
    return after == null ? Long.MAX_VALUE : DeadFilters.id(after).value();
  }

  private static String text(long id) {
    return new RunId(id).toString();
  }

  private void one(Call call) {
    RunId id = DeadFilters.id(call.http().pathParam("id"));
    call.answer(200, jdbi.withHandle(handle -> DeadViews.whole(find(handle, id))));
  }

  private static ReadsDead.Letter find(Handle handle, RunId id) {
    return ReadsDead.find(handle, id.value()).orElseThrow(() -> unknown(id));
  }

  static Problem.Refused unknown(RunId id) {
    return Problem.notFound(
        "no dead letter " + id,
        "Closed ones are kept for 30 days; list them with GET " + PATH + "?state=ALL.");
  }

  static Problem.Refused unknownRedrive(RunId id) {
    return Problem.notFound("no redrive " + id, "List them with GET " + REDRIVES + ".");
  }

  private void oneRedrive(Call call) {
    call.answer(200, readRedrive(DeadFilters.id(call.http().pathParam("id"))));
  }

  private ObjectNode readRedrive(RunId id) {
    return DeadViews.redrive(findRedrive(id));
  }

  private Redrives.Row findRedrive(RunId id) {
    return jdbi.withHandle(handle -> Redrives.find(handle, id.value()))
        .orElseThrow(() -> unknownRedrive(id));
  }

  private void redrive(Call call) throws InterruptedException {
    ObjectNode asked = call.object(REDRIVE_KEYS);
    ObjectNode body = which(asked);
    JsonNode rate = asked.get("rate");
    if (rate != null) {
      boolean usable =
          rate.isInt() && rate.asInt() >= 1 && rate.asInt() <= RATE_MAX && body.has("filter");
      if (!usable) {
        throw Problem.badRequest(
            "rate is a whole number of letters a second, 1 to "
                + RATE_MAX
                + ", and goes with a filter",
            "Send {\"filter\": {...}, \"rate\": 10}.");
      }
      body.set("rate", rate);
    }
    Command command =
        command(call, Command.Kind.DEAD_REDRIVE, call.namespace(), body, Call.reason(asked));
    var outcome = asker.ask(call, command, body.has("filter") ? REDRIVES : PATH);
    if (outcome.isEmpty()) {
      return;
    }
    JsonNode answer = Json.stored(outcome.get().body());
    if (outcome.get().status() == 201) {
      RunId id = DeadFilters.id(answer.path("redrive").asText());
      call.http().header("Location", REDRIVES + "/" + id);
      call.answer(201, readRedrive(id));
      return;
    }
    call.answer(outcome.get().status(), answer);
  }

  private void redriveOne(Call call) throws InterruptedException {
    RunId id = DeadFilters.id(call.http().pathParam("id"));
    ObjectNode asked = call.object(ONE_KEYS);
    ObjectNode body = Json.object().put("id", id.toString());
    JsonNode params = asked.get("params");
    if (params != null && !params.isNull()) {
      if (!params.isObject()) {
        throw Problem.badRequest(
            "params is not an object", "Send {\"params\": {\"name\": value}}.");
      }
      body.set("params", params);
    }
    String namespace = jdbi.withHandle(handle -> find(handle, id)).namespace();
    Command command = command(call, Command.Kind.DEAD_REDRIVE, namespace, body, Call.reason(asked));
    var outcome = asker.ask(call, command, PATH + "/" + id);
    outcome.ifPresent(done -> answerOne(call, done));
  }

  private static void answerOne(Call call, Outcome done) {
    JsonNode answer = Json.stored(done.body());
    call.http().header("Location", "/api/v1/runs/" + answer.path("run").asText());
    call.answer(done.status(), answer);
  }

  private void discard(Call call) throws InterruptedException {
    ObjectNode asked = call.object(DISCARD_KEYS);
    ObjectNode body = which(asked);
    String reason = Call.reason(asked);
    if (reason == null) {
      throw Problem.badRequest(
          "a discard needs a reason", "Say why nothing has to be done about it any more.");
    }
    if (body.has("filter") && body.get("filter").isEmpty()) {
      throw Problem.badRequest(
          "the filter names nothing", "Name at least one of " + DeadFilters.KEYS + ".");
    }
    Command command = command(call, Command.Kind.DEAD_DISCARD, call.namespace(), body, reason);
    asker
        .ask(call, command, PATH)
        .ifPresent(done -> call.answer(done.status(), Json.stored(done.body())));
  }

  private void cancel(Call call) throws InterruptedException {
    RunId id = DeadFilters.id(call.http().pathParam("id"));
    String reason = Call.reason(call.object(REASON_ONLY));
    String namespace = findRedrive(id).filter().namespace();
    ObjectNode body = Json.object().put("cancel", id.toString());
    Command command = command(call, Command.Kind.DEAD_REDRIVE, namespace, body, reason);
    asker
        .ask(call, command, REDRIVES + "/" + id)
        .ifPresent(done -> call.answer(done.status(), readRedrive(id)));
  }

  private static ObjectNode which(ObjectNode asked) {
    if (asked.has("ids") == asked.has("filter")) {
      throw Problem.badRequest("say either ids or a filter", "Send {\"ids\": [\"...\"]}.");
    }
    ObjectNode body = Json.object();
    return asked.has("ids")
        ? body.set("ids", DeadFilters.ids(asked.get("ids")))
        : body.set("filter", DeadFilters.checked(asked.get("filter")));
  }

  private static Command command(
      Call call, String kind, String namespace, ObjectNode body, String reason) {
    return new Command(kind, namespace, null, Json.write(body), call.actor(), reason);
  }
}
