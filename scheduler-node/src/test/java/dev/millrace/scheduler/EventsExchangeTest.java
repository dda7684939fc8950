package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.io.BufferedReader;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.net.URI;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.concurrent.CopyOnWriteArrayList;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Events on the broker: those of the stream, in its order, over changes of the leader. */
class EventsExchangeTest {
  private static final String JOB = "namespace: %s\nid: %s\nstages: [{id: only, run: h}]\n";
  private static final ObjectMapper JSON = new ObjectMapper();
  private Nodes nodes;
  private SchedulerNode leader;
  private Connection connection;
  private Channel channel;

  @BeforeEach
  void start() throws Exception {
    nodes = new Nodes();
    leader = nodes.leader("node-1");
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(nodes.broker());
    connection = factory.newConnection("events-test");
    channel = connection.createChannel();
  }

  @AfterEach
  void stop() {
    connection.abort();
    nodes.close();
  }

  /** What a queue gets. */
  private record Got(String key, AMQP.BasicProperties properties, JsonNode event) {
    String id() {
      return properties.getMessageId();
    }
  }

  /** A queue bound by this pattern, and what comes to it. */
  private List<Got> bound(String name, String pattern) throws IOException {
    List<Got> got = new CopyOnWriteArrayList<>();
    channel.queueDeclare(name, true, false, false, null);
    channel.queueBind(name, "millrace.events", pattern);
    channel.basicConsume(
        name,
        true,
        new DefaultConsumer(channel) {
          @Override
          public void handleDelivery(
              String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body)
              throws IOException {
            got.add(new Got(envelope.getRoutingKey(), properties, JSON.readTree(body)));
          }
        });
    return got;
  }

  private static List<String> ids(List<Got> got) {
    return got.stream().map(Got::id).toList();
  }

  private static List<String> types(List<Got> got) {
    return got.stream().map(each -> each.event().path("type").asText()).toList();
  }

  /** All events of the log up to this one, as the stream tells them. */
  private List<String> streamed(SchedulerNode node, String last) throws Exception {
    HttpResponse<InputStream> stream =
        nodes
            .client()
            .send(
                HttpRequest.newBuilder(
                        URI.create(
                            "http://127.0.0.1:"
                                + node.port()
                                + "/api/v1/events?namespace=*&lastEventId=0"))
                    .build(),
                HttpResponse.BodyHandlers.ofInputStream());
    List<String> ids = new ArrayList<>();
    try (var lines =
        new BufferedReader(new InputStreamReader(stream.body(), StandardCharsets.UTF_8))) {
      for (String line = lines.readLine(); line != null; line = lines.readLine()) {
        if (line.startsWith("id: ")) {
          ids.add(line.substring("id: ".length()));
          if (ids.getLast().equals(last)) {
            return ids;
          }
        }
      }
    }
    throw new AssertionError("the stream ended before " + last + " came: " + ids);
  }

  @Test
  void whatHappensGoesToWhoeverIsBound() throws Exception {
    List<Got> all = bound("all", "#");
    List<Got> shop = bound("shop", "shop.#");
    List<Got> created = bound("created", "*.*.scheduler.job_created");
    nodes.yaml(leader, "/api/v1/jobs", JOB.formatted("shop", "price.watch")).is(201);
    nodes.yaml(leader, "/api/v1/jobs", JOB.formatted("default", "other")).is(201);
    nodes.post(leader, "/api/v1/jobs/price.watch/runs?namespace=shop", "{}").is(201);
    await().atMost(Nodes.SOON).until(() -> types(shop).contains("scheduler.stage_ready"));
    await().atMost(Nodes.SOON).until(() -> created.size() == 2);
    assertThat(types(shop))
        .startsWith("scheduler.job_created", "scheduler.job_scheduled", "scheduler.run_created");
    Got first = shop.getFirst();
    assertThat(first.key()).isEqualTo("shop.price%2Ewatch.scheduler.job_created");
    assertThat(first.properties().getContentType()).isEqualTo("application/cloudevents+json");
    assertThat(first.properties().getType()).isEqualTo("scheduler.job_created");
    assertThat(first.properties().getDeliveryMode()).isEqualTo(2);
    assertThat(first.event().path("id").asText()).isEqualTo(first.id());
    assertThat(first.event().at("/data/namespace").asText()).isEqualTo("shop");
    String last = shop.getLast().id();
    await().atMost(Nodes.SOON).until(() -> ids(all).contains(last));
    List<String> streamed = streamed(leader, last);
    assertThat(ids(all).subList(0, streamed.size())).isEqualTo(streamed);
  }

  /** What nobody was bound for is not published; what happens after somebody is bound comes. */
  @Test
  void whoIsBoundLaterGetsWhatHappensFromThenOn() throws Exception {
    nodes.yaml(leader, "/api/v1/jobs", JOB.formatted("default", "late")).is(201);
    for (int i = 0; i < 5; i++) {
      nodes.post(leader, "/api/v1/jobs/late/runs", "{}").is(201);
    }
    List<Got> got = bound("late", "default.late.#");
    String run =
        nodes.post(leader, "/api/v1/jobs/late/runs", "{}").is(201).json().path("id").asText();
    await()
        .atMost(Nodes.SOON)
        .until(
            () ->
                got.stream()
                    .anyMatch(
                        each ->
                            each.event().at("/data/run").asText().equals(run)
                                && each.event().path("type").asText().endsWith("stage_ready")));
    List<String> ofRun =
        got.stream()
            .filter(each -> each.event().at("/data/run").asText().equals(run))
            .map(Got::id)
            .toList();
    assertThat(ofRun).as("from its first event on").hasSizeGreaterThan(3).doesNotHaveDuplicates();
    assertThat(
            got.stream()
                .filter(each -> each.event().at("/data/run").asText().equals(run))
                .map(each -> each.event().path("type").asText()))
        .startsWith("scheduler.run_created");
    List<String> streamed = streamed(leader, ofRun.getLast());
    assertThat(ids(got)).as("in the order of the log").isSubsetOf(streamed);
    assertThat(ids(got)).isSortedAccordingTo((a, b) -> streamed.indexOf(a) - streamed.indexOf(b));
  }

  @Test
  void nothingIsMissingWhenAnotherLeads() throws Exception {
    List<Got> all = bound("all", "#");
    nodes.yaml(leader, "/api/v1/jobs", JOB.formatted("default", "over")).is(201);
    for (int i = 0; i < 5; i++) {
      nodes.post(leader, "/api/v1/jobs/over/runs", "{}").is(201);
    }
    SchedulerNode next = nodes.start("node-2", Map.of());
    leader.close();
    await().atMost(Nodes.SOON).until(next::leading);
    for (int i = 0; i < 5; i++) {
      nodes.post(next, "/api/v1/jobs/over/runs", "{}").is(201);
    }
    String run =
        nodes.post(next, "/api/v1/jobs/over/runs", "{}").is(201).json().path("id").asText();
    await()
        .atMost(Nodes.SOON)
        .until(() -> all.stream().anyMatch(g -> g.event().at("/data/run").asText().equals(run)));
    String last = all.getLast().id();
    List<String> streamed = streamed(next, last);
    assertThat(new ArrayList<>(new LinkedHashSet<>(ids(all))).subList(0, streamed.size()))
        .as("without what came twice")
        .isEqualTo(streamed);
  }
}
