package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** The OpenAPI 3.1 document of a route table. Stateless; any thread. */
final class OpenApi {
  static final Pattern PARAMETER = Pattern.compile("\\{(\\w+)}");

  /** Bodies that say nothing more when they are left out. */
  private static final Set<String> OPTIONAL_BODIES =
      Set.of("Reason", "Archive", "Start", "Complete", "DeadRedriveOne", "QuotaIn", "HookBody");

  private static final ObjectNode EXAMPLES = read("openapi-examples.json");

  /** Each with a part of the schemas. */
  private static final List<String> SCHEMAS =
      List.of(
          "openapi-schemas.json",
          "openapi-access.json",
          "openapi-dead-letters.json",
          "openapi-definitions.json",
          "openapi-dry-run.json",
          "openapi-graph.json",
          "openapi-bulk.json",
          "openapi-secrets.json",
          "openapi-starts.json",
          "openapi-stats.json",
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
    Statuses.describe(components.putObject("responses"));
    security(document, components.putObject("securitySchemes"));
    return Json.write(document);
  }

  private static void security(ObjectNode document, ObjectNode schemes) {
    schemes
        .putObject("token")
        .put("type", "http")
        .put("scheme", "bearer")
        .put("description", "A token of Millrace, or a JWT of the OIDC issuer.");
    schemes
        .putObject("session")
        .put("type", "apiKey")
        .put("in", "cookie")
        .put("name", Access.SAFE_COOKIE)
        .put(
            "description",
            "Of a browser that has logged in; without https its name is "
                + Access.COOKIE
                + ". What changes something needs the header "
                + Access.REQUEST_HEADER
                + " besides.");
    document.putArray("security").addObject().putArray("token");
    document.withArray("security").addObject().putArray("session");
  }

  private static void operation(Route route, ObjectNode paths) {
    ObjectNode operation =
        paths.withObjectProperty(route.path()).putObject(route.method().toLowerCase(Locale.ROOT));
    operation.put("summary", route.summary());
    operation.put("operationId", operationId(route));
    operation.putArray("tags").add(route.tag());
    if (route.needs().scope() == Scope.PUBLIC) {
      operation.putArray("security");
    } else {
      operation.put("x-role", route.needs().role().word());
    }
    var parameters = operation.putArray("parameters");
    Matcher names = PARAMETER.matcher(route.path());
    while (names.find()) {
      parameter(parameters.addObject(), "path", route.tag(), names.group(1)).put("required", true);
    }
    route.query().forEach(name -> parameter(parameters.addObject(), "query", route.tag(), name));
    route.headers().forEach(name -> parameter(parameters.addObject(), "header", route.tag(), name));
    if (route.body() != null) {
      body(route, operation.putObject("requestBody"));
    }
    answers(route, operation.putObject("responses"));
  }

  private static ObjectNode parameter(ObjectNode into, String place, String tag, String name) {
    into.put("name", name).put("in", place);
    ObjectNode known = Parameters.of(place, tag, name);
    if (known == null) {
      into.putObject("schema").put("type", "string");
    } else {
      into.setAll(known);
    }
    if (into.path("schema").path("type").asText().equals("array")) {
      into.put("style", "form").put("explode", true);
    }
    return into;
  }

  private static void body(Route route, ObjectNode body) {
    body.put("required", !OPTIONAL_BODIES.contains(route.body()));
    ObjectNode content = body.putObject("content");
    ObjectNode json = content.putObject("application/json");
    reference(json.putObject("schema"), route.body());
    if (EXAMPLES.has(route.body())) {
      json.set("example", EXAMPLES.get(route.body()));
    }
    if (route.body().equals("JobText")) {
      content.putObject("application/yaml").putObject("schema").put("type", "string");
    }
  }

  private static void answers(Route route, ObjectNode responses) {
    for (Route.Answer answer : route.answers()) {
      ObjectNode response = responses.putObject(Integer.toString(answer.status()));
      response.put("description", describe(answer.status()));
      if (answer.mediaType() != null) {
        ObjectNode media = response.putObject("content").putObject(answer.mediaType());
        if (answer.schema() != null) {
          reference(media.putObject("schema"), answer.schema());
        }
      }
    }
    if (route.headers().contains("If-None-Match") && route.method().equals("GET")) {
      responses.putObject("304").put("description", "It is still what If-None-Match names");
    }
    for (int status : Statuses.of(route)) {
      responses
          .putObject(Integer.toString(status))
          .put("$ref", "#/components/responses/" + Statuses.name(status));
    }
    responses.putObject("default").put("$ref", "#/components/responses/Problem");
  }

  private static String describe(int status) {
    return switch (status) {
      case 101 -> "Text frames, each an event";
      case 202 -> "Accepted, executed later";
      default -> "OK";
    };
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
    SCHEMAS.forEach(part -> all.setAll(read(part)));
    return all;
  }

  private static ObjectNode read(String part) {
    try (InputStream in = OpenApi.class.getResourceAsStream(part)) {
      return (ObjectNode) Json.MAPPER.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException(part + " is part of this program", e);
    }
  }
}
