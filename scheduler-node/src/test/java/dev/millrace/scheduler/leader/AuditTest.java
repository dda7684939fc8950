package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.settings.EngineSettings;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * The log of a run that went through everything, replayed, leads to what the tables say; and when
 * somebody has changed a table, the audit says what and how.
 */
class AuditTest {
  private static final String JOB =
      """
      id: all
      retry: {max-attempts: 3, initial: 0s}
      stages:
        - {id: a, run: noop}
        - {id: b, run: noop, needs: [a]}
        - {id: c, run: noop, needs: [b]}
        - {id: d, run: wait.approval, needs: [c]}
        - {id: each, run: noop, needs: [d], for-each: "${{ range(3) }}", max-parallel: 2, tolerate: 1}
        - {id: e, run: noop, needs: [each]}
      finally:
        - {id: tidy, run: noop}
      """;

  private LeaderApi api;

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  private void ask(String kind, String job, String body) throws Exception {
    long id = api.at.ask(new Command(kind, "default", job, body, "tester", "an audit"));
    api.at.passes();
    assertThat(api.at.outcome(id).status()).as(api.at.outcome(id).body()).isLessThan(300);
  }

  private void act(String run, String stage, String action) throws Exception {
    ask(
        Command.Kind.STAGE_ACT,
        null,
        "{\"run\":\"%s\",\"stage\":\"%s\",\"action\":\"%s\"}".formatted(run, stage, action));
  }

  private void work(boolean well) throws Exception {
    List<Claim> claims =
        api.at
            .database
            .api()
            .withHandle(
                handle ->
                    handle
                        .createQuery("select run, name, attempt from stage where state = 'QUEUED'")
                        .map(
                            (row, context) ->
                                new Claim(
                                    new RunId(row.getLong(1)), row.getString(2), row.getInt(3)))
                        .list());
    assertThat(claims).as("something to do").isNotEmpty();
    if (well) {
      api.at.complete(claims, "{}");
    } else {
      api.at.fail(claims, "exit:1");
    }
    api.at.passes();
    api.at.passes(); // a retry without a delay is due in the next one
  }

  /** A run with retries, a hold, a skip, resets, items of which one failed, and a kill. */
  private String eventful() throws Exception {
    api.at.apply(JOB);
    ask(Command.Kind.RUN_START, "all", "{}");
    String run = new RunId(Long.parseLong(api.at.text("select id::text from run"))).toString();
    work(false); // a, for the first time
    act(run, "b", "hold");
    work(true);
    act(run, "c", "skip");
    api.at.newTurn();
    act(run, "b", "release");
    work(true);
    act(run, "d", "approve");
    work(false); // two items
    work(true);
    work(false); // the third, for good
    work(false);
    work(false);
    work(true); // e
    work(true); // tidy
    act(run, "a", "reset");
    work(true);
    ask(Command.Kind.RUN_RERUN, null, "{\"run\":\"" + run + "\",\"stage\":\"d\"}");
    ask(Command.Kind.RUN_PAUSE, null, "{\"run\":\"" + run + "\"}");
    ask(Command.Kind.RUN_RESUME, null, "{\"run\":\"" + run + "\"}");
    act(run, "d", "approve");
    ask(Command.Kind.RUN_KILL, null, "{\"run\":\"" + run + "\"}");
    assertThat(api.at.count("select count(*) from run where finished_at is null")).isZero();
    return run;
  }

  private JsonNode audit(String run) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1/runs/" + run + "/audit");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  private List<String> differences(String run) throws Exception {
    List<String> found = new ArrayList<>();
    JsonNode audit = audit(run);
    audit.path("differences").forEach(each -> found.add(each.asText()));
    assertThat(audit.path("equal").asBoolean()).isEqualTo(found.isEmpty());
    return found;
  }

  private void tamper(String sql, long run) {
    api.at.database.api().useHandle(handle -> handle.execute(sql, run));
  }

  @Test
  void theLogLeadsToTheTablesAndToNothingElse() throws Exception {
    String run = eventful();
    List<String> runs = api.at.texts("select id::text from run order by id");
    assertThat(runs).as("with the runs of items").hasSizeGreaterThan(3);
    for (String id : runs) {
      String each = new RunId(Long.parseLong(id)).toString();
      assertThat(differences(each)).as("run %s", each).isEmpty();
    }
    JsonNode audit = audit(run);
    assertThat(audit.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(audit.path("items").findValuesAsText("to"))
        .contains("BACKING_OFF", "HELD", "SKIPPED", "SKIPPED_COMPLETE", "PAUSED", "CANCELLED");
    assertThat(audit.path("items").findValuesAsText("actor")).contains("tester");
    assertThat(audit.path("items").findValuesAsText("reason")).contains("an audit");

    long id = RunId.parse(run).value();
    int attempt = api.at.count("select attempt from stage where name = 'a' and run = " + id);
    tamper("update stage set state = 'FAILED' where run = ? and name = 'b'", id);
    assertThat(differences(run))
        .containsExactly("stage b is FAILED in the table, COMPLETED by the log");
    tamper("update stage set attempt = attempt + 1 where run = ? and name = 'a'", id);
    tamper("update run set state = 'COMPLETED' where id = ?", id);
    tamper("delete from stage where run = ? and name = 'tidy'", id);
    assertThat(differences(run))
        .containsExactly(
            "run is COMPLETED in the table, CANCELLED by the log",
            "stage a is at attempt %d, the log has begun %d".formatted(attempt + 1, attempt),
            "stage b is FAILED in the table, COMPLETED by the log",
            "stage tidy is COMPLETED by the log and has no row");
  }

  @Test
  void theLogItselfIsNotToBeChanged() throws Exception {
    api.at.apply("id: plain\nstages: [{id: a, run: noop}, {id: b, run: noop, needs: [a]}]");
    ask(Command.Kind.RUN_START, "plain", "{}");
    work(true);
    assertThat(api.at.count("select count(*) from transition")).isPositive();
    for (String change :
        List.of(
            "update transition_batch set epoch = epoch - 1",
            "delete from transition_batch",
            "delete from transition")) {
      assertThatThrownBy(() -> api.at.database.api().useHandle(handle -> handle.execute(change)))
          .as(change)
          .hasMessageContaining("append-only");
    }
  }
}
