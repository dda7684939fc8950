package dev.millrace.scheduler.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.nio.charset.StandardCharsets;

/**
 * One event: a CloudEvent 1.0 in its JSON form, written once in each form that anybody wants. Its
 * id is the same wherever it is told. Any thread.
 */
public final class Event {
  private static final int REASON_CHARS_MAX = 4_000;

  private final EventRow row;
  private final Story.Told told;
  private volatile String text;
  private volatile byte[] frame;

  Event(EventRow row, Story.Told told) {
    this.row = row;
    this.told = told;
  }

  /** {@code seq.n}: the row of the log, and which of its events. */
  public String id() {
    return row.seq() + "." + told.number();
  }

  /** Which of its row's events it is, from 1. */
  public int number() {
    return told.number();
  }

  public String type() {
    return told.type();
  }

  public EventRow row() {
    return row;
  }

  /** As JSON. */
  public String json() {
    String known = text;
    if (known != null) {
      return known;
    }
    row.writing().lock();
    try {
      if (text == null) {
        text = write();
        row.wrote(text.length());
      }
      return text;
    } finally {
      row.writing().unlock();
    }
  }

  /** As server-sent events have it, id, type and data. Nobody may change it. */
  public byte[] frame() {
    byte[] known = frame;
    if (known != null) {
      return known;
    }
    row.writing().lock();
    try {
      if (frame == null) {
        String data = text == null ? write() : text;
        frame =
            ("id: " + id() + "\nevent: " + type() + "\ndata: " + data + "\n\n")
                .getBytes(StandardCharsets.UTF_8);
        row.wrote(frame.length);
      }
      return frame;
    } finally {
      row.writing().unlock();
    }
  }

  private String write() {
    Story story = row.story();
    Move move = told.move();
    boolean ofRun = !move.ofJob();
    ObjectNode event = Move.JSON.createObjectNode();
    event.put("specversion", "1.0");
    event.put("id", id());
    event.put("source", "/millrace/" + story.namespace() + "/" + story.jobName());
    event.put("type", told.type());
    event.put("subject", subject());
    event.put("time", row.at().toString());
    event.put("datacontenttype", "application/json");
    ObjectNode data = event.putObject("data");
    data.put("job", story.jobName());
    data.put("namespace", story.namespace());
    data.put("run", ofRun ? row.runText() : null);
    data.put("stage", ofRun && !move.ofRun() ? move.subject() : null);
    data.put("from", move.from());
    data.put("to", move.to());
    if (told.asJob()) {
      data.put("status", move.to());
    }
    data.put("cause", move.cause());
    data.put("actor", move.actor());
    data.put("reason", shortened(move.reason()));
    for (var each : move.details().properties()) {
      data.set(each.getKey(), each.getValue());
    }
    return written(event);
  }

  private String subject() {
    Move move = told.move();
    if (told.ofJob()) {
      return row.story().jobName();
    }
    return move.ofRun() ? row.runText() : row.runText() + "/" + move.subject();
  }

  private static String shortened(String reason) {
    return reason == null || reason.length() <= REASON_CHARS_MAX
        ? reason
        : reason.substring(0, REASON_CHARS_MAX) + "…";
  }

  private static String written(JsonNode node) {
    try {
      return Move.JSON.writeValueAsString(node);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a tree can always be written", e);
    }
  }

  @Override
  public String toString() {
    return "event " + id() + " " + type();
  }
}
