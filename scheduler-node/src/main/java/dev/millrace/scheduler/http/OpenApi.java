package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The OpenAPI 3.1 document of a route table. Stateless; any thread. */
final class OpenApi {
  private static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)}");
  private static final Map<String, String> QUERY =
      Map.of(
          "namespace", "The namespace; 'default' when left out.",
          "limit", "Items per page, 1 to 500; 50 when left out.",
          "after", "Where to go on: 'next' (or 'cursor') of the page before.",
          "job", "A job's id.",
          "state", "Only runs in this state.",
          "open", "true: only runs that have not ended.",
          "all", "true: workers that are gone, too.",
          "stage", "A stage's id.",
          "reason", "Why you ask.",
          "run", "A run's id.");
  private static final Map<String, String> QUERY_OF_JOBS =
      Map.of(
          "paused", "true: a job that is new begins PAUSED; one that exists keeps its state.",
          "children", "true: also runs that stages of other runs wait for, such as items.",
          "depth", "How many jobs away, in both directions, 1 to 100; 1 when left out.",
          "force", "true: also when a watched file defines it, or others need it.");
  private static final Map<String, String> QUERY_OF_DEFINITIONS =
      Map.of(
          "from", "The older version; the one before 'to' when left out.",
          "to", "The newer version; the one in force when left out.");
  private static final Map<String, String> QUERY_OF_EVENTS =
      Map.of(
          "digest", "true: tell only that something changed, at most once per look.",
          "type", "Only these types, with commas between: job_failed,run_*. See docs/events.md.",
          "wait", "true: nothing comes before a frame {\"subscribe\":{...}} asks for it.",
          "lastEventId", "Go on after this event; the header Last-Event-ID wins.");
  private static final Map<String, String> QUERY_OF_RUNS =
      Map.of(
          "orchestration",
          "Only runs that were started under this id.",
          "dryRun",
          "true: tell what would happen; nothing is started or written.");

  private static final Map<String, String> QUERY_OF_DEAD_LETTERS =
      Map.of(
          "state", "OPEN, REDRIVEN, DISCARDED or ALL; OPEN when left out.",
          "fingerprint", "Only those whose errors look like this one.",
          "error", "Only those whose error contains this, in upper or lower case.",
          "since", "Only those that failed at or after this instant.",
          "until", "Only those that failed before this instant.");

  private static final Map<String, String> HEADERS =
      Map.of(
          "Idempotency-Key",
          "Who asks twice with one key gets one run, for seven days and per job; other params with"
              + " it are a 409.",
          "Last-Event-ID",
          "The id of the last event that you have: what came after it comes first.");

  private static final Map<String, String> QUERY_OF_TIME =
      Map.of(
          "namespace", "The namespace; 'default' when left out. A forecast takes '*' for all.",
          "from", "The first instant; now when left out.",
          "to", "The first instant that is out; a day after 'from' when left out, of load an hour.",
          "per", "minute or second; minute when left out.",
          "cron", "A cron expression.",
          "timezone", "Its zone; UTC when left out.",
          "n", "How many ticks, 1 to 1000; 10 when left out.",
          "after", "Where to go on: 'next' of the page before. Of a preview an instant.");

  /** Each with a part of the schemas. */
  private static final List<String> SCHEMAS =
      List.of(
          "openapi-schemas.json",
          "openapi-dead-letters.json",
          "openapi-definitions.json",
          "openapi-dry-run.json",
          "openapi-graph.json",
          "openapi-starts.json",
          "openapi-time.json");

  private OpenApi() {}

  static String of(List<Route> routes, String version) {
    ObjectNode document = Json.object();
    document.put("openapi", "3.1.0");
    ObjectNode info = document.putObject("info");
    info.put("title", "Millrace").put("version", version);
    info.put(
        "description",
        "Jobs, runs and workers. Lists are pages: {items, next}. Ids are text. Instants are"
            + " ISO-8601 in UTC. Every error is application/problem+json with a remedy.");
    ObjectNode paths = document.putObject("paths");
    routes.forEach(route -> operation(route, paths));
    ObjectNode components = document.putObject("components");
    components.set("schemas", schemas());
    components
        .putObject("securitySchemes")
        .putObject("token")
        .put("type", "http")
        .put("scheme", "bearer");
    document.putArray("security").addObject().putArray("token");
    document.withArray("security").addObject();
    return Json.write(document);
  }

  private static void operation(Route route, ObjectNode paths) {
    ObjectNode operation =
        paths.withObjectProperty(route.path()).putObject(route.method().toLowerCase(Locale.ROOT));
    operation.put("summary", route.summary());
    operation.put("operationId", operationId(route));
    operation.putArray("tags").add(route.tag());
    if (route.tag().equals(HooksApi.TAG)) {
      operation.putArray("security"); // its calls are signed instead
    }
    var parameters = operation.putArray("parameters");
    Matcher names = PARAMETER.matcher(route.path());
    while (names.find()) {
      ObjectNode parameter = parameters.addObject().put("name", names.group(1));
      parameter.put("in", "path").put("required", true).putObject("schema").put("type", "string");
    }
    for (String name : route.query()) {
      String text = describe(route.tag(), name);
      ObjectNode parameter = parameters.addObject().put("name", name).put("in", "query");
      parameter.put("description", text).putObject("schema").put("type", "string");
    }
    for (String name : route.headers()) {
      ObjectNode parameter = parameters.addObject().put("name", name).put("in", "header");
      parameter.put("description", HEADERS.get(name)).putObject("schema").put("type", "string");
    }
    if (route.body() != null) {
      ObjectNode content = operation.putObject("requestBody").putObject("content");
      reference(content.putObject("application/json").putObject("schema"), route.body());
      if (route.body().equals("JobText")) {
        content.putObject("application/yaml").putObject("schema").put("type", "string");
      }
    }
    ObjectNode responses = operation.putObject("responses");
    for (Route.Answer answer : route.answers()) {
      ObjectNode response = responses.putObject(Integer.toString(answer.status()));
      response.put("description", describe(answer.status()));
      if (answer.mediaType() == null) {
        continue;
      }
      ObjectNode media = response.putObject("content").putObject(answer.mediaType());
      if (answer.schema() != null) {
        reference(media.putObject("schema"), answer.schema());
      }
    }
    ObjectNode problem = responses.putObject("default").put("description", "A problem");
    reference(
        problem.putObject("content").putObject(Problem.MEDIA_TYPE).putObject("schema"), "Problem");
  }

  private static String describe(int status) {
    return switch (status) {
      case 101 -> "Text frames, each an event";
      case 202 -> "Accepted, executed later";
      default -> "OK";
    };
  }

  private static String describe(String tag, String name) {
    if (tag.equals(VersionsApi.TAG) && QUERY_OF_DEFINITIONS.containsKey(name)) {
      return QUERY_OF_DEFINITIONS.get(name);
    }
    if (tag.equals(DeadLettersApi.TAG) && QUERY_OF_DEAD_LETTERS.containsKey(name)) {
      return QUERY_OF_DEAD_LETTERS.get(name);
    }
    if (tag.equals(ScheduleApi.TAG) && QUERY_OF_TIME.containsKey(name)) {
      return QUERY_OF_TIME.get(name);
    }
    String other = QUERY_OF_EVENTS.getOrDefault(name, QUERY_OF_RUNS.getOrDefault(name, ""));
    return QUERY.getOrDefault(name, QUERY_OF_JOBS.getOrDefault(name, other));
  }

  private static String operationId(Route route) {
    return route.method().toLowerCase(Locale.ROOT)
        + route.path().replace("/api/v1", "").replaceAll("[{}.]", "").replaceAll("/+", "_");
  }

  private static void reference(ObjectNode schema, String name) {
    schema.put("$ref", "#/components/schemas/" + name);
  }

  private static ObjectNode schemas() {
    ObjectNode all = Json.object();
    for (String part : SCHEMAS) {
      try (InputStream in = OpenApi.class.getResourceAsStream(part)) {
        all.setAll((ObjectNode) Json.MAPPER.readTree(in));
      } catch (IOException e) {
        throw new UncheckedIOException(part + " is part of this program", e);
      }
    }
    return all;
  }
}
