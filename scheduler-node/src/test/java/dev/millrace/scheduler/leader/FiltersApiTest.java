package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.settings.EngineSettings;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Lists show what a filter asks for, and a filter that cannot be meant is refused. */
class FiltersApiTest {
  private static LeaderApi api;
  private static String failed;
  private static String open;

  @BeforeAll
  static void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
    apply(
        """
        id: prices
        description: Watches what competitors ask
        labels: {team: pricing, tier: "1"}
        triggers: [{every: 1h}]
        retry: {max-attempts: 1}
        stages: [{id: a, run: noop}]
        """);
    apply("id: stock\nlabels: {team: stock}\nstages: [{id: a, run: noop}]");
    apply("id: plain\nstages: [{id: a, run: noop}]");
    apply("id: old\nlabels: {team: pricing}\nstages: [{id: a, run: noop}]");
    assertThat(api.send("DELETE", "/api/v1/jobs/old", "application/json", "").status())
        .isEqualTo(200);
    failed = run("prices");
    api.at.fail(List.of(new Claim(RunId.parse(failed), "a", 1)), "exit:3");
    api.at.passes();
    open = run("stock");
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
  }

  private static void apply(String yaml) {
    assertThat(api.send("POST", "/api/v1/jobs", "application/yaml", yaml).status()).isEqualTo(201);
  }

  private static String run(String job) {
    return api.post("/api/v1/jobs/" + job + "/runs", "{}").json().path("id").asText();
  }

  private static List<String> ids(String path) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    List<String> ids = new ArrayList<>();
    answer.json().path("items").forEach(item -> ids.add(item.path("id").asText()));
    return ids;
  }

  @ParameterizedTest
  @CsvSource({
    "label=team:pricing, prices",
    "label=team, prices stock",
    "label=team&label=tier:1, prices",
    "label=team:sales,''",
    "q=COMPETITORS, prices",
    "q=stoc, stock",
    "trigger=every, prices",
    "state=archived&q=ol, old",
    "'state=archived,scheduled&label=team:pricing', old prices",
    "state=paused,''",
  })
  void jobsAreFoundBy(String query, String expected) throws Exception {
    assertThat(String.join(" ", ids("/jobs?" + query))).isEqualTo(expected);
  }

  @Test
  void aVersionThatSaysOtherLabelsIsFoundByThose() throws Exception {
    apply("id: moves\nlabels: {place: here}\nstages: [{id: a, run: noop}]");
    assertThat(ids("/jobs?label=place:here")).containsExactly("moves");
    api.send(
        "POST",
        "/api/v1/jobs",
        "application/yaml",
        "id: moves\nlabels: {place: there}\nstages: [{id: a, run: noop}]");
    assertThat(ids("/jobs?label=place:here")).isEmpty();
    assertThat(ids("/jobs?label=place:there")).containsExactly("moves");
    api.send("DELETE", "/api/v1/jobs/moves", "application/json", "");
  }

  @Test
  void runsAreFoundByWhatTheyAreAndWhatTheirJobsAre() throws Exception {
    assertThat(ids("/runs?label=team:pricing")).containsExactly(failed);
    assertThat(ids("/runs?label=team")).containsExactly(open, failed);
    assertThat(ids("/runs?state=failed,cancelled")).containsExactly(failed);
    assertThat(ids("/runs?state=failed,scheduled")).contains(failed);
    assertThat(ids("/runs?open=true")).containsExactly(open);
    assertThat(ids("/runs?trigger=manual")).containsExactly(open, failed);
    assertThat(ids("/runs?trigger=cron")).isEmpty();
    assertThat(ids("/runs?until=2026-01-01T00:00:00Z")).isEmpty();
    assertThat(ids("/runs?since=2026-01-01T00:00:00Z")).containsExactly(open, failed);
    assertThat(ids("/runs?since=2200-01-01T00:00:00Z")).isEmpty();
    JsonNode shown = api.get("/api/v1/runs/" + failed).json();
    assertThat(shown.path("labels").toString()).isEqualTo("{\"team\":\"pricing\",\"tier\":\"1\"}");
    String error = shown.at("/stages/0/error").asText();
    assertThat(error).isNotEmpty();
    String part = error.substring(0, 4).toUpperCase(java.util.Locale.ROOT).replace(" ", "%20");
    assertThat(ids("/runs?error=" + part)).containsExactly(failed);
    assertThat(ids("/runs?error=nothing-like-it")).isEmpty();
  }

  @ParameterizedTest
  @CsvSource({
    "400, /runs?state=FAILD, did you mean 'FAILED'",
    "'400', '/runs?state=FAILED,', not a state",
    "400, /runs?label=:x, not a label",
    "400, /runs?label=a&label=b&label=c&label=d&label=e&label=f, 6 times",
    "422, /runs?since=yesterday, 'not an instant'",
    "404, /runs?job=nobody, nobody",
    "400, /jobs?state=RUNNING, not a state",
    "400, /jobs?trigger=crn, did you mean 'cron'",
    "400, /jobs?after=a~b, 'whole number'",
  })
  void whatCannotBeMeantIsRefused(int status, String path, String words) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    assertThat(answer.json().path("detail").asText()).contains(words);
  }
}
