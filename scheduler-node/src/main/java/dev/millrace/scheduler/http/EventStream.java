package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.ReadsEvents;
import dev.millrace.scheduler.store.ReadsJobs;
import dev.millrace.scheduler.store.ReadsRuns.Transition;
import jakarta.servlet.http.HttpServletResponse;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import org.jdbi.v3.core.Jdbi;

/** Writes events to one client until one of the two goes. Confined to the request's thread. */
final class EventStream {
  private static final Duration COMMENT_EVERY = Duration.ofSeconds(15);
  private static final Duration STEP = Duration.ofMillis(500);
  private static final int PAGE_ROWS = 1_000;

  /** What the client wants; null is everything. {@code digest}: only that something changed. */
  record Filter(String namespace, String job, Long run, boolean digest) {}

  /** The last event that a client has: {@code seq.n}. */
  record Position(long seq, int move) {
    static Position of(String text) {
      if (text == null || text.isBlank()) {
        return null;
      }
      String[] parts = text.strip().split("\\.", 2);
      long move = parts.length == 2 ? Call.number("lastEventId", parts[1]) : Integer.MAX_VALUE;
      return new Position(
          Call.number("lastEventId", parts[0]), Math.clamp(move, 0, Integer.MAX_VALUE));
    }
  }

  private final HttpServletResponse response;
  private final Jdbi jdbi;
  private final JobNames names;
  private final Filter filter;
  private OutputStream out;
  private long commentAtNanos = System.nanoTime();

  EventStream(HttpServletResponse response, Jdbi jdbi, JobNames names, Filter filter) {
    this.response = response;
    this.jdbi = jdbi;
    this.names = names;
    this.filter = filter;
  }

  void run(EventFeed feed, CompletableFuture<Long> at, Position last)
      throws IOException, InterruptedException {
    response.setStatus(200);
    response.setContentType("text/event-stream");
    response.setCharacterEncoding("UTF-8");
    response.setHeader("Cache-Control", "no-store");
    response.setHeader("X-Accel-Buffering", "no");
    out = response.getOutputStream();
    try {
      write(": connected\n\nretry: 1000\n\n");
      out.flush();
      long from = settled(feed, at);
      if (from < 0) {
        return;
      }
      Position done = last == null ? new Position(from, Integer.MAX_VALUE) : replay(last, from);
      follow(feed, done);
    } catch (IOException e) {
      feed.end(); // the client went away; that is how every stream ends
    }
  }

  private long settled(EventFeed feed, CompletableFuture<Long> at)
      throws IOException, InterruptedException {
    while (!feed.ended()) {
      try {
        return at.get(STEP.toMillis(), TimeUnit.MILLISECONDS);
      } catch (TimeoutException e) {
        comment();
      } catch (ExecutionException e) {
        throw new IllegalStateException("a place is never completed with a failure", e);
      }
    }
    return -1;
  }

  /** What the client missed, up to where the feed begins. */
  private Position replay(Position last, long upTo) throws IOException {
    if (filter.digest()) {
      changed(upTo, upTo > last.seq() ? 1 : 0); // how many is not known without reading them
      out.flush();
      return new Position(Math.max(upTo, last.seq()), Integer.MAX_VALUE);
    }
    long after = last.seq() - 1;
    Position done = last;
    while (true) {
      long from = after;
      List<Transition> rows =
          jdbi.withHandle(handle -> ReadsEvents.between(handle, from, upTo, PAGE_ROWS));
      for (Transition row : rows) {
        done = send(new EventRow(row), done);
      }
      out.flush();
      if (rows.size() < PAGE_ROWS) {
        return done;
      }
      after = rows.getLast().seq();
    }
  }

  private void follow(EventFeed feed, Position from) throws IOException, InterruptedException {
    Position done = from;
    while (!feed.ended()) {
      EventRow row = feed.next(STEP);
      if (row == null) {
        comment();
        continue;
      }
      Position first = done;
      long changes = 0;
      for (EventRow each = row; each != null; each = feed.next(Duration.ZERO)) {
        done = filter.digest() ? digested(each, done) : send(each, done);
        changes += done.equals(first) ? 0 : 1;
        first = done;
      }
      if (filter.digest() && changes > 0) {
        changed(done.seq(), changes);
      }
      out.flush();
    }
  }

  private void changed(long seq, long rows) throws IOException {
    write("id: " + seq + "\nevent: scheduler.changed\ndata: {\"rows\":" + rows + "}\n\n");
  }

  private Position digested(EventRow row, Position done) {
    return row.seq() <= done.seq() || !wanted(row)
        ? done
        : new Position(row.seq(), Integer.MAX_VALUE);
  }

  private boolean wanted(EventRow row) {
    if (filter.run() != null && filter.run() != row.row().run()) {
      return false;
    }
    ReadsJobs.Name job = names.of(row.row().job());
    return (filter.namespace() == null || filter.namespace().equals(job.namespace()))
        && (filter.job() == null || filter.job().equals(job.name()));
  }

  /** Sends what is above {@code done} of the row, and tells what is done then. */
  private Position send(EventRow row, Position done) throws IOException {
    if (row.seq() < done.seq() || !wanted(row)) {
      return done;
    }
    int first = row.seq() == done.seq() ? done.move() : 0;
    List<Move> moves = row.moves();
    for (int i = first; i < moves.size(); i++) {
      event(row.row(), moves.get(i), i + 1);
    }
    return first < moves.size() ? new Position(row.seq(), moves.size()) : done;
  }

  private void event(Transition row, Move move, int number) throws IOException {
    ReadsJobs.Name job = names.of(row.job());
    String id = row.seq() + "." + number;
    boolean ofJob = move.subject().equals("@job");
    ObjectNode event = Json.object();
    event.put("specversion", "1.0");
    event.put("id", id);
    event.put("source", EventsApi.source(job.namespace(), job.name()));
    event.put("type", move.type());
    event.put("subject", ofJob ? job.name() : EventsApi.subject(row.run(), move));
    event.put("time", Json.text(row.at()));
    event.put("datacontenttype", "application/json");
    ObjectNode details = event.putObject("data");
    details.put("job", job.name());
    details.put("namespace", job.namespace());
    details.put("run", ofJob ? null : new RunId(row.run()).toString());
    details.put("stage", ofJob || move.subject().isEmpty() ? null : move.subject());
    details.put("from", move.from());
    details.put("to", move.to());
    if (ofJob) {
      details.put("actor", move.actor());
      details.put("reason", move.reason());
      move.details().properties().forEach(each -> details.set(each.getKey(), each.getValue()));
    }
    write("id: " + id + "\nevent: " + move.type() + "\ndata: " + Json.write(event) + "\n\n");
  }

  private void comment() throws IOException {
    if (System.nanoTime() - commentAtNanos > COMMENT_EVERY.toNanos()) {
      write(": still here\n\n");
      out.flush();
    }
  }

  private void write(String text) throws IOException {
    out.write(text.getBytes(StandardCharsets.UTF_8));
    commentAtNanos = System.nanoTime();
  }
}
