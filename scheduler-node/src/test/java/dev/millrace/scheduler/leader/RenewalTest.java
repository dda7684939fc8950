package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.settings.EngineSettings;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** A run that failed goes on with the corrected definition, and keeps what went well. */
class RenewalTest {
  private static final String JOB =
      """
      id: mend
      stages:
        - {id: read, run: noop}
        - {id: load, run: noop, needs: [read], with: {table: %s}}
      """;

  private LeaderApi api;
  private String run;

  @BeforeEach
  void aFailedRun() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
    apply(JOB.formatted("wrong"));
    run = api.post("/api/v1/jobs/mend/runs", "{}").json().path("id").asText();
    api.at.passes();
    api.at.complete(queued(), "{\"rows\":1}");
    api.at.passes();
    api.at.fail(queued(), "exit:3");
    api.at.passes();
    assertThat(run().path("state").asText()).isEqualTo("FAILED");
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  @Test
  void theStageIsExecutedAsTheNewVersionSays() throws Exception {
    apply(JOB.formatted("right"));
    assertThat(rerun("load", "\"latest\"").status()).isEqualTo(200);
    api.at.passes();
    List<Claim> claims = queued();
    assertThat(claims).extracting(Claim::stage).containsExactly("load");
    api.at.complete(claims, "{}");
    api.at.passes();
    JsonNode done = run();
    assertThat(done.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(done.path("version").asInt()).isEqualTo(2);
    assertThat(done.path("stages").path(0).path("attempt").asInt()).as("read, once").isEqualTo(1);
    assertThat(api.get("/api/v1/runs/" + run + "/history").text())
        .contains("with version 2 instead of 1");
    assertThat(api.get("/api/v1/runs/" + run + "/audit").json().path("equal").asBoolean()).isTrue();
  }

  @Test
  void itsOwnVersionIsKeptWhenNobodyAsks() throws Exception {
    apply(JOB.formatted("right"));
    assertThat(rerun("load", "null").status()).isEqualTo(200);
    assertThat(run().path("version").asInt()).isEqualTo(1);
  }

  @Test
  void anotherGraphIsRefusedAndTheRunStaysAsItIs() throws Exception {
    apply(JOB.formatted("right").replace("id: read,", "id: fetch,").replace("[read]", "[fetch]"));
    LeaderApi.Answer answer = rerun("load", "\"latest\"");
    assertThat(answer.status()).isEqualTo(409);
    assertThat(answer.text()).contains("'fetch'").contains("start a new run");
    assertThat(run().path("version").asInt()).isEqualTo(1);
    assertThat(run().path("state").asText()).isEqualTo("FAILED");
  }

  @Test
  void aRefusedRerunKeepsTheVersion() throws Exception {
    apply(JOB.formatted("right"));
    assertThat(rerun("load", "\"latest\"").status()).isEqualTo(200);
    apply(JOB.formatted("better"));
    LeaderApi.Answer answer = rerun("read", "\"latest\"");
    assertThat(answer.status()).as("it is open again").isEqualTo(409);
    assertThat(run().path("version").asInt()).isEqualTo(2);
  }

  @Test
  void anotherWordThanLatestIsRefused() throws Exception {
    assertThat(rerun("load", "\"7\"").status()).isEqualTo(400);
  }

  private LeaderApi.Answer rerun(String stage, String version) throws Exception {
    return api.post(
        "/api/v1/runs/" + run + "/rerun",
        "{\"stage\":\"%s\",\"version\":%s}".formatted(stage, version));
  }

  private void apply(String yaml) {
    assertThat(api.send("POST", "/api/v1/jobs", "application/yaml", yaml).status()).isLessThan(300);
  }

  private JsonNode run() throws Exception {
    return api.get("/api/v1/runs/" + run).json();
  }

  private List<Claim> queued() {
    return api.at
        .database
        .api()
        .withHandle(
            handle ->
                handle
                    .createQuery("select run, name, attempt from stage where state = 'QUEUED'")
                    .map(
                        (row, context) ->
                            new Claim(new RunId(row.getLong(1)), row.getString(2), row.getInt(3)))
                    .list());
  }
}
