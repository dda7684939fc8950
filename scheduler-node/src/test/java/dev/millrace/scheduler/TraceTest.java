package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Orchestrations over HTTP: started, listed, and shown as a tree. */
class TraceTest {
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

  private static JsonNode trace(String id) {
    return nodes.get(node, "/api/v1/orchestrations/" + id).is(200).json();
  }

  @Test
  void whatWasStartedTogetherIsATree() {
    nodes
        .yaml(
            node,
            "/api/v1/patterns",
            """
            pattern: mail
            params: {to: string}
            stages:
              - {id: send, run: mail.send, with: {to: "$[[ to ]]"}}
            """)
        .is(201);
    nodes
        .yaml(node, "/api/v1/jobs?namespace=mail", "id: send\nuses: mail\nwith: {to: all}\n")
        .is(201);
    nodes
        .yaml(
            node,
            "/api/v1/jobs",
            """
            id: launch
            stages:
              - {id: check, run: wait.approval}
              - {id: mail, run: job, with: {job: send, namespace: mail}}
              - id: regions
                run: group
                for-each: ${{ ['eu'] }}
                stages: [{id: tell, run: job, with: {job: send, namespace: mail}}]
            """)
        .is(201);
    String body = "{\"orchestration\":\"campaign:42\",\"reason\":\"go\"}";
    JsonNode run = nodes.post(node, "/api/v1/jobs/launch/runs", body).is(201).json();
    assertThat(run.path("orchestration").asText()).isEqualTo("campaign:42");
    nodes.post(node, "/api/v1/jobs/send/runs?namespace=mail", body).is(201);
    nodes.post(node, "/api/v1/jobs/launch/runs", "{}").is(201);
    await().atMost(Nodes.SOON).until(() -> trace("campaign:42").path("runs").asInt() == 4);

    JsonNode trace = trace("campaign:42");
    assertThat(trace.path("truncated").asBoolean()).isFalse();
    assertThat(trace.path("finishedAt").isNull()).isTrue();
    assertThat(trace.path("items")).as("what was asked for").hasSize(2);
    JsonNode top = trace.path("items").path(0);
    assertThat(top.path("job").asText()).isEqualTo("launch");
    assertThat(top.path("run").asText()).isEqualTo(run.path("id").asText());
    assertThat(top.path("reason").asText()).isEqualTo("go");
    assertThat(top.path("children")).hasSize(2);
    JsonNode mail = child(top, "mail");
    assertThat(mail.path("namespace").asText()).isEqualTo("mail");
    assertThat(mail.at("/pattern/name").asText()).isEqualTo("mail");
    assertThat(mail.path("createdAt").asText()).endsWith("Z");
    JsonNode item = child(top, "regions");
    assertThat(item.path("item").asInt()).isZero();
    assertThat(item.path("children")).hasSize(1);
    assertThat(trace.path("items").path(1).path("job").asText()).isEqualTo("send");

    JsonNode mine = nodes.get(node, "/api/v1/runs?orchestration=campaign:42").is(200).json();
    assertThat(mine.path("items")).hasSize(1);
    assertThat(mine.at("/items/0/id").asText()).isEqualTo(run.path("id").asText());
    JsonNode theirs =
        nodes
            .get(
                node, "/api/v1/runs?orchestration=campaign:42&namespace=mail&children=true&limit=2")
            .is(200)
            .json();
    assertThat(theirs.path("items")).hasSize(2);
    assertThat(theirs.at("/items/0/pattern/name").asText()).isEqualTo("mail");
    JsonNode rest =
        nodes
            .get(
                node,
                "/api/v1/runs?orchestration=campaign:42&namespace=mail&children=true&limit=2&after="
                    + theirs.path("next").asText())
            .json();
    assertThat(rest.path("items")).hasSize(1);
    assertThat(rest.path("next").isNull()).isTrue();
    assertThat(
            nodes
                .get(node, "/api/v1/runs?orchestration=campaign:42&job=launch&state=failed")
                .json()
                .path("items"))
        .isEmpty();
  }

  private static JsonNode child(JsonNode node, String stage) {
    for (JsonNode child : node.path("children")) {
      if (child.path("stage").asText().equals(stage)) {
        return child;
      }
    }
    throw new AssertionError(stage + " is not in " + node);
  }

  @Test
  void whatIsNoneIsSaid() {
    nodes.get(node, "/api/v1/orchestrations/nobody").is(404);
    nodes.get(node, "/api/v1/orchestrations/a%20b").is(400);
    nodes.get(node, "/api/v1/runs?orchestration=a%20b").is(400);
    nodes.yaml(node, "/api/v1/jobs", "id: plain\nstages: [{id: a, run: h}]").is(201);
    nodes.post(node, "/api/v1/jobs/plain/runs", "{\"orchestration\":\"a b\"}").is(400);
    nodes.post(node, "/api/v1/jobs/plain/runs", "{\"orchestration\":null}").is(201);
  }
}
