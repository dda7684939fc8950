package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import dev.millrace.scheduler.event.EventSelector;
import dev.millrace.scheduler.store.ReadsEvents;
import java.util.List;
import org.jdbi.v3.core.Jdbi;

/** The streams of events: SSE, where each client has the thread of its request, and WebSocket. */
final class EventsApi {
  static final String SOCKET = "/api/v1/ws";
  private final Jdbi jdbi;
  private final EventHub hub;

  EventsApi(Jdbi jdbi, EventHub hub) {
    this.jdbi = jdbi;
    this.hub = hub;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/events", "events", "Events as they happen (SSE)", null, this::stream)
            .needs(Role.VIEWER, Scope.ANYONE)
            .media("text/event-stream")
            .query(EventQuery.NAMES)
            .headers("Last-Event-ID"),
        get(SOCKET, "events", "The same as a WebSocket", null, EventsApi::noUpgrade)
            .switching()
            .needs(Role.VIEWER, Scope.ANYONE)
            .query(EventSocket.QUERY)
            .headers("Last-Event-ID"));
  }

  private void stream(Call call) throws InterruptedException {
    EventAccess access = EventAccess.of(call);
    EventQuery query = EventQuery.of(call);
    EventSelector selector = query.selector(access);
    EventPosition last = known(query.last());
    SseSink sink = new SseSink(call.http().req(), call.http().res());
    hub.clients().enter(access.name());
    try {
      String name = "sse:" + access.name() + "@" + call.http().ip();
      new EventStream(hub, sink, selector, access::denied, name).run(last);
    } finally {
      hub.clients().leave(access.name());
    }
  }

  /**
   * A place that this database has given. Above all that it has given, as after a restore, a client
   * would hear nothing for long: it begins now. An away database is a 503, not an open stream; many
   * that come at once do not all ask it.
   */
  EventPosition known(EventPosition last) {
    if (hub.knows(last == null ? 0 : last.batch())) {
      return last;
    }
    long end = jdbi.withHandle(ReadsEvents::sequenceAt);
    return last == null || last.batch() <= end ? last : null;
  }

  private static void noUpgrade(Call call) {
    call.http().header("Upgrade", "websocket").header("Connection", "Upgrade");
    throw new Problem.Refused(
        new Problem(
            426,
            "upgrade-required",
            "Upgrade required",
            "this is a WebSocket",
            "Open it with ws:// or wss://, or use GET /api/v1/events."));
  }
}
