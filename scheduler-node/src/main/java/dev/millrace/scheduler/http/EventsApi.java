package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsFleet;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import org.jdbi.v3.core.Jdbi;

/** The stream of events (SSE). Each client has the thread of its request. */
final class EventsApi {
  private final Jdbi jdbi;
  private final EventHub hub;
  private final JobNames names;

  EventsApi(Jdbi jdbi, EventHub hub) {
    this.jdbi = jdbi;
    this.hub = hub;
    this.names = new JobNames(jdbi);
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/events", "events", "Events as they happen (SSE)", null, this::stream)
            .needs(Role.VIEWER, Scope.QUERY)
            .media("text/event-stream")
            .query("namespace", "job", "run", "digest", "lastEventId"));
  }

  private void stream(Call call) throws Exception {
    EventStream.Filter filter =
        new EventStream.Filter(
            "*".equals(call.query("namespace")) ? null : call.namespace(),
            call.query("job"),
            call.query("run") == null ? null : Call.runId(call.query("run")).value(),
            call.flag("digest"));
    String header = call.http().header("Last-Event-ID");
    EventStream.Position last =
        EventStream.Position.of(header == null ? call.query("lastEventId") : header);
    jdbi.useHandle(ReadsFleet::databaseNow); // an away database is a 503, not an open stream
    EventFeed feed = new EventFeed();
    CompletableFuture<Long> at = hub.join(feed);
    if (at == null) {
      throw new Problem.Refused(Problem.unavailable("too many clients follow events"));
    }
    try {
      new EventStream(call.http().res(), jdbi, names, filter).run(feed, at, last);
    } finally {
      hub.leave(feed);
    }
  }

  static String source(String namespace, String job) {
    return "/millrace/" + namespace + "/" + job;
  }

  static String subject(long run, Move move) {
    String runId = new RunId(run).toString();
    if (move.subject().equals("@job")) {
      return "job";
    }
    return move.subject().isEmpty() ? runId : runId + "/" + move.subject();
  }
}
