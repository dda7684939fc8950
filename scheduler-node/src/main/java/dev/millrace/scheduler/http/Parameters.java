package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import io.javalin.http.Context;
import java.io.IOException;
import java.io.InputStream;
import java.io.UncheckedIOException;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * What the parameters of paths, queries and headers are, for the document; and which of them a
 * request may have. Stateless; any thread.
 */
final class Parameters {
  /** The dashboard and the CLI send it with every request, also where nothing depends on it. */
  private static final String EVERYWHERE = "namespace";

  /** These may be given more than once. */
  private static final Set<String> REPEATABLE = Set.of("label");

  private static final ObjectNode KNOWN = load();

  private Parameters() {}

  /** Refuses what a route does not read: a misspelt filter must not become no filter. */
  static void check(Route route, Context http) {
    if (!route.path().startsWith("/api/") || route.tag().equals(HooksApi.TAG)) {
      return;
    }
    Call.refuseBadEscapes(http.queryString());
    for (Map.Entry<String, List<String>> given : http.queryParamMap().entrySet()) {
      String name = given.getKey();
      if (!route.query().contains(name) && !name.equals(EVERYWHERE)) {
        throw unknown(route, name);
      }
      if (given.getValue().size() > 1 && !REPEATABLE.contains(name)) {
        throw Problem.badRequest("'" + name + "' is given more than once", "Give it once.");
      }
    }
  }

  private static Problem.Refused unknown(Route route, String name) {
    return Problem.badRequest(
        "unknown query parameter '"
            + Call.shortened(name)
            + "'"
            + DidYouMean.phrase(name, route.query()),
        route.query().isEmpty()
            ? "This route takes none: leave it out."
            : "Known here: " + String.join(", ", route.query()) + ".");
  }

  /** The schema and the description of a parameter; null when nobody has written them down. */
  static ObjectNode of(String place, String tag, String name) {
    Stream<String> places =
        place.equals("query") ? Stream.of("/tags/" + tag, "/query") : Stream.of("/" + place);
    return places
        .map(each -> KNOWN.at(each).get(name))
        .filter(ObjectNode.class::isInstance)
        .map(node -> (ObjectNode) node.deepCopy())
        .findFirst()
        .orElse(null);
  }

  /** Those of a route that nobody has described, as {@code place name}. */
  static Set<String> undescribed(Route route) {
    Stream<String> query =
        route.query().stream()
            .filter(name -> of("query", route.tag(), name) == null)
            .map(name -> "query " + name);
    Stream<String> headers =
        route.headers().stream()
            .filter(name -> of("header", route.tag(), name) == null)
            .map(name -> "header " + name);
    Stream<String> path =
        OpenApi.PARAMETER
            .matcher(route.path())
            .results()
            .map(found -> found.group(1))
            .filter(name -> of("path", route.tag(), name) == null)
            .map(name -> "path " + name);
    return Stream.of(query, headers, path).flatMap(each -> each).collect(Collectors.toSet());
  }

  private static ObjectNode load() {
    try (InputStream in = Parameters.class.getResourceAsStream("parameters.json")) {
      return (ObjectNode) Json.MAPPER.readTree(in);
    } catch (IOException e) {
      throw new UncheckedIOException("parameters.json is part of this program", e);
    }
  }
}
