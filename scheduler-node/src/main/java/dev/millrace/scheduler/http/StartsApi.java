package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.store.Acceptance;
import dev.millrace.scheduler.store.PlannedStarts;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.util.List;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.transaction.TransactionIsolationLevel;

/** Starts of runs, one at a time, at once or later. Any thread. */
final class StartsApi {
  private static final String TAG = "runs";
  private static final Set<String> START_KEYS = Set.of("params", "reason", "at", "orchestration");

  /** Ids carry the instant, and end in 2089. */
  private static final Instant AT_MAX = Instant.parse("2080-01-01T00:00:00Z");

  private final Jdbi jdbi;
  private final Starter starter;

  StartsApi(Jdbi jdbi, Commands commands) {
    this.jdbi = jdbi;
    this.starter = new Starter(jdbi, commands);
  }

  List<Route> routes() {
    return List.of(
        post(
                "/api/v1/jobs/{job}/runs",
                TAG,
                "Start a run",
                "Start",
                List.of(json(201, "Run"), json(202, "Accepted"), json(200, "DryRun")),
                this::start)
            .needs(Role.OPERATOR, Scope.QUERY)
            .query("namespace", "dryRun")
            .headers("Idempotency-Key"),
        get("/api/v1/starts", TAG, "Starts that wait for their time", "PlannedPage", this::planned)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "limit", "after"),
        post(
                "/api/v1/starts/{run}",
                TAG,
                "Take such a start back",
                null,
                List.of(json(200, "TakenBack")),
                this::takeBack)
            .needs(Role.OPERATOR, Scope.START)
            .as("DELETE")
            .query("reason"));
  }

  private void start(Call call) throws InterruptedException {
    String job = call.path("job");
    ObjectNode asked = call.object(START_KEYS);
    JsonNode params = asked.has("params") ? asked.get("params") : Json.object();
    if (!params.isObject()) {
      throw Problem.badRequest("params is not an object", "Send {\"params\": {\"name\": value}}.");
    }
    Instant at = at(asked.get("at"));
    String orchestration =
        asked.hasNonNull("orchestration")
            ? TraceApi.checked(asked.get("orchestration").asText())
            : null;
    if (call.flag("dryRun")) {
      Starter.requireFit(Json.write(params));
      call.answer(200, dryRun(call, job, (ObjectNode) params));
      return;
    }
    if (at != null) {
      // Nobody would be told later.
      jdbi.useHandle(handle -> JobsApi.find(handle, call.namespace(), job));
    }
    call.http().attribute(Call.REASON, Call.reason(asked));
    Starter.Started started =
        starter.start(
            new Acceptance.Ask(
                call.namespace(),
                job,
                Json.write(params),
                Starter.key(call.http().header("Idempotency-Key")),
                null,
                at,
                "manual",
                orchestration,
                call.actor(),
                Call.reason(asked),
                true));
    answer(call, started, at);
  }

  private ObjectNode dryRun(Call call, String job, ObjectNode params) {
    return jdbi.inTransaction(
        TransactionIsolationLevel.REPEATABLE_READ,
        handle ->
            new DryRun(handle, JobsApi.find(handle, call.namespace(), job))
                .of(params, call.actor()));
  }

  private void answer(Call call, Starter.Started started, Instant at) {
    String see = "/api/v1/runs/" + started.run();
    call.http().header("Location", see);
    if (started.replayed()) {
      call.http().header("Idempotency-Replayed", "true");
    }
    if (started.stand() == Starter.Stand.MADE) {
      call.answer(201, RunsApi.read(jdbi, started.run()));
      return;
    }
    ObjectNode body = Json.object().put("accepted", true).put("run", started.run().toString());
    boolean later = started.stand() == Starter.Stand.LATER;
    body.put("at", later ? Json.text(at) : null);
    body.put(
        "detail",
        later
            ? "the run is made at its time, under this id"
            : "no leader answered in time; the run is made by the next one, under this id");
    body.put("see", see);
    call.answer(202, body);
  }

  private static Instant at(JsonNode value) {
    if (value == null || value.isNull()) {
      return null;
    }
    try {
      Instant at = OffsetDateTime.parse(value.asText()).toInstant();
      if (at.isBefore(AT_MAX)) {
        return at;
      }
    } catch (DateTimeException e) {
      throw Problem.badRequest(
          "'at' is not an instant: '" + Call.shortened(value.asText()) + "'",
          "Send for example \"2027-01-01T08:00:00Z\", or leave it out to start at once.");
    }
    throw Problem.badRequest("'at' is not before " + AT_MAX, "Use an earlier time.");
  }

  private void planned(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    long above = after == null ? 0 : Call.runId(after).value();
    jdbi.useHandle(
        handle -> {
          var rows = PlannedStarts.page(handle, call.namespace(), above, limit);
          ArrayNode items = Json.array();
          for (PlannedStarts.Planned row : rows) {
            ObjectNode item = items.addObject().put("run", new RunId(row.run()).toString());
            item.put("job", row.job()).put("namespace", row.namespace());
            item.put("at", Json.text(row.dueAt())).put("actor", row.actor());
            item.put("reason", row.reason());
          }
          call.page(items, rows.size() < limit ? null : new RunId(rows.getLast().run()).toString());
        });
  }

  private void takeBack(Call call) {
    RunId run = call.run();
    String reason = Call.reason(Json.object().put("reason", call.query("reason")));
    call.http().attribute(Call.REASON, reason);
    boolean done =
        jdbi.withHandle(
            handle -> PlannedStarts.takeBack(handle, run.value(), call.actor(), reason));
    if (!done) {
      throw new Problem.Refused(
          new Problem(
              409,
              "conflict",
              "Conflict",
              "run "
                  + run
                  + " does not wait for its time: it was made, taken back or never asked for",
              "GET /api/v1/runs/" + run + " shows it; a run that goes on is stopped."));
    }
    call.answer(200, Json.object().put("run", run.toString()).put("takenBack", true));
  }
}
