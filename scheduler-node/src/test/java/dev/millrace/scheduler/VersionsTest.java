package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Versions over HTTP, written by a real leader. */
class VersionsTest {
  private static final String JOB =
      """
      id: %s
      triggers: [{every: 1h}]
      stages:
        - {id: fetch, run: h, timeout: %s}
        - {id: store, run: h, needs: [fetch]}
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

  private static void apply(String job, String timeout, int status) {
    nodes.yaml(node, "/api/v1/jobs", JOB.formatted(job, timeout)).is(status);
  }

  @Test
  void aRollbackIsANewVersionThatSaysWhatTheOldOneSaid() {
    apply("back", "30s", 201);
    apply("back", "1m", 200);
    String trigger = only("select id from trigger where active and job = " + id("back"));
    var done =
        nodes
            .post(node, "/api/v1/jobs/back/rollback", "{\"version\":1,\"reason\":\"too slow\"}")
            .is(200);
    assertThat(done.json().path("version").asInt()).isEqualTo(3);
    assertThat(done.json().path("restored").asInt()).isEqualTo(1);
    JsonNode third = nodes.get(node, "/api/v1/jobs/back/versions/3").is(200).json();
    JsonNode first = nodes.get(node, "/api/v1/jobs/back/versions/1").is(200).json();
    assertThat(third.path("definition")).isEqualTo(first.path("definition"));
    assertThat(third.path("hash")).isEqualTo(first.path("hash"));
    assertThat(third.path("restored").asInt()).isEqualTo(1);
    assertThat(third.path("reason").asText()).isEqualTo("too slow");
    assertThat(third.path("actor").asText()).isEqualTo("api:127.0.0.1");
    assertThat(third.path("source").asText()).isEqualTo("api");
    assertThat(nodes.get(node, "/api/v1/jobs/back").json().path("version").asInt()).isEqualTo(3);
    assertThat(only("select id from trigger where active and job = " + id("back")))
        .as("a trigger that is written the same goes on")
        .isEqualTo(trigger);
    List<String> list =
        nodes.get(node, "/api/v1/jobs/back/versions?limit=2").json().findValuesAsText("version");
    assertThat(list).startsWith("3", "2");
  }

  @Test
  void whatCannotBeRolledBackToIsSaid() {
    apply("stay", "30s", 201);
    apply("stay", "1m", 200);
    String path = "/api/v1/jobs/stay/rollback";
    assertThat(nodes.post(node, path, "{\"version\":9}").is(404).detail())
        .contains("job 'stay' has no version 9; its versions are 1 to 2");
    assertThat(nodes.post(node, path, "{\"version\":2}").is(422).detail())
        .contains("is at version 2 already");
    nodes.post(node, path, "{\"version\":1}").is(200);
    assertThat(nodes.post(node, path, "{\"version\":1}").is(422).detail())
        .contains("version 1 of job 'stay' says the same as version 3, which is in force");
    nodes.post(node, path, "{\"version\":0}").is(400);
    nodes.post(node, path, "{\"version\":\"1\"}").is(400);
    nodes.post(node, path, "{}").is(400);
    assertThat(nodes.post(node, "/api/v1/jobs/nobody/rollback", "{\"version\":1}").is(404).detail())
        .contains("no job 'nobody'");
    nodes.delete(node, "/api/v1/jobs/stay").is(200);
    assertThat(nodes.post(node, path, "{\"version\":2}").is(409).detail())
        .contains("job 'stay' is ARCHIVED and cannot be rolled back");
  }

  @Test
  void aVersionOfAStateThatNobodyMayStartKeepsIt() {
    apply("resting", "30s", 201);
    apply("resting", "1m", 200);
    nodes.post(node, "/api/v1/jobs/resting/stop", "{}").is(200);
    nodes.post(node, "/api/v1/jobs/resting/rollback", "{\"version\":1}").is(200);
    assertThat(nodes.get(node, "/api/v1/jobs/resting").json().path("state").asText())
        .isEqualTo("STOPPED");
    assertThat(nodes.texts("select id from trigger where active and job = " + id("resting")))
        .as("they are armed when it is resumed")
        .isEmpty();
  }

  @Test
  void aDifferenceIsToldByPlaceAndInTheUnifiedForm() {
    apply("differs", "30s", 201);
    apply("differs", "1m", 200);
    JsonNode diff = nodes.get(node, "/api/v1/jobs/differs/diff").is(200).json();
    assertThat(diff.path("from").asInt()).isEqualTo(1);
    assertThat(diff.path("to").asInt()).isEqualTo(2);
    assertThat(diff.path("changes")).hasSize(1);
    assertThat(diff.path("changes").path(0).path("path").asText())
        .isEqualTo("stages[fetch].timeout");
    assertThat(diff.path("changes").path(0).path("before").asText()).isEqualTo("PT30S");
    assertThat(diff.path("changes").path(0).path("after").asText()).isEqualTo("PT1M");
    assertThat(diff.path("unified").asText())
        .startsWith("--- differs@1\n+++ differs@2\n@@ ")
        .contains("\n-  timeout: PT30S\n+  timeout: PT1M\n");
    JsonNode back = nodes.get(node, "/api/v1/jobs/differs/diff?from=2&to=1").is(200).json();
    assertThat(back.path("changes").path(0).path("after").asText()).isEqualTo("PT30S");
    JsonNode same = nodes.get(node, "/api/v1/jobs/differs/diff?from=2&to=2").is(200).json();
    assertThat(same.path("changes")).isEmpty();
    assertThat(same.path("unified").asText()).isEmpty();
    assertThat(nodes.get(node, "/api/v1/jobs/differs/diff?to=1").is(422).detail())
        .contains("is its first");
    nodes.get(node, "/api/v1/jobs/differs/diff?from=7").is(404);
    nodes.get(node, "/api/v1/jobs/differs/diff?from=one").is(400);
    nodes.get(node, "/api/v1/jobs/differs/versions/3").is(404);
    nodes.get(node, "/api/v1/jobs/differs/versions/last").is(400);
  }

  @Test
  void theLogTellsThatAJobWasMadeChangedAndDeleted() {
    apply("told", "30s", 201);
    apply("told", "1m", 200);
    nodes.post(node, "/api/v1/jobs/told/rollback", "{\"version\":1}").is(200);
    nodes.delete(node, "/api/v1/jobs/told?reason=over").is(200);
    String all = "select moves from history where job = " + id("told") + " order by seq";
    await().atMost(Nodes.SOON).until(() -> nodes.texts(all).size() == 4);
    assertThat(nodes.texts(all))
        .containsExactly(
            "[[\"@job\",null,\"CREATED\",\"command\",\"api:127.0.0.1\",null,{\"version\":1,\"source\":\"api\"}],"
                + "[\"@job\",\"CREATED\",\"SCHEDULED\",\"command\",\"api:127.0.0.1\",null,{\"version\":1,\"source\":\"api\"}]]",
            "[[\"@job\",\"SCHEDULED\",\"SCHEDULED\",\"command\",\"api:127.0.0.1\",null,{\"version\":2,\"source\":\"api\"}]]",
            "[[\"@job\",\"SCHEDULED\",\"SCHEDULED\",\"command\",\"api:127.0.0.1\",null,{\"version\":3,\"source\":\"api\",\"restored\":1}]]",
            "[[\"@job\",\"SCHEDULED\",\"ARCHIVED\",\"command\",\"api:127.0.0.1\",\"over\",{\"version\":3,\"source\":\"api\"}]]");
  }

  private static String id(String job) {
    return only("select id from job where name = '" + job + "'");
  }

  private static String only(String sql) {
    List<String> found = nodes.texts(sql);
    assertThat(found).hasSize(1);
    return found.getFirst();
  }
}
