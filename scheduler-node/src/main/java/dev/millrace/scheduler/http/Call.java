package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import io.javalin.http.Context;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Set;

/** One request, read strictly. Used by the request's thread only. */
record Call(Context http) {
  static final int BODY_BYTES_MAX = 1024 * 1024;
  static final int LIMIT_MAX = 500;
  static final String PRINCIPAL = "caller-principal";
  static final String ROUTE = "caller-route";
  static final String ACCESS = "caller-access";
  static final String REASON = "caller-reason";
  static final String SUBJECT = "caller-subject";
  static final String NAMESPACE = "caller-namespace";
  private static final int LIMIT_DEFAULT = 50;
  private static final int NAME_CHARS_MAX = 200;
  private static final int REASON_CHARS_MAX = 1_000;

  String namespace() {
    String value = query("namespace");
    return value == null || value.isEmpty() ? JobDefinition.DEFAULT_NAMESPACE : name(value);
  }

  /** A name in the path. */
  String path(String key) {
    return name(http.pathParam(key));
  }

  RunId run() {
    return runId(http.pathParam("run"));
  }

  static RunId runId(String text) {
    try {
      return RunId.parse(text);
    } catch (IllegalArgumentException e) {
      throw Problem.badRequest(e.getMessage(), "Take the id from GET /api/v1/runs.");
    }
  }

  String query(String key) {
    List<String> values = queries(key);
    if (values.size() > 1) {
      throw Problem.badRequest("'" + key + "' is given more than once", "Give it once.");
    }
    return values.isEmpty() ? null : values.getFirst();
  }

  /** All values of what may be given more than once. */
  List<String> queries(String key) {
    List<String> values = http.queryParams(key);
    if (values.stream().anyMatch(value -> value.indexOf('\0') >= 0)) {
      throw Problem.badRequest("'" + key + "' holds a NUL character", "Leave it out.");
    }
    return values;
  }

  /** Whoever reads a query leaves such parts out, and the rest may mean something else. */
  static void refuseBadEscapes(String raw) {
    for (int at = raw == null ? -1 : raw.indexOf('%'); at >= 0; at = raw.indexOf('%', at + 1)) {
      boolean good =
          at + 2 < raw.length()
              && Character.digit(raw.charAt(at + 1), 16) >= 0
              && Character.digit(raw.charAt(at + 2), 16) >= 0;
      if (!good) {
        throw Problem.badRequest(
            "the query has a '%' that escapes nothing", "Write %25 for the character itself.");
      }
    }
  }

  boolean flag(String key) {
    String value = query(key);
    if (value == null || value.equals("false")) {
      return false;
    }
    if (value.equals("true")) {
      return true;
    }
    throw Problem.badRequest("'" + key + "' is true or false", "Send " + key + "=true.");
  }

  int limit() {
    String value = query("limit");
    if (value == null) {
      return LIMIT_DEFAULT;
    }
    long limit;
    try {
      limit = Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw Problem.badRequest(
          "limit is a whole number from 1 to " + LIMIT_MAX + ", not '" + shortened(value) + "'",
          "Send limit=" + LIMIT_DEFAULT + ", or leave it out.");
    }
    if (limit < 1 || limit > LIMIT_MAX) {
      throw Problem.badRequest(
          "limit is 1 to " + LIMIT_MAX + ", not " + limit, "Read page by page: follow 'next'.");
    }
    return (int) limit;
  }

  long after(long otherwise) {
    String value = query("after");
    return value == null ? otherwise : number("after", value);
  }

  static long number(String key, String value) {
    try {
      return Long.parseLong(value);
    } catch (NumberFormatException e) {
      throw Problem.badRequest(
          "'" + key + "' is a whole number, not '" + shortened(value) + "'",
          "Use what 'next' of the page before gave you.");
    }
  }

  /** The body as text, bounded. */
  String body() {
    return body(BODY_BYTES_MAX);
  }

  private String body(int bytesMax) {
    return text(bytes(bytesMax));
  }

