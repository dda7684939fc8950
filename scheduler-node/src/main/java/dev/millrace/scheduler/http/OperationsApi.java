package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.store.BulkRows;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.scheduler.store.ReadsJobs;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Operations on many runs or jobs: previewed, asked for, followed, ended. Any thread. */
final class OperationsApi {
  static final String TAG = "bulk";
  private static final String PATH = "/api/v1/bulk";
  private static final int FAILURES_SHOWN_MAX = 100;
  private static final int SAMPLE_MAX = 20;
  private static final int OPEN_MAX = 20;
  private static final int OPEN_OF_NAMESPACE_MAX = 5;
  private static final int RETRY_AFTER_SECONDS = 5;
  private static final Set<String> REASON_ONLY = Set.of("reason");
  private static final List<String> STATES =
      List.of(BulkRows.RUNNING, BulkRows.DONE, BulkRows.CANCELLED);

  private final Jdbi jdbi;
  private final Asker asker;
  private final Commands commands;

  OperationsApi(Jdbi jdbi, Asker asker, Commands commands) {
    this.jdbi = jdbi;
    this.asker = asker;
    this.commands = commands;
  }

  List<Route> routes() {
    return List.of(
        get(PATH, TAG, "Operations on many, newest first", "OperationPage", this::list)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "state", "limit", "after"),
        post(
                PATH,
                TAG,
                "Do something with all runs or jobs that match, or tell which they are",
                "OperationAsk",
                List.of(json(200, "OperationPreview"), json(202, "Operation")),
                this::ask)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace"),
        get(PATH + "/{id}", TAG, "How far an operation is", "Operation", this::one)
            .needs(Role.VIEWER, Scope.BULK),
        get(
                PATH + "/{id}/failures",
                TAG,
                "What was refused, and why",
                "OperationFailurePage",
                this::failures)
            .needs(Role.VIEWER, Scope.BULK)
            .query("limit", "after"),
        post(
                PATH + "/{id}/cancel",
                TAG,
                "End an operation; what is done stays so",
                "Reason",
                List.of(json(200, "Operation"), json(202, "Accepted")),
                this::cancel)
            .needs(Role.OPERATOR, Scope.BULK));
  }

  static RunId id(Call call) {
    String text = call.http().pathParam("id");
    try {
      return RunId.parse(text);
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest(
          "'" + Call.shortened(text) + "' is not an id: it has 13 characters, like 0HZXW3V5K2Q8T",
          "Take the id from GET /api/v1/bulk.");
    }
  }

  static Problem.Refused unknown(RunId id) {
    return Problem.notFound(
        "there is no bulk operation " + id,
        "GET /api/v1/bulk lists them; those that ended a month ago are forgotten.");
  }

  private void list(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    long before = after == null ? Long.MAX_VALUE : Call.runId(after).value();
    String state = call.query("state") == null ? null : state(call.query("state"));
    jdbi.useHandle(
        handle -> {
          List<BulkRows.Row> rows = BulkRows.page(handle, call.namespace(), state, before, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> items.add(view(handle, row)));
          call.page(items, rows.size() < limit ? null : new RunId(rows.getLast().id()).toString());
        });
  }

  private static String state(String asked) {
    String state = asked.toUpperCase(Locale.ROOT);
    if (!STATES.contains(state)) {
      throw Problem.badRequest(
          "'" + Call.shortened(asked) + "' is not a state of an operation",
          "States: " + String.join(", ", STATES) + ".");
    }
    return state;
  }

  private void one(Call call) {
    call.answer(200, read(id(call)));
  }

  private ObjectNode read(RunId id) {
    return jdbi.withHandle(handle -> view(handle, find(handle, id)));
  }

  private static BulkRows.Row find(Handle handle, RunId id) {
    return BulkRows.find(handle, id.value()).orElseThrow(() -> unknown(id));
  }

  private void failures(Call call) {
    RunId id = id(call);
    int limit = call.limit();
    int after = Math.clamp(call.after(0), 0, Integer.MAX_VALUE);
    jdbi.useHandle(
        handle -> {
          BulkRows.Row row = find(handle, id);
          List<BulkRows.Failure> found = BulkRows.failures(handle, row.id(), after, limit);
          call.page(
              failures(handle, row, found),
              found.size() < limit ? null : Integer.toString(found.getLast().n()));
        });
  }

  private void ask(Call call) {
    OperationAsk ask = OperationAsk.of(call);
    if (ask.action().kind().equals(Command.Kind.JOB_DELETE)) {
      call.require(ask.namespace(), Role.EDITOR);
    }
    OperationAsk.Matched matched = jdbi.withHandle(ask::match);
    if (ask.preview()) {
      call.answer(200, preview(ask, matched));
      return;
    }
    ask.judge(matched);
    long id =
        jdbi.inTransaction(
            tx -> {
              judgeRoom(BulkRows.open(tx, ask.namespace()), ask.namespace());
              long made =
                  BulkRows.insert(
                      tx,
                      new BulkRows.Fresh(
                          ask.namespace(),
                          ask.action().word(),
                          Json.write(ask.filter()),
                          call.actor(),
                          ask.reason()),
                      matched.subjects());
              Inbox.put(tx, first(made, ask.namespace()), false);
              return made;
            });
    commands.ring();
    call.http().header("Location", PATH + "/" + new RunId(id));
    call.answer(202, read(new RunId(id)));
  }

  private static Command first(long id, String namespace) {
    ObjectNode body = Json.object().put("step", new RunId(id).toString()).put("steps", 0);
    body.put("max", Integer.MAX_VALUE);
    return new Command(Command.Kind.BULK, namespace, null, Json.write(body), "leader", null);
  }

  private static void judgeRoom(BulkRows.Open open, String namespace) {
    boolean here = open.here() >= OPEN_OF_NAMESPACE_MAX;
    if (here || open.everywhere() >= OPEN_MAX) {
      throw new Problem.Refused(
          new Problem(
              429,
              "quota",
              "Over quota",
              here
                  ? open.here() + " bulk operations go on in namespace '" + namespace + "' already"
                  : open.everywhere() + " bulk operations go on already",
              "Wait for one, or cancel one: GET /api/v1/bulk?state=RUNNING.",
              Map.of("retryAfter", Json.MAPPER.valueToTree(RETRY_AFTER_SECONDS))));
    }
  }

  private ObjectNode preview(OperationAsk ask, OperationAsk.Matched matched) {
    ObjectNode node = Json.object();
    node.put("action", ask.action().word()).put("namespace", ask.namespace());
    node.set("filter", ask.filter());
    node.put("matched", matched.subjects().size());
    List<Long> first =
        matched.subjects().subList(0, Math.min(SAMPLE_MAX, matched.subjects().size()));
    node.set("sample", jdbi.withHandle(handle -> ask.sample(handle, first)));
    return node.put("token", ask.token(matched));
  }

  private void cancel(Call call) throws InterruptedException {
    RunId id = id(call);
    String reason = Call.reason(call.object(REASON_ONLY));
    BulkRows.Row row = jdbi.withHandle(handle -> find(handle, id));
    String body = Json.write(Json.object().put("cancel", id.toString()));
    Command command =
        new Command(Command.Kind.BULK, row.namespace(), null, body, call.actor(), reason);
    asker
        .ask(call, command, PATH + "/" + id)
        .ifPresent(done -> call.answer(done.status(), read(id)));
  }

  private static ObjectNode view(Handle handle, BulkRows.Row row) {
    ObjectNode node = Json.object();
    node.put("id", new RunId(row.id()).toString());
    node.put("namespace", row.namespace()).put("action", row.action());
    node.set("filter", Json.stored(row.filter()));
    node.put("state", row.state());
    node.put("matched", row.matched()).put("done", row.done()).put("failed", row.failed());
    node.put("left", row.state().equals(BulkRows.RUNNING) ? row.matched() - row.reached() : 0);
    node.set(
        "failures",
        row.failed() == 0
            ? Json.array()
            : failures(handle, row, BulkRows.failures(handle, row.id(), 0, FAILURES_SHOWN_MAX)));
    node.put("actor", row.actor()).put("reason", row.reason());
    node.put("createdAt", Json.text(row.createdAt()));
    node.put("finishedAt", Json.text(row.endedAt()));
    return node.put("cancelledBy", row.endedBy());
  }

  private static ArrayNode failures(Handle handle, BulkRows.Row row, List<BulkRows.Failure> found) {
    boolean jobs = OperationAsk.action(row.action()).ofJobs();
    Map<Long, String> names =
        !jobs
            ? Map.of()
            : ReadsJobs.names(handle, found.stream().map(BulkRows.Failure::subject).toList())
                .stream()
                .collect(Collectors.toMap(ReadsJobs.Name::id, ReadsJobs.Name::name));
    ArrayNode items = Json.array();
    for (BulkRows.Failure each : found) {
      String run = new RunId(each.subject()).toString();
      items
          .addObject()
          .put(jobs ? "job" : "run", jobs ? names.get(each.subject()) : run)
          .put("status", each.status())
          .put("detail", each.detail());
    }
    return items;
  }
}
