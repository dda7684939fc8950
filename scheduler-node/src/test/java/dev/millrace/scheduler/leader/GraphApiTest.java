package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.settings.EngineSettings;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the API tells of jobs that wait for jobs, by a real leader. */
class GraphApiTest {
  private LeaderApi api;
  private Contract contract;

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
    contract = new Contract(api.get("/openapi.json").json());
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  private void apply(String id, String rules) {
    String yaml = "id: %s\n%s\nstages: [{id: work, run: noop}]\n".formatted(id, rules);
    LeaderApi.Answer answer = api.send("POST", "/api/v1/jobs", "application/yaml", yaml);
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
  }

  private JsonNode get(String path) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    contract.judge("GET", "/api/v1" + path, answer);
    return answer.json();
  }

  private static List<String> nodes(JsonNode graph) {
    List<String> nodes = new ArrayList<>();
    for (JsonNode node : graph.path("nodes")) {
      nodes.add(
          node.path("level").asInt()
              + " "
              + node.path("id").asText()
              + " "
              + node.path("state").asText());
    }
    return nodes;
  }

  private static List<String> edges(JsonNode graph) {
    List<String> edges = new ArrayList<>();
    for (JsonNode edge : graph.path("edges")) {
      edges.add(
          edge.path("from").asText()
              + " "
              + edge.path("kind").asText()
              + " "
              + edge.path("to").asText());
    }
    return edges;
  }

  @Test
  void aNamespaceIsShownByLevels() throws Exception {
    apply("extract", "triggers: [{every: 1h}]");
    apply("load", "triggers: [{after: [extract]}]");
    apply("report", "triggers: [{after: [load]}]\nrequires: [extract, shop/prices]");
    apply("alone", "");
    JsonNode graph = get("/graph");
    assertThat(nodes(graph))
        .containsExactly(
            "0 default/alone SCHEDULED",
            "0 default/extract SCHEDULED",
            "0 shop/prices UNKNOWN",
            "1 default/load SCHEDULED",
            "2 default/report SCHEDULED");
    assertThat(edges(graph))
        .containsExactly(
            "default/extract after default/load",
            "default/load after default/report",
            "default/extract requires default/report",
            "shop/prices requires default/report");
    assertThat(graph.path("nodes").get(1).path("nextTick").isTextual()).isTrue();
    assertThat(graph.path("nodes").get(1).path("lastRun").isNull()).isTrue();
    assertThat(nodes(get("/graph?namespace=shop")))
        .containsExactly("0 shop/prices UNKNOWN", "1 default/report SCHEDULED");
  }

  @Test
  void aJobIsShownWithThoseAroundIt() throws Exception {
    apply("a", "");
    apply("b", "triggers: [{after: [a]}]");
    apply("c", "triggers: [{after: [b]}]");
    apply("d", "triggers: [{after: [c]}]");
    apply("other", "triggers: [{after: [a]}]");
    assertThat(nodes(get("/jobs/c/graph")))
        .containsExactly("0 default/b SCHEDULED", "1 default/c SCHEDULED", "2 default/d SCHEDULED");
    assertThat(nodes(get("/jobs/c/graph?depth=9")))
        .as("those before it and those after it, not what those have beside it")
        .containsExactly(
            "0 default/a SCHEDULED",
            "1 default/b SCHEDULED",
            "2 default/c SCHEDULED",
            "3 default/d SCHEDULED");
    LeaderApi.Answer wrong = api.get("/api/v1/jobs/c/graph?depth=101");
    assertThat(wrong.status()).isEqualTo(400);
    assertThat(wrong.text()).contains("possible are 1..100");
    assertThat(api.get("/api/v1/jobs/nobody/graph").status()).isEqualTo(404);
  }

  @Test
  void whatARunRequiresIsToldByWhy() throws Exception {
    apply("a", "triggers: [{cron: '0 0 1 1 *'}]");
    apply("b", "");
    apply("c", "requires: {all: [a, b, nobody], not: [{job: b, is: failed}], within: 24h}");
    JsonNode run = api.post("/api/v1/jobs/c/runs", "{}").json();
    api.at.passes();
    List<String> why = why(run);
    assertThat(why)
        .anySatisfy(
            each ->
                assertThat(each)
                    .startsWith("REQUIRES no run of job 'a' has completed, within PT24H; its")
                    .contains("next tick is at"))
        .anySatisfy(each -> assertThat(each).contains("'b'", "nothing is planned for it"))
        .anySatisfy(each -> assertThat(each).contains("there is no job 'nobody'"));
    JsonNode other = api.post("/api/v1/jobs/b/runs", "{}").json();
    assertThat(why(run))
        .anySatisfy(each -> assertThat(each).contains("its run " + other.path("id").asText()));
    List<Start> starts = api.at.starts(1);
    api.at.fail(starts.stream().map(Start::claim).toList(), "crash");
    api.at.passes();
    assertThat(why(run))
        .anySatisfy(
            each -> assertThat(each).contains("the last run of job 'b' has failed, which keeps"));
    JsonNode dry = api.post("/api/v1/jobs/c/runs?dryRun=true", "{}").json();
    assertThat(dry.path("admission").path("outcome").asText()).isEqualTo("WAITS");
    assertThat(dry.path("admission").path("because").toString()).contains("requires: a, b, nobody");
  }

  private List<String> why(JsonNode run) throws Exception {
    List<String> found = new ArrayList<>();
    for (JsonNode each : get("/runs/" + run.path("id").asText() + "/why").path("items")) {
      found.add(each.path("reason").asText() + " " + each.path("detail").asText());
    }
    return found;
  }
}