  /** The body as it came, bounded. */
  byte[] bytes(int bytesMax) {
    if (http.req().getContentLengthLong() > bytesMax) {
      throw tooLarge(bytesMax);
    }
    try {
      boolean known = principal().kind() != Principal.Kind.NOBODY;
      byte[] bytes = Bodies.ofNode().read(http.req().getInputStream(), bytesMax + 1, known);
      if (bytes.length > bytesMax) {
        throw tooLarge(bytesMax);
      }
      return bytes;
    } catch (IOException e) {
      throw Problem.badRequest("the body ended early", "Send it again.");
    }
  }

  static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw Problem.badRequest("the body is not UTF-8", "Send UTF-8.");
    }
  }

  /** The body as an object with no other keys than these; an empty body is an empty object. */
  ObjectNode object(Set<String> keys) {
    return object(keys, BODY_BYTES_MAX);
  }

  /** The same for a route that takes more. */
  ObjectNode object(Set<String> keys, int bytesMax) {
    return object(keys, body(bytesMax));
  }

  /** The same of a body that was read before. */
  static ObjectNode object(Set<String> keys, String text) {
    if (text.isBlank()) {
      return Json.object();
    }
    if (!(Json.read(text) instanceof ObjectNode node)) {
      throw Problem.badRequest("the body is not a JSON object", "Send an object, or nothing.");
    }
    node.fieldNames()
        .forEachRemaining(
            key -> {
              if (!keys.contains(key)) {
                throw Problem.badRequest(
                    "unknown key '" + shortened(key) + "'", "Known keys: " + keys + ".");
              }
            });
    return node;
  }

  /** Why the caller asks: the body's {@code reason}, or null. */
  static String reason(ObjectNode body) {
    JsonNode reason = body.get("reason");
    if (reason == null || reason.isNull()) {
      return null;
    }
    if (!reason.isTextual() || reason.asText().length() > REASON_CHARS_MAX) {
      throw Problem.badRequest(
          "reason is a text of at most " + REASON_CHARS_MAX + " characters", "Say it shorter.");
    }
    String text = reason.asText().strip();
    return text.isEmpty() ? null : text.replace("\0", "");
  }

  /** Who calls. */
  Principal principal() {
    Principal principal = http.attribute(PRINCIPAL);
    return principal == null ? Principal.NOBODY : principal;
  }

  /**
   * True while the caller could call again: for answers that go on for long, which end when their
   * token is revoked or expires. Reads the database every two seconds at most.
   */
  boolean stillAllowed() {
    Access access = http.attribute(ACCESS);
    return access == null || access.stillAllowed(principal());
  }

  /** The caller's name for histories. */
  String actor() {
    return principal().actor(http.ip());
  }

  /**
   * Returns when the caller has the role in the namespace; a problem is thrown otherwise. What is
   * done is booked under this namespace.
   *
   * @param namespace or {@code *} for every one
   */
  void require(String namespace, Role role) {
    http.attribute(NAMESPACE, namespace);
    if (!principal().may(role, namespace)) {
      throw Gate.lacks(
          principal(),
          role,
          namespace.equals(Principal.EVERYWHERE)
              ? "every namespace"
              : "namespace '" + shortened(namespace) + "'");
    }
  }

  /** The namespaces that the caller may see; null for all of them. */
  Set<String> seen() {
    Principal principal = principal();
    return principal.mayEverywhere(Role.VIEWER) ? null : principal.namespaces(Role.VIEWER);
  }

  /** The same with the role that the route needs. */
  void require(String namespace) {
    Route route = http.attribute(ROUTE);
    require(namespace, route.needs().role());
  }

  void page(ArrayNode items, String next) {
    ObjectNode page = Json.object();
    page.set("items", items);
    page.put("next", next);
    answer(200, page);
  }

  void answer(int status, JsonNode body) {
    http.status(status).contentType("application/json").result(Json.write(body));
  }

  private static Problem.Refused tooLarge(int bytesMax) {
    return new Problem.Refused(
        new Problem(
            413,
            "too-large",
            "Too large",
            "the body is larger than " + bytesMax + " bytes",
            "Send less; large inputs belong into a store that the job reads."));
  }

  private static String name(String value) {
    if (value.length() > NAME_CHARS_MAX || value.indexOf('\0') >= 0) {
      throw Problem.badRequest(
          "'" + shortened(value) + "' is not a name", "Names have at most 200 characters.");
    }
    return value;
  }

  static String shortened(String value) {
    return value.length() <= 60 ? value : value.substring(0, 60) + "…";
  }
}
