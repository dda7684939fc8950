package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Patterns over HTTP, kept by a real leader. */
class PatternsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String COPY =
      """
      pattern: %s
      description: Copies a table
      params:
        table: {type: string, required: true}
        hour: {type: integer, default: 3}
        since: string
      triggers: [{cron: "0 $[[ hour ]] * * *"}]
      stages:
        - id: copy
          run: sql
          with: {table: "$[[ table ]]", since: "${{ params.since }}"}
          timeout: %s
      """;

  private static Nodes nodes;
  private static SchedulerNode node;

  @BeforeAll
  static void start() throws Exception {
    nodes = new Nodes();
    node = nodes.leader("node-1");
  }

  @AfterAll
  static void stop() {
    nodes.close();
  }

  private static Nodes.Answer register(String pattern, String timeout) {
    return nodes.yaml(node, "/api/v1/patterns", COPY.formatted(pattern, timeout));
  }

  private static Nodes.Answer use(String job, String uses) {
    return nodes.yaml(
        node, "/api/v1/jobs", "id: " + job + "\nuses: " + uses + "\nwith: {table: t, hour: 5}\n");
  }

  private static String timeout(String job) {
    return nodes
        .get(node, "/api/v1/jobs/" + job)
        .is(200)
        .json()
        .at("/definition/stages/0/timeout")
        .asText();
  }

  @Test
  void aPatternIsRegisteredUsedAndChanged() {
    JsonNode made = register("copy", "1m").is(201).json();
    assertThat(made.path("version").asInt()).isEqualTo(1);
    assertThat(made.path("description").asText()).isEqualTo("Copies a table");
    assertThat(made.at("/params/table/read").asText()).isEqualTo("load");
    assertThat(made.at("/params/since/read").asText()).isEqualTo("run");
    assertThat(made.path("text").asText()).startsWith("pattern: copy\n");
    assertThat(register("copy", "1m # said again").is(200).json().path("changed").asBoolean())
        .as("a comment is no change")
        .isFalse();

    JsonNode job = use("orders", "copy").is(201).json();
    assertThat(job.at("/pattern/name").asText()).isEqualTo("copy");
    assertThat(job.at("/pattern/version").asInt()).isEqualTo(1);
    assertThat(job.at("/written/uses").asText()).isEqualTo("copy");
    assertThat(job.at("/definition/triggers/0/cron").asText()).isEqualTo("0 5 * * *");
    assertThat(job.at("/params/since/type").asText()).isEqualTo("string");
    assertThat(job.at("/params/table").isMissingNode()).isTrue();

    assertThat(register("copy", "2m").is(200).json().path("version").asInt()).isEqualTo(2);
    assertThat(timeout("orders")).as("pinned").isEqualTo("PT1M");
    use("bills", "copy").is(201);
    use("older", "copy@1").is(201);
    JsonNode shown = nodes.get(node, "/api/v1/patterns/copy").is(200).json();
    assertThat(shown.path("users").asInt()).isEqualTo(3);
    assertThat(shown.path("behind").asInt()).isEqualTo(2);
    List<String> users = new ArrayList<>();
    shown
        .path("usedBy")
        .forEach(
            user ->
                users.add(
                    user.path("job").asText()
                        + "@"
                        + user.path("version")
                        + " "
                        + user.path("behind")));
    assertThat(users).containsExactly("older@1 true", "orders@1 true", "bills@2 false");

    JsonNode again = use("orders", "copy").is(200).json();
    assertThat(again.path("version").asInt()).as("loaded again, it follows").isEqualTo(2);
    assertThat(again.at("/pattern/version").asInt()).isEqualTo(2);
    assertThat(timeout("orders")).isEqualTo("PT2M");
    assertThat(use("orders", "copy@2").json().path("changed").asBoolean()).isFalse();
    JsonNode first = nodes.get(node, "/api/v1/jobs/orders/versions/1").json();
    assertThat(first.at("/pattern/version").asInt()).isEqualTo(1);
    nodes.post(node, "/api/v1/jobs/orders/rollback", "{\"version\":1}").is(200);
    JsonNode back = nodes.get(node, "/api/v1/jobs/orders").json();
    assertThat(back.path("version").asInt()).isEqualTo(3);
    assertThat(back.at("/pattern/version").asInt()).isEqualTo(1);
    assertThat(back.at("/written/with/table").asText()).isEqualTo("t");

    JsonNode versions = nodes.get(node, "/api/v1/patterns/copy/versions").json().path("items");
    assertThat(versions.findValuesAsText("version")).containsExactly("2", "1");
    assertThat(versions.findValuesAsText("users")).containsExactly("1", "2");
    assertThat(nodes.get(node, "/api/v1/patterns/copy/versions/1").json().path("text").asText())
        .contains("timeout: 1m");
    nodes.get(node, "/api/v1/patterns/copy/versions/3").is(404);
    assertThat(nodes.get(node, "/api/v1/patterns").json().findValuesAsText("name"))
        .contains("copy");
  }

  @Test
  void aPatternIsNotDeletedWhileItIsUsed() {
    register("held", "1m").is(201);
    use("holder", "held").is(201);
    assertThat(nodes.delete(node, "/api/v1/patterns/held").is(409).detail())
        .contains("pattern 'held' is used by default/holder");
    nodes.delete(node, "/api/v1/jobs/holder").is(200);
    nodes.delete(node, "/api/v1/patterns/held").is(200);
    nodes.get(node, "/api/v1/patterns/held").is(404);
    nodes.delete(node, "/api/v1/patterns/held").is(404);
    assertThat(nodes.get(node, "/api/v1/jobs/holder").json().at("/pattern/name").asText())
        .as("what was made of it still says so")
        .isEqualTo("held");
    assertThat(use("another", "held").is(422).detail()).contains("there is no pattern 'held'");
    assertThat(register("held", "9m").is(201).json().path("version").asInt())
        .as("its name is free")
        .isEqualTo(1);
  }

  @Test
  void whatIsWrongIsToldAtBothPlaces() {
    register("judged", "1m").is(201);
    Nodes.Answer bad =
        nodes.yaml(node, "/api/v1/jobs", "id: x\nuses: judged\nwith:\n  table: t\n  hour: 77\n");
    JsonNode problem = bad.is(422).json().path("problems").path(0);
    assertThat(problem.path("line").asInt()).isEqualTo(5);
    assertThat(problem.path("column").asInt()).isEqualTo(9);
    assertThat(problem.path("message").asText())
        .contains("77", "(put into the pattern judged@1, line 7, column 19)");
    assertThat(
            nodes
                .yaml(node, "/api/v1/patterns", "pattern: p\nstages: [{id: a, rum: h}]")
                .is(422)
                .json()
                .path("problems"))
        .hasSize(2);
    assertThat(nodes.yaml(node, "/api/v1/jobs", COPY.formatted("p", "1m")).is(422).detail())
        .contains("is a pattern and no job");
    nodes.yaml(node, "/api/v1/patterns", "id: x\nstages: [{id: a, run: h}]").is(422);
  }

  @Test
  void aJobFindsThePatternsOfItsNamespaceFirst() {
    register("near", "1m").is(201);
    nodes.yaml(node, "/api/v1/patterns?namespace=shop", COPY.formatted("near", "7m")).is(201);
    String job = "id: near-by\nuses: near\nwith: {table: t}\n";
    JsonNode made = nodes.yaml(node, "/api/v1/jobs?namespace=shop", job).is(201).json();
    assertThat(made.at("/pattern/namespace").asText()).isEqualTo("shop");
    assertThat(made.at("/definition/stages/0/timeout").asText()).isEqualTo("PT7M");
    made = nodes.yaml(node, "/api/v1/jobs?namespace=other", job).is(201).json();
    assertThat(made.at("/pattern/namespace").asText()).isEqualTo("default");
    assertThat(nodes.get(node, "/api/v1/patterns?namespace=shop").json().findValuesAsText("name"))
        .containsExactly("near");
  }

  @Test
  void aSetBringsItsPatternsAlong() {
    ObjectNode files =
        files("patterns/p.yaml", COPY.formatted("carried", "1m"), "j.yaml", carried());
    JsonNode plan = post("carry", "plan", files).is(200).json();
    assertThat(plan.path("changes").asInt()).isEqualTo(2);
    assertThat(plan.at("/patterns/0/action").asText()).isEqualTo("create");
    assertThat(plan.at("/items/0/pattern").asText()).isEqualTo("carried@1");
    JsonNode done = post("carry", "apply", files).is(200).json();
    assertThat(done.path("patterns").asInt()).isEqualTo(1);
    assertThat(timeout("carried-job")).isEqualTo("PT1M");
    assertThat(post("carry", "plan", files).json().path("changes").asInt()).isZero();

    files = files("patterns/p.yaml", COPY.formatted("carried", "3m"), "j.yaml", carried());
    plan = post("carry", "plan", files).json();
    assertThat(plan.at("/patterns/0/action").asText()).isEqualTo("update");
    assertThat(plan.at("/items/0/action").asText()).isEqualTo("update");
    assertThat(plan.at("/items/0/pattern").asText()).isEqualTo("carried@2");
    assertThat(plan.at("/items/0/unified").asText()).contains("+  timeout: PT3M");
    post("carry", "apply", files).is(200);
    assertThat(timeout("carried-job")).isEqualTo("PT3M");
    JsonNode pattern = nodes.get(node, "/api/v1/patterns/carried").json();
    assertThat(pattern.path("source").asText()).isEqualTo("set:carry");
    assertThat(pattern.path("version").asInt()).isEqualTo(2);

    register("foreign", "1m").is(201);
    ObjectNode theirs = files("p.yaml", COPY.formatted("foreign", "2m"));
    assertThat(post("carry", "apply", theirs).is(409).detail())
        .contains("pattern 'foreign' was defined through the API");

    ObjectNode gone = files("other.yaml", "id: carried-other\nstages: [{id: a, run: h}]");
    post("carry", "apply", gone.put("prune", true)).is(200);
    nodes.get(node, "/api/v1/patterns/carried").is(404);
  }

  private static String carried() {
    return "id: carried-job\nuses: carried\nwith: {table: t}\n";
  }

  private static Nodes.Answer post(String set, String verb, ObjectNode body) {
    return nodes.post(node, "/api/v1/sets/" + set + "/" + verb, body.toString());
  }

  private static ObjectNode files(String... files) {
    ObjectNode body = JSON.createObjectNode();
    ArrayNode list = body.putArray("files");
    for (int i = 0; i < files.length; i += 2) {
      list.addObject().put("name", files[i]).put("text", files[i + 1]);
    }
    return body;
  }
}
