package dev.millrace.system;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.lifecycle.JobState;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.testing.Witness;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * All that is known when nothing moves any more: what was asked, the tables, the transition log,
 * and what the stages' own programs wrote. Immutable.
 *
 * @param enqueued job to number of runs asked for
 * @param needs per plan ({@code job/version}), each stage's needs
 * @param witnessed jobs whose stages write to the witness
 */
record History(
    Map<String, Integer> enqueued,
    List<JobRow> jobs,
    List<RunRow> runs,
    List<StageRow> stages,
    List<AttemptRow> attempts,
    List<Entry> log,
    Map<String, Map<String, List<String>>> needs,
    List<String> witnessed,
    List<Witness.Sighting> sightings) {
  private static final ObjectMapper JSON = new ObjectMapper();

  record JobRow(long id, String name, JobState state) {}

  record RunRow(long id, String job, String plan, RunState state) {}

  record StageRow(long run, String name, StageState state, int attempt, String worker) {}

  /** A superseded attempt. */
  record AttemptRow(long run, String stage, int attempt, String outcome) {}

  /** One row of the log: all moves of one run in one batch. */
  record Entry(long seq, long run, long job, long epoch, List<Move> moves) {}

  /** Subject is empty for the run, {@code @job} for the job, else the stage. */
  record Move(String subject, String from, String to, String cause, String actor) {}

  static History read(Fleet fleet, String... witnessed) throws Exception {
    Sql sql = fleet.sql();
    return new History(
        fleet.enqueued(),
        sql.rows(
            "select id, name, state from job",
            row ->
                new JobRow(row.getLong(1), row.getString(2), JobState.valueOf(row.getString(3)))),
        sql.rows(
            "select r.id, j.name, j.id || '/' || r.version, r.state from run r join job j on j.id ="
                + " r.job",
            row ->
                new RunRow(
                    row.getLong(1),
                    row.getString(2),
                    row.getString(3),
                    RunState.valueOf(row.getString(4)))),
        sql.rows(
            "select run, name, state, attempt, worker from stage",
            row ->
                new StageRow(
                    row.getLong(1),
                    row.getString(2),
                    StageState.valueOf(row.getString(3)),
                    row.getInt(4),
                    row.getString(5))),
        sql.rows(
            "select a.run, s.name, a.attempt, a.outcome from attempt a join stage s using (run,"
                + " idx)",
            row ->
                new AttemptRow(row.getLong(1), row.getString(2), row.getInt(3), row.getString(4))),
        sql.rows("select seq, run, job, epoch, moves from history", History::entry),
        needs(sql),
        List.of(witnessed),
        fleet.witness().sightings());
  }

  private static Entry entry(ResultSet row) throws SQLException {
    List<Move> moves = new ArrayList<>();
    try {
      for (JsonNode move : JSON.readTree(row.getString(5))) {
        moves.add(
            new Move(
                move.path(0).textValue(),
                move.path(1).textValue(),
                move.path(2).textValue(),
                move.path(3).textValue(),
                move.path(4).textValue()));
      }
    } catch (JsonProcessingException e) {
      throw new SQLException("moves are not JSON: " + row.getString(5), e);
    }
    return new Entry(row.getLong(1), row.getLong(2), row.getLong(3), row.getLong(4), moves);
  }

  private static Map<String, Map<String, List<String>>> needs(Sql sql) throws SQLException {
    Map<String, Map<String, List<String>>> plans = new HashMap<>();
    for (String[] version :
        sql.rows(
            "select job || '/' || version, definition from job_version",
            row -> new String[] {row.getString(1), row.getString(2)})) {
      Map<String, List<String>> stages = new HashMap<>();
      for (StageDefinition stage : DefinitionJson.fromJson(version[1]).stages()) {
        stages.put(stage.id(), stage.needs().stages());
      }
      plans.put(version[0], stages);
    }
    return plans;
  }
}
