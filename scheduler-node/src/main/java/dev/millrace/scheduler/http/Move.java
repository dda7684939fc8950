package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * One move of the transition log. Immutable.
 *
 * @param subject "" for the run, "@job" for the job, else the stage
 * @param details what else there is to tell of a job's move: its version and the way it came; never
 *     null
 */
record Move(
    String subject,
    String from,
    String to,
    String cause,
    String actor,
    String reason,
    JsonNode details) {
  static List<Move> of(String moves) {
    List<Move> read = new ArrayList<>();
    for (JsonNode move : Json.stored(moves)) {
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

  /** The CloudEvents type. */
  String type() {
    String kind = subject.isEmpty() ? "run" : subject.equals("@job") ? "job" : "stage";
    return "scheduler." + kind + "_" + verb(kind);
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
    return to != null && to.equals("RUNNING") ? "started" : lower(to);
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
    return state == null ? "changed" : state.toLowerCase(Locale.ROOT);
  }

  private static String text(JsonNode move, int index) {
    JsonNode value = move.path(index);
    return value.isMissingNode() || value.isNull() ? null : value.asText();
  }
}
