package dev.millrace.scheduler.event;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One move of the transition log. Immutable.
 *
 * @param subject "" for the run, "@job" for the job, else the stage
 * @param details what else there is to tell: of a job's move its version and the way it came, of a
 *     run's that it is one of items; never null
 */
public record Move(
    String subject,
    String from,
    String to,
    String cause,
    String actor,
    String reason,
    JsonNode details) {
  static final ObjectMapper JSON = new ObjectMapper();
  static final String OF_JOB = "@job";

  /** The moves of one row of the log. */
  public static List<Move> of(String moves) {
    List<Move> read = new ArrayList<>();
    for (JsonNode move : parsed(moves)) {
      read.add(
          new Move(
              move.path(0).asText(""),
              text(move, 1),
              text(move, 2),
              text(move, 3),
              text(move, 4),
              text(move, 5),
              move.path(6)));
    }
    return read;
  }

  private static JsonNode parsed(String moves) {
    try {
      return JSON.readTree(moves);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the log holds what it was not given", e);
    }
  }

  boolean ofRun() {
    return subject.isEmpty();
  }

  boolean ofJob() {
    return subject.equals(OF_JOB);
  }

  /** The CloudEvents type. */
  String type() {
    String kind = ofRun() ? "run" : ofJob() ? "job" : "stage";
    return EventTypes.PREFIX + kind + "_" + verb(kind);
  }

  /**
   * The type under which a run's move is told as something that its job does, or null: not each of
   * its states, and nothing of the runs that a fan-out has for its items.
   */
  String jobType() {
    if (!ofRun() || to == null || details.path("item").asBoolean()) {
      return null;
    }
    if (to.equals("RUNNING")) {
      return "PAUSED".equals(from) ? null : EventTypes.PREFIX + "job_started";
    }
    return EventTypes.ENDS.contains(to) ? EventTypes.PREFIX + "job_" + lower(to) : null;
  }

  private String verb(String kind) {
    if (to == null) {
      return cause == null ? "noted" : cause.replace('-', '_'); // a note, such as late
    }
    if (kind.equals("job")) {
      return jobVerb();
    }
    if (from == null && kind.equals("run")) {
      return "created";
    }
    if (to.equals("RUNNING")) {
      return "PAUSED".equals(from) && kind.equals("run") ? "resumed" : "started";
    }
    return lower(to);
  }

  private String jobVerb() {
    if (from == null) {
      return "created";
    }
    if (from.equals(to)) {
      return "updated";
    }
    if ("ARCHIVED".equals(to)) {
      return "deleted";
    }
    boolean again = from.equals("PAUSED") || from.equals("STOPPED");
    return again && "SCHEDULED".equals(to) ? "resumed" : lower(to);
  }

  private static String lower(String state) {
    return state.toLowerCase(Locale.ROOT);
  }

  private static String text(JsonNode move, int index) {
    JsonNode value = move.path(index);
    return value.isMissingNode() || value.isNull() ? null : value.asText();
  }
}
