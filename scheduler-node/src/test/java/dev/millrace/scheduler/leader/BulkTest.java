package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.BulkRows;
import dev.millrace.scheduler.store.Inbox;
import dev.millrace.settings.EngineSettings;
import java.util.List;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.transaction.TransactionException;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * An operation on many does each item once, whoever leads and whatever fails; the transition log is
 * the witness.
 */
class BulkTest {
  private static final int RUNS = 1_000;
  private LeaderApi api;

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  private void runs(String job, int count) throws Exception {
    api.at.apply("id: " + job + "\nstages: [{id: a, run: noop}]");
    api.at.ask(Command.runs("default", job, count, "test"));
    api.at.hint();
    api.at.passes();
    assertThat(api.at.count("select count(*) from run")).isGreaterThanOrEqualTo(count);
  }

  private String ask(String action, String filter) {
    LeaderApi.Answer answer = post(action, filter, "");
    assertThat(answer.status()).as(answer.text()).isEqualTo(202);
    return answer.json().path("id").asText();
  }

  private LeaderApi.Answer post(String action, String filter, String more) {
    return api.post(
        "/api/v1/bulk",
        "{\"action\":\"%s\",\"filter\":%s,\"reason\":\"a flood\"%s}"
            .formatted(action, filter, more));
  }

  private JsonNode shown(String id) throws Exception {
    return api.get("/api/v1/bulk/" + id).json();
  }

  /** How often a move by this operation is in the log, and of how many runs. */
  private String moves(String id, String to) {
    return api.at.text(
        """
        select count(*) || ' of ' || count(distinct h.run) from history h, jsonb_array_elements(h.moves::jsonb) m
        where m ->> 0 = '' and m ->> 2 = '%s' and m ->> 5 = 'bulk operation %s: a flood'
        """
            .formatted(to, id));
  }

  @Test
  void aThousandRunsAreStoppedInSteps() throws Exception {
    runs("many", RUNS);
    String id = ask("stop", "{\"job\":\"many\"}");
    api.at.passes();
    JsonNode done = shown(id);
    assertThat(done.path("state").asText()).isEqualTo("DONE");
    assertThat(done.path("matched").asInt()).isEqualTo(RUNS);
    assertThat(done.path("done").asInt()).isEqualTo(RUNS);
    assertThat(done.path("failed").asInt()).isZero();
    assertThat(done.path("left").asInt()).isZero();
    assertThat(api.at.count("select steps from bulk_operation")).isGreaterThanOrEqualTo(5);
    assertThat(api.at.count("select count(*) from run where state = 'CANCELLED'")).isEqualTo(RUNS);
    assertThat(moves(id, "CANCELLED")).isEqualTo("1000 of 1000");
    assertThat(api.at.count("select count(*) from inbox")).isZero();
  }

  @Test
  void anotherLeaderGoesOnWhereTheFirstWas() throws Exception {
    runs("many", RUNS);
    String id = ask("pause", "{\"job\":\"many\"}");
    while (shown(id).path("done").asInt() < 400) {
      api.at.pass();
    }
    assertThat(shown(id).path("state").asText()).isEqualTo("RUNNING");
    api.at.newTurn(); // knows nothing but the tables, as after a kill -9
    api.at.passes();
    assertThat(shown(id).path("done").asInt()).isEqualTo(RUNS);
    assertThat(moves(id, "PAUSED")).isEqualTo("1000 of 1000");
  }

  /** What commits nothing has done nothing, and is done again. */
  @Test
  void stepsWhoseCommitsFailAreDoneOnce() throws Exception {
    runs("many", 600);
    String made =
        new RunId(operation("pause", "a flood", api.at.database.api().withHandle(h -> all(h))))
            .toString();
    api.at.failCommitsOf("inbox", 3); // a step puts the next one there
    api.at.hint();
    int failed = 0;
    for (int i = 0; i < 100 && !shown(made).path("state").asText().equals("DONE"); i++) {
      try {
        api.at.pass();
      } catch (TransactionException e) {
        failed++; // the loop of a leader logs it and goes on
      }
      api.at.hint();
    }
    assertThat(failed).isPositive();
    assertThat(api.at.count("select last_value from commits")).isGreaterThan(3);
    assertThat(shown(made).path("done").asInt()).isEqualTo(600);
    assertThat(moves(made, "PAUSED")).isEqualTo("600 of 600");
  }

