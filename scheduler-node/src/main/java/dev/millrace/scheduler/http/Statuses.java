package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SortedMap;
import java.util.TreeMap;
import java.util.TreeSet;

/** Which refusals a route can answer, and what each means. Stateless; any thread. */
final class Statuses {
  private static final SortedMap<Integer, String> MEANINGS =
      new TreeMap<>(
          Map.ofEntries(
              Map.entry(
                  400, "The request is not understood: a parameter, an id or the body is wrong"),
              Map.entry(401, "Nobody is known by these credentials, or there are none"),
              Map.entry(403, "The caller may not do this"),
              Map.entry(404, "What the request names is not there"),
              Map.entry(409, "It is in a state that does not allow this"),
              Map.entry(412, "It has changed since it was read; the problem tells the ETag of now"),
              Map.entry(413, "The body is too large"),
              Map.entry(415, "A body of this type is not taken"),
              Map.entry(422, "It is understood, and what it says cannot be"),
              Map.entry(
                  429,
                  "Over a quota or a rate; Retry-After tells when to ask again, if that helps"),
              Map.entry(503, "The database or a leader does not answer; ask again after a while")));

  /** Lists and reads that name what must exist in their query. */
  private static final Set<String> NAMES = Set.of("job", "run", "stage");

  /** What a range of time or an expression can be wrong in. */
  private static final Set<String> JUDGED = Set.of("from", "to", "since", "until", "cron");

  private Statuses() {}

  /** The name of a refusal among the document's responses. */
  static String name(int status) {
    return "Problem" + status;
  }

  static Set<Integer> of(Route route) {
    Set<Integer> statuses = new TreeSet<>();
    if (!route.path().startsWith("/api/")) {
      return statuses;
    }
    statuses.addAll(List.of(400, 401, 403, 429, 503));
    if (route.path().contains("{") || route.query().stream().anyMatch(NAMES::contains)) {
      statuses.add(404);
    }
    boolean reads = route.method().equals("GET");
    if (!reads) {
      statuses.addAll(List.of(404, 409, 413, 415, 422));
    }
    if (route.query().stream().anyMatch(JUDGED::contains)) {
      statuses.add(422);
    }
    if (route.headers().contains("If-Match")) {
      statuses.add(412);
    }
    return statuses;
  }

  /** Of the document: each refusal once, for all routes. */
  static void describe(ObjectNode responses) {
    MEANINGS.forEach(
        (status, meaning) ->
            problem(responses.putObject(name(status)).put("description", meaning)));
    problem(responses.putObject("Problem").put("description", "Any other problem"));
  }

  private static void problem(ObjectNode response) {
    response
        .putObject("content")
        .putObject(Problem.MEDIA_TYPE)
        .putObject("schema")
        .put("$ref", "#/components/schemas/Problem");
  }
}
