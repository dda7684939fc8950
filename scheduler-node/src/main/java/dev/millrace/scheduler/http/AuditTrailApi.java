package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.AuditRows;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** Who asked for which change. Any thread. */
final class AuditTrailApi {
  private final Jdbi jdbi;

  AuditTrailApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/audit",
                SessionApi.TAG,
                "Who asked for which change, newest first; refused ones too",
                "AuditPage",
                this::list)
            .query("namespace", "actor", "action", "subject", "since", "until", "limit", "after")
            .needs(Role.ADMIN, Scope.QUERY));
  }

  private void list(Call call) {
    int limit = call.limit();
    String namespace = call.namespace();
    String after = call.query("after");
    long until = id("until", call.query("until"), Long.MAX_VALUE);
    AuditRows.Filter filter =
        new AuditRows.Filter(
            namespace.equals(Principal.EVERYWHERE) ? null : namespace,
            empty(call.query("actor")),
            empty(call.query("action")),
            empty(call.query("subject")),
            id("since", call.query("since"), 0),
            after == null ? until : Math.min(until, DeadFilters.id(after).value()));
    List<AuditRows.Row> rows = jdbi.withHandle(handle -> AuditRows.page(handle, filter, limit));
    ArrayNode items = Json.array();
    for (AuditRows.Row row : rows) {
      items
          .addObject()
          .put("id", new RunId(row.id()).toString())
          .put("at", Json.text(row.at()))
          .put("actor", row.actor())
          .put("kind", row.kind())
          .put("namespace", row.namespace())
          .put("action", row.action())
          .put("method", row.method())
          .put("path", row.path())
          .put("subject", row.subject())
          .put("status", row.status())
          .put("reason", row.reason())
          .put("ip", row.ip());
    }
    call.page(items, rows.size() < limit ? null : new RunId(rows.getLast().id()).toString());
  }

  private static String empty(String text) {
    return text == null || text.isEmpty() ? null : text;
  }

  private static long id(String key, String instant, long otherwise) {
    if (instant == null || instant.isEmpty()) {
      return otherwise;
    }
    try {
      long millis = Math.max(RunId.EPOCH_MILLIS, Instant.parse(instant).toEpochMilli());
      return RunId.firstAt(millis);
    } catch (DateTimeException | ArithmeticException e) {
      throw Problem.badRequest(
          "'" + key + "' is not an instant", "Write it like 2027-01-04T14:00:00Z.");
    }
  }
}