  private static List<Long> all(Handle handle) {
    return handle.createQuery("select id from run order by id").mapTo(Long.class).list();
  }

  /** As the API makes one, with its first step in the inbox; the leader is not told yet. */
  private long operation(String action, String reason, List<Long> subjects) {
    return api.at
        .database
        .api()
        .inTransaction(
            tx -> {
              long made =
                  BulkRows.insert(
                      tx, new BulkRows.Fresh("default", action, "{}", "test", reason), subjects);
              Inbox.put(tx, BulkDesk.step(new BulkRows.Running(made, "default", 0)), false);
              return made;
            });
  }

  @Test
  void aStepThatComesTwiceIsDoneOnce() throws Exception {
    runs("many", 600);
    String id = ask("pause", "{\"job\":\"many\"}");
    var again = api.at.database.api().withHandle(h -> BulkRows.running(h, 9));
    again.forEach(each -> api.at.ask(BulkDesk.step(each)));
    again.forEach(each -> api.at.ask(BulkDesk.step(each)));
    api.at.passes();
    assertThat(shown(id).path("done").asInt()).isEqualTo(600);
    assertThat(moves(id, "PAUSED")).isEqualTo("600 of 600");
  }

  @Test
  void whatCannotBeDoneIsListedAndTheRestIsDone() throws Exception {
    runs("many", 3);
    List<String> ids = api.at.texts("select run_text(id) from run order by id");
    String id = post("stop", "{\"job\":\"many\"}", "").json().path("id").asText();
    api.at.passes();
    assertThat(shown(id).path("done").asInt()).isEqualTo(3);
    api.at.apply("id: dies\nretry: {max-attempts: 1}\nstages: [{id: a, run: noop}]");
    String failed = api.post("/api/v1/jobs/dies/runs", "{}").json().path("id").asText();
    api.at.fail(List.of(new Claim(RunId.parse(failed), "a", 1)), "exit:3");
    api.at.passes();
    // Between the question and the step somebody else has retried it.
    long operation =
        operation(
            "retry",
            null,
            List.of(RunId.parse(ids.getFirst()).value(), 42L, RunId.parse(failed).value()));
    api.post("/api/v1/runs/" + failed + "/retry", "{}");
    api.at.hint();
    api.at.passes();
    JsonNode done = shown(new RunId(operation).toString());
    assertThat(done.path("state").asText()).isEqualTo("DONE");
    assertThat(done.path("done").asInt() + done.path("failed").asInt()).isEqualTo(3);
    JsonNode failures = done.path("failures");
    assertThat(failures.findValuesAsText("run")).contains(new RunId(42).toString());
    assertThat(failures.findValuesAsText("status")).contains("404");
    JsonNode page = api.get("/api/v1/bulk/" + new RunId(operation) + "/failures?limit=1").json();
    assertThat(page.path("items")).hasSize(1);
    assertThat(page.path("next").isTextual()).isTrue();
  }

