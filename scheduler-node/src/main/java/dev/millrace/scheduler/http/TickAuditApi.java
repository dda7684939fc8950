package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.store.TickSpans;
import dev.millrace.scheduler.trigger.SpanAudit;
import dev.millrace.scheduler.trigger.TickAudit;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Compares what was planned with what the ledger has, from the beginning. Any thread. */
final class TickAuditApi {
  private static final int TICKS_PER_PAGE = 200_000;
  private static final int TICKS_PER_STEP = 50_000;
  private static final int GAPS_MAX = 1_000;

  private final Jdbi jdbi;

  TickAuditApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/ticks/audit",
                ScheduleApi.TAG,
                "Whether the ledger has every tick that was planned",
                "TickAudit",
                this::audit)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "job", "limit", "after"));
  }

  /**
   * Where to go on.
   *
   * @param reached in that span, or 0 for its beginning
   */
  private record Cursor(TickSpans.Place place, long reached) {
    static Cursor of(String text) {
      if (text == null) {
        return new Cursor(TickSpans.Place.START, 0);
      }
      String[] parts = text.split("~", -1);
      if (parts.length != 3) {
        throw Problem.badRequest(
            "'after' is not a place in this list", "Use what 'next' of the page before gave you.");
      }
      TickSpans.Place place =
          new TickSpans.Place(Call.number("after", parts[0]), Call.number("after", parts[1]));
      return new Cursor(place, Call.number("after", parts[2]));
    }

    String text() {
      return place.trigger() + "~" + place.from() + "~" + reached;
    }
  }

  /** What one page has so far. */
  private static final class Page {
    private final ArrayNode items = Json.array();
    private long planned;
    private long accounted;
    private long unaccounted;

    void add(TickSpans.Span span, long from, TickAudit.Result result) {
      planned += result.planned();
      accounted += result.accounted();
      unaccounted += result.unaccounted();
      ObjectNode item = item(span, from, result.reached());
      item.put("planned", result.planned()).put("accounted", result.accounted());
      item.put("unaccounted", result.unaccounted());
      ArrayNode gaps = item.putArray("gaps");
      result.gaps().stream()
          .limit(GAPS_MAX)
          .forEach(
              gap ->
                  gaps.addObject()
                      .put("kind", gap.kind().name())
                      .put("from", text(gap.from()))
                      .put("until", text(gap.until()))
                      .put("ticks", gap.ticks()));
      item.putNull("problem");
    }

    void addUnclear(TickSpans.Span span, long from, String why) {
      ObjectNode item = item(span, from, span.until());
      item.put("planned", 0).put("accounted", 0).put("unaccounted", 0).putArray("gaps");
      item.put("problem", why);
    }

    private ObjectNode item(TickSpans.Span span, long from, long until) {
      ObjectNode item = items.addObject();
      item.put("job", span.job()).put("namespace", span.namespace());
      item.put("trigger", Long.toString(span.trigger())).put("kind", span.kind());
      return item.put("from", text(from)).put("until", text(until));
    }

    private static String text(long micros) {
      return Ticker.instantOf(micros).toString();
    }
  }

  private void audit(Call call) {
    int limit = call.limit();
    String name = call.query("job");
    Cursor cursor = Cursor.of(call.query("after"));
    jdbi.useHandle(
        handle -> {
          long job = name == null ? 0 : JobsApi.find(handle, call.namespace(), name).id();
          List<TickSpans.Span> spans =
              TickSpans.of(handle, call.namespace(), job, cursor.place, limit + 1);
          Page page = new Page();
          Cursor next = fill(handle, page, spans, cursor, limit);
          ObjectNode body = Json.object();
          body.put("planned", page.planned).put("accounted", page.accounted);
          body.put("unaccounted", page.unaccounted).set("items", page.items);
          body.put("next", next == null ? null : next.text());
          call.answer(200, body);
        });
  }

  /** Where the next page begins, or null. */
  private static Cursor fill(
      Handle handle, Page page, List<TickSpans.Span> spans, Cursor cursor, int limit) {
    for (TickSpans.Span span : spans) {
      long from = Math.max(span.from(), span.place().equals(cursor.place) ? cursor.reached : 0);
      if (page.items.size() == limit || page.planned >= TICKS_PER_PAGE) {
        return new Cursor(span.place(), from);
      }
      try {
        TickAudit.Result result = SpanAudit.of(handle, span, from, TICKS_PER_STEP);
        page.add(span, from, result);
        if (result.reached() < span.until()) {
          return new Cursor(span.place(), result.reached());
        }
      } catch (IllegalArgumentException e) {
        page.addUnclear(span, from, e.getMessage());
      }
    }
    return null;
  }
}
