package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.Map;

/**
 * An RFC 9457 problem that also says what to do about it. Immutable; thrown as {@link Refused}.
 *
 * @param slug ends the problem's type, and never changes
 * @param remedy what the caller can do, in one sentence
 * @param extra more members, or empty
 */
record Problem(
    int status,
    String slug,
    String title,
    String detail,
    String remedy,
    Map<String, JsonNode> extra) {
  static final String MEDIA_TYPE = "application/problem+json";

  /** Ends a request with a problem. Carries no stack trace: it is an answer, not a bug. */
  static final class Refused extends RuntimeException {
    private static final long serialVersionUID = 1;
    private final transient Problem problem;

    Refused(Problem problem) {
      super(problem.detail(), null, false, false);
      this.problem = problem;
    }

    Problem problem() {
      return problem;
    }
  }

  Problem(int status, String slug, String title, String detail, String remedy) {
    this(status, slug, title, detail, remedy, Map.of());
  }

  static Refused badRequest(String detail, String remedy) {
    return new Refused(new Problem(400, "bad-request", "Bad request", detail, remedy));
  }

  static Refused notFound(String detail, String remedy) {
    return new Refused(new Problem(404, "not-found", "Not found", detail, remedy));
  }

  static Refused forbidden(String detail, String remedy) {
    return new Refused(new Problem(403, "forbidden", "Forbidden", detail, remedy));
  }

  static Problem unavailable(String detail) {
    return new Problem(
        503,
        "unavailable",
        "Temporarily unavailable",
        detail,
        "Try again after the seconds in Retry-After; /readyz tells what is missing.");
  }

  static Problem internal() {
    return new Problem(
        500,
        "internal",
        "Internal error",
        "Something unexpected happened; it is in this node's log.",
        "Try again; if it stays, look into the log of the node.");
  }

  /**
   * @param instance the path that was asked for
   */
  ObjectNode toJson(String instance) {
    ObjectNode node = Json.object();
    node.put("type", "urn:millrace:problem:" + slug);
    node.put("title", title);
    node.put("status", status);
    node.put("detail", detail);
    node.put("instance", instance);
    node.put("remedy", remedy);
    extra.forEach(node::set);
    return node;
  }
}