  @Test
  void whatIsCancelledStopsAndWhatIsDoneStaysSo() throws Exception {
    runs("many", RUNS);
    String id =
        new RunId(operation("pause", null, api.at.database.api().withHandle(h -> all(h))))
            .toString();
    String cancel = "{\"cancel\":\"" + id + "\"}";
    api.at.ask(new Command(Command.Kind.BULK, "default", null, cancel, "somebody", null));
    api.at.hint();
    api.at.passes();
    JsonNode ended = shown(id);
    assertThat(ended.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(ended.path("cancelledBy").asText()).isEqualTo("somebody");
    assertThat(ended.path("done").asInt()).isPositive();
    assertThat(api.at.count("select count(*) from run where state = 'PAUSED'"))
        .isEqualTo(ended.path("done").asInt())
        .isLessThan(RUNS);
  }

  @Test
  void aPreviewDoesNothingAndItsTokenHoldsWhatCameLaterBack() throws Exception {
    runs("many", 10);
    JsonNode seen = post("stop", "{\"job\":\"many\"}", ",\"preview\":true").json();
    assertThat(seen.path("matched").asInt()).isEqualTo(10);
    assertThat(seen.path("sample")).hasSize(10);
    assertThat(api.at.count("select count(*) from bulk_operation")).isZero();
    api.at.ask(Command.runs("default", "many", 5, "test"));
    api.at.hint();
    api.at.passes();
    String token = ",\"token\":\"" + seen.path("token").asText() + "\"";
    JsonNode made = post("stop", "{\"job\":\"many\"}", token).json();
    assertThat(made.path("matched").asInt()).isEqualTo(10);
    assertThat(post("stop", "{\"state\":\"running\"}", token).status()).isEqualTo(409);
    assertThat(post("stop", "{\"job\":\"many\"}", ",\"token\":\"x\"").status()).isEqualTo(400);
  }

  @Test
  void badQuestionsAreRefused() throws Exception {
    api.at.apply("id: some\nstages: [{id: a, run: noop}]");
    assertThat(post("stop", "{}", "").status()).isEqualTo(400);
    assertThat(post("stopp", "{\"job\":\"some\"}", "").text()).contains("did you mean 'stop'");
    assertThat(post("stop", "{\"jbo\":\"some\"}", "").text()).contains("did you mean 'job'");
    assertThat(post("stop", "{\"job\":\"none\"}", "").status()).isEqualTo(404);
    assertThat(post("stop", "{\"job\":\"some\"}", "").status()).isEqualTo(404);
    assertThat(post("stop", "{\"state\":\"completed\"}", "").status()).isEqualTo(422);
    assertThat(post("pause-jobs", "{\"job\":\"some\"}", "").status()).isEqualTo(400);
    assertThat(post("stop", "{\"open\":\"yes\"}", "").status()).isEqualTo(400);
    assertThat(api.get("/api/v1/bulk/0HZXW3V5K2Q8T").status()).isEqualTo(404);
    assertThat(api.get("/api/v1/bulk/short").status()).isEqualTo(400);
  }

  @Test
  void onlySoManyGoOnAtATime() throws Exception {
    runs("many", 1);
    api.at.execute(
        """
        insert into bulk_operation (id, namespace, action, filter, matched, actor)
        select i, 'default', 'stop', '{}', 1, 'test' from generate_series(1, 5) i
        """);
    LeaderApi.Answer answer = post("stop", "{\"job\":\"many\"}", "");
    assertThat(answer.status()).as(answer.text()).isEqualTo(429);
    assertThat(answer.json().path("detail").asText()).contains("5 bulk operations go on");
  }

  @Test
  void jobsArePausedResumedAndArchived() throws Exception {
    for (String job : List.of("one", "two", "three")) {
      api.at.apply("id: " + job + "\nlabels: {team: a}\nstages: [{id: a, run: noop}]");
    }
    ask("pause-jobs", "{\"label\":\"team:a\"}");
    api.at.passes();
    assertThat(api.at.count("select count(*) from job where state = 'PAUSED'")).isEqualTo(3);
    ask("resume-jobs", "{\"label\":[\"team:a\"],\"q\":\"t\"}");
    api.at.passes();
    assertThat(api.at.count("select count(*) from job where state = 'SCHEDULED'")).isEqualTo(2);
    ask("archive-jobs", "{\"state\":[\"paused\",\"scheduled\"]}");
    api.at.passes();
    assertThat(api.at.count("select count(*) from job where state = 'ARCHIVED'")).isEqualTo(3);
  }
}
