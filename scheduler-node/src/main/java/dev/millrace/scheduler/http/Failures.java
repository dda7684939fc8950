package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.scheduler.command.Outcome;
import io.javalin.http.Context;
import io.javalin.http.HttpResponseException;
import java.nio.charset.StandardCharsets;
import java.sql.SQLException;
import java.sql.SQLTransientException;
import java.util.Map;
import org.jdbi.v3.core.ConnectionException;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Makes a problem of everything that can end a request. Stateless; any thread. */
final class Failures {
  private static final Logger log = LoggerFactory.getLogger(Failures.class);
  private static final String RETRY_AFTER_SECONDS = "2";

  private Failures() {}

  static void write(Context http, Problem problem) {
    if (http.res().isCommitted()) {
      return;
    }
    if (problem.status() == 503) {
      http.header("Retry-After", RETRY_AFTER_SECONDS);
    }
    if (problem.extra().containsKey("retryAfter")) {
      http.header("Retry-After", problem.extra().get("retryAfter").asText());
    }
    // As bytes: a text would be written in the charset that the server takes an unknown type for.
    http.status(problem.status())
        .contentType(Problem.MEDIA_TYPE)
        .result(Json.write(problem.toJson(http.path())).getBytes(StandardCharsets.UTF_8));
  }

  static void write(Context http, Exception failure) {
    write(http, of(http, failure));
  }

  private static Problem of(Context http, Exception failure) {
    return switch (failure) {
      case Problem.Refused refused -> refused.problem();
      case HttpResponseException answer -> of(answer, http);
      case JdbiException database -> of(database, http);
      default -> {
        if (failure instanceof InterruptedException) {
          Thread.currentThread().interrupt();
        }
        log.error(
            "request failed method={} path={}; answered 500", http.method(), http.path(), failure);
        yield Problem.internal();
      }
    };
  }

  private static Problem of(HttpResponseException answer, Context http) {
    return switch (answer.getStatus()) {
      case 404 ->
          new Problem(
              404,
              "no-route",
              "Not found",
              "there is nothing at " + Call.shortened(http.path()),
              "All routes are in /openapi.json.");
      case 405 ->
          new Problem(
              405,
              "method",
              "Method not allowed",
              http.method() + " is not possible here",
              "The methods of each route are in /openapi.json.");
      case 413 -> new Problem(413, "too-large", "Too large", "the body is too large", "Send less.");
      default ->
          new Problem(
              answer.getStatus(),
              "refused",
              "Refused",
              "the request was refused",
              "All routes are in /openapi.json.");
    };
  }

  private static Problem of(JdbiException failure, Context http) {
    if (isAway(failure)) {
      log.warn(
          "database does not answer path={} cause={}; answered 503", http.path(), cause(failure));
      return Problem.unavailable("the database does not answer");
    }
    log.error("query failed path={}; answered 500", http.path(), failure);
    return Problem.internal();
  }

  static boolean isAway(JdbiException failure) {
    for (Throwable at = failure; at != null; at = at.getCause()) {
      if (at instanceof ConnectionException || at instanceof SQLTransientException) {
        return true;
      }
      if (at instanceof SQLException sql && isAwayState(sql.getSQLState())) {
        return true;
      }
    }
    return false;
  }

  /** 08 connection, 57P shutdown, 53 resources, 57014 statement timeout, 55P03 lock timeout. */
  private static boolean isAwayState(String state) {
    return state != null
        && (state.startsWith("08")
            || state.startsWith("57P")
            || state.startsWith("53")
            || state.equals("57014")
            || state.equals("55P03"));
  }

  private static String cause(Throwable failure) {
    Throwable root = failure;
    while (root.getCause() != null) {
      root = root.getCause();
    }
    return root.getClass().getSimpleName() + ": " + root.getMessage();
  }

  /** The problem that a refused command is. */
  static Problem of(Outcome outcome) {
    JsonNode body = Json.stored(outcome.body());
    String detail = body.path("detail").asText("the command was refused");
    String remedy = body.path("remedy").asText("Look at the detail.");
    return switch (outcome.status()) {
      case 404 -> new Problem(404, "not-found", "Not found", detail, remedy);
      case 409 ->
          new Problem(
              409,
              "conflict",
              "Conflict",
              detail,
              remedy,
              body.path("problems").isArray()
                  ? Map.of("problems", body.get("problems"))
                  : Map.of());
      case 412 ->
          new Problem(
              412,
              "stale",
              "Changed meanwhile",
              detail,
              remedy,
              body.has("etag") ? Map.of("etag", body.get("etag")) : Map.of());
      case 422 -> new Problem(422, "invalid", "Invalid", detail, remedy);
      case 429 ->
          new Problem(
              429,
              "quota",
              "Over quota",
              detail,
              remedy,
              body.has("retryAfter") ? Map.of("retryAfter", body.get("retryAfter")) : Map.of());
      case 503 -> new Problem(503, "unavailable", "Temporarily unavailable", detail, remedy);
      default -> new Problem(outcome.status(), "refused", "Refused", detail, remedy);
    };
  }
}
