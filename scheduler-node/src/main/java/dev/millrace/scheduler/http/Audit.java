package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.event.Move;
import dev.millrace.scheduler.store.ReadsRuns;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;

/**
 * Replays the transition log of a run through the lifecycles and compares where it ends with what
 * the tables say. Pure and stateless; any thread.
 */
final class Audit {
  /** More rows than a run of 1,000 stages leaves; beyond, the audit says that it is not whole. */
  static final int ROWS_MAX = 200_000;

  private final Map<String, String> states = new LinkedHashMap<>();
  private final Map<String, Integer> attempts = new LinkedHashMap<>();
  private final List<String> differences = new ArrayList<>();
  private long epoch;

  private Audit() {}

  /** The moves, what the replay leads to, and every difference. */
  static ObjectNode of(
      ReadsRuns.Run run, List<ReadsRuns.Stage> stages, List<ReadsRuns.Transition> rows) {
    Audit audit = new Audit();
    ArrayNode moves = Json.array();
    for (ReadsRuns.Transition row : rows) {
      Views.history(row, moves);
      audit.replay(row);
    }
    if (rows.size() == ROWS_MAX) {
      audit.differences.add("the log has more than " + ROWS_MAX + " rows; the rest was not read");
    }
    audit.compare("run", run.state(), audit.states.get(""));
    Set<String> unseen = new LinkedHashSet<>(audit.states.keySet());
    unseen.remove("");
    for (ReadsRuns.Stage stage : stages) {
      unseen.remove(stage.name());
      audit.compare("stage " + stage.name(), stage.state(), audit.states.get(stage.name()));
      int counted = audit.attempts.getOrDefault(stage.name(), 0);
      if (counted != stage.attempt()) {
        audit.differences.add(
            "stage "
                + stage.name()
                + " is at attempt "
                + stage.attempt()
                + ", the log has begun "
                + counted);
      }
    }
    for (String stage : unseen) {
      audit.differences.add(
          "stage " + stage + " is " + audit.states.get(stage) + " by the log and has no row");
    }
    ObjectNode node = Json.object();
    node.put("run", new RunId(run.id()).toString());
    node.put("state", run.state());
    node.put("moves", moves.size());
    node.put("equal", audit.differences.isEmpty());
    ArrayNode found = node.putArray("differences");
    audit.differences.forEach(found::add);
    node.set("items", moves);
    return node;
  }

  private void replay(ReadsRuns.Transition row) {
    if (row.epoch() < epoch) {
      differences.add("row " + row.seq() + " has epoch " + row.epoch() + " after " + epoch);
    }
    epoch = row.epoch();
    for (Move move : Move.of(row.moves())) {
      if (move.to() != null) {
        replay(row, move);
      }
    }
  }

  private void replay(ReadsRuns.Transition row, Move move) {
    String subject = move.subject();
    String name = subject.isEmpty() ? "run" : "stage " + subject;
    String before = states.put(subject, move.to());
    if (!Objects.equals(before, move.from())) {
      differences.add(
          "row "
              + row.seq()
              + ": "
              + name
              + " was "
              + before
              + ", the log says "
              + move.from()
              + " -> "
              + move.to());
    } else if (before != null && !legal(subject.isEmpty(), before, move.to())) {
      differences.add(
          "row "
              + row.seq()
              + ": "
              + name
              + " moved "
              + before
              + " -> "
              + move.to()
              + ", which is no arrow");
    }
    boolean begins =
        "QUEUED".equals(move.to()) || ("RUNNING".equals(move.to()) && "READY".equals(move.from()));
    if (!subject.isEmpty() && begins) {
      attempts.merge(subject, 1, Integer::sum);
    }
  }

  private static boolean legal(boolean run, String from, String to) {
    return run
        ? RunState.valueOf(from).canBecome(RunState.valueOf(to))
        : StageState.valueOf(from).canBecome(StageState.valueOf(to));
  }

  private void compare(String name, String inTable, String inLog) {
    if (!inTable.equals(inLog)) {
      differences.add(name + " is " + inTable + " in the table, " + inLog + " by the log");
    }
  }
}
