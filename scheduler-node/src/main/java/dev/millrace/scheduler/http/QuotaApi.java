package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DurationText;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.QuotaRows;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** How much a namespace may have. Any thread. */
final class QuotaApi {
  private static final String TAG = "limits";
  private static final String PATH = "/api/v1/namespaces/{namespace}/quota";

  /** Each with the least that it may be. */
  private static final Map<String, Integer> NUMBERS =
      Map.of("jobs", 0, "queued", 0, "running", 1, "runsPerDay", 0, "payloadBytes", 2);

  private static final Set<String> KEYS =
      Set.of(
          "jobs",
          "queued",
          "running",
          "runsPerDay",
          "payloadBytes",
          "minInterval",
          "whenOver",
          "reason");

  private final Jdbi jdbi;
  private final Asker asker;

  QuotaApi(Jdbi jdbi, Asker asker) {
    this.jdbi = jdbi;
    this.asker = asker;
  }

  List<Route> routes() {
    return List.of(
        get(PATH, TAG, "A namespace's quota and its use", "Quota", this::show)
            .needs(Role.VIEWER, Scope.PATH),
        post(
                PATH,
                TAG,
                "Set a namespace's quota; what is left out or null has no limit",
                "QuotaIn",
                List.of(json(200, "Quota"), json(202, "Accepted")),
                this::put)
            .needs(Role.ADMIN, Scope.CLUSTER)
            .as("PUT"));
  }

  private void show(Call call) {
    call.answer(200, read(call.path("namespace")));
  }

  private ObjectNode read(String namespace) {
    return jdbi.withHandle(handle -> read(handle, namespace));
  }

  private static ObjectNode read(Handle handle, String namespace) {
    QuotaRows.Row quota =
        QuotaRows.find(handle, namespace)
            .orElse(new QuotaRows.Row(namespace, null, null, null, null, null, null, false));
    ObjectNode node = Json.object().put("namespace", namespace).put("jobs", quota.jobs());
    node.put("queued", quota.queued()).put("running", quota.running());
    node.put("runsPerDay", quota.runsPerDay()).put("payloadBytes", quota.payloadBytes());
    Long interval = quota.minIntervalMillis();
    node.put("minInterval", interval == null ? null : Duration.ofMillis(interval).toString());
    node.put("whenOver", quota.waits() ? "wait" : "reject");
    ObjectNode used = node.putObject("used");
    used.put("jobs", QuotaRows.countJobs(handle, namespace));
    // Runs of a day are counted where there is a limit.
    used.put("runsPerDay", quota.runsPerDay() == null ? null : QuotaRows.today(handle, namespace));
    return node;
  }

  private void put(Call call) throws InterruptedException {
    String namespace = call.path("namespace");
    ObjectNode asked = call.object(KEYS);
    ObjectNode body = Json.object();
    NUMBERS.forEach((name, least) -> body.set(name, number(asked, name, least)));
    body.put("minIntervalMillis", interval(asked.get("minInterval")));
    String whenOver = asked.path("whenOver").asText("reject");
    if (!whenOver.equals("reject") && !whenOver.equals("wait")) {
      throw Problem.badRequest(
          "whenOver is reject or wait, not '" + Call.shortened(whenOver) + "'", "Correct it.");
    }
    body.put("whenOver", whenOver);
    Command command =
        new Command(
            Command.Kind.QUOTA_PUT,
            namespace,
            null,
            Json.write(body),
            call.actor(),
            Call.reason(asked));
    asker
        .ask(call, command, "/api/v1/namespaces/" + namespace + "/quota")
        .ifPresent(outcome -> call.answer(200, read(namespace)));
  }

  private static JsonNode number(ObjectNode asked, String name, int least) {
    JsonNode value = asked.get(name);
    if (value == null || value.isNull()) {
      return asked.nullNode();
    }
    if (!value.isInt() || value.intValue() < least) {
      throw Problem.badRequest(
          name + " is a whole number from " + least + ", or null for no limit", "Correct it.");
    }
    return value;
  }

  private static Long interval(JsonNode value) {
    if (value == null || value.isNull()) {
      return null;
    }
    try {
      long millis = DurationText.parse(value.asText()).toMillis();
      if (millis >= 1 && millis <= Integer.MAX_VALUE) {
        return millis;
      }
    } catch (IllegalArgumentException wrong) {
      throw Problem.badRequest("minInterval: " + wrong.getMessage(), "Write for example 1m.");
    }
    throw Problem.badRequest("minInterval is 1 ms to 24 days", "Write for example 1m.");
  }
}
