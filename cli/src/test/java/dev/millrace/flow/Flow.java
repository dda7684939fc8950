package dev.millrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import dev.millrace.runtime.Faults;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Entities;
import dev.millrace.worker.SecretSources;
import dev.millrace.worker.WorkerNode;
import dev.millrace.worker.WorkerNodeConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.nio.charset.StandardCharsets;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** A whole Millrace on real servers, with short times. Used by one test's thread. */
public final class Flow implements AutoCloseable {
  public static final Duration SOON = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final TestDatabase database;
  private final TestVirtualHost broker;
  private final Path folder;

  public Flow(Path folder) throws SQLException {
    this.folder = folder;
    this.database = open(TestServers.postgres().freshDatabase());
    this.broker = open(TestServers.broker().freshVirtualHost());
  }

  private <T extends AutoCloseable> T open(T part) {
    opened.push(part);
    return part;
  }

  public SchedulerNode scheduler(String name) throws Exception {
    return scheduler(name, 0);
  }

  public SchedulerNode scheduler(String name, int port) throws Exception {
    return scheduler(name, port, Map.of());
  }

  /** With more settings. */
  public SchedulerNode scheduler(String name, int port, Map<String, String> more) throws Exception {
    SchedulerNode node = unstarted(name, port, more);
    node.start();
    return open(node);
  }

  /** Whoever starts it closes it. */
  SchedulerNode unstarted(String name, int port, Map<String, String> more) {
    Map<String, String> flags = new HashMap<>(more);
    flags.putAll(flags(port));
    SchedulerSettings settings = SchedulerSettings.read(new SettingsInput(Map.of(), flags));
    return new SchedulerNode(settings, name, "test", Faults.NONE, true);
  }

  private Map<String, String> flags(int port) {
    return Map.ofEntries(
        Map.entry("postgres.url", database.jdbcUrl()),
        Map.entry("postgres.user", database.user()),
        Map.entry("postgres.password", database.password()),
        Map.entry("rabbitmq.url", broker.uri().toString()),
        Map.entry("http.port", Integer.toString(port)),
        Map.entry("leader.lease-ttl", "3s"),
        Map.entry("leader.renew-every", "500ms"),
        Map.entry("leader.follower-poll", "100ms"),
        Map.entry("worker.heartbeat-every", "500ms"),
        Map.entry("worker.suspect-after", "1500ms"),
        Map.entry("worker.lost-after", "3s"));
  }

  public WorkerNode worker(String pool) throws Exception {
    return worker(pool, SecretSources.NONE);
  }

  /** With secrets of its own. */
  public WorkerNode worker(String pool, SecretSources secrets) throws Exception {
    WorkerNode worker =
        new WorkerNode(
            new WorkerNodeConfig(
                    broker.uri().toString(),
                    List.of(new WorkerNodeConfig.PoolSlots(pool, 8)),
                    Duration.ofSeconds(5),
                    folder,
                    Set.of(),
                    List.of(),
                    Duration.ofMillis(500),
                    Duration.ofSeconds(3),
                    Faults.NONE,
                    "test")
                .withSecrets(secrets),
            new SimpleMeterRegistry());
    worker.start();
    return open(worker);
  }

  Connection amqp() throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.uri());
    Connection connection = factory.newConnection("test");
    opened.push(connection::abort);
    return connection;
  }

  public void leads(SchedulerNode node) {
    await().atMost(SOON).until(node::leading);
  }

  public JsonNode apply(SchedulerNode node, String yaml) throws IOException, InterruptedException {
    return send(node, "POST", "/api/v1/jobs", "application/yaml", yaml);
  }

  /** Starts a run; its id. */
  public String run(SchedulerNode node, String job) throws IOException, InterruptedException {
    JsonNode made = post(node, "/api/v1/jobs/" + job + "/runs");
    assertThat(made.path("id").isTextual()).as("a run was made: %s", made).isTrue();
    return made.get("id").asText();
  }

  JsonNode post(SchedulerNode node, String path) throws IOException, InterruptedException {
    return send(node, "POST", path, "application/json", "{}");
  }

  JsonNode get(SchedulerNode node, String path) {
    try {
      return send(node, "GET", path, "application/json", "");
    } catch (IOException e) {
      throw new AssertionError(path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(path, e);
    }
  }

  /** The answer's body, with its status as {@code httpStatus}. */
  JsonNode send(SchedulerNode node, String method, String path, String type, String body)
      throws IOException, InterruptedException {
    HttpResponse<String> answer =
        client.send(
            HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + node.port() + path))
                .header("Content-Type", type)
                .method(method, HttpRequest.BodyPublishers.ofString(body))
                .build(),
            HttpResponse.BodyHandlers.ofString());
    JsonNode json = JSON.readTree(answer.body());
    return json.isObject()
        ? ((com.fasterxml.jackson.databind.node.ObjectNode) json)
            .put("httpStatus", answer.statusCode())
        : json;
  }

  String runState(String run) {
    return one("select state from run where id = " + id(run));
  }

  public void awaitRun(String run, String state) {
    await()
        .atMost(SOON)
        .failFast(
            "the run has ended otherwise",
            () -> {
              String now = runState(run);
              return Set.of("COMPLETED", "FAILED", "CANCELLED").contains(now) && !now.equals(state);
            })
        .until(() -> state.equals(runState(run)));
  }

  public String stage(String run, String stage, String column) {
    return one(
        "select %s from stage where run = %d and name = '%s'".formatted(column, id(run), stage));
  }

  /** The first column of the first row as text, or null. */
  String one(String sql) {
    try (var connection = database.connect();
        var statement = connection.createStatement()) {
      statement.execute("set search_path to millrace");
      try (var rows = statement.executeQuery(sql)) {
        return rows.next() ? rows.getString(1) : null;
      }
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  /** Every row of every table, as text. */
  public String everyRow() {
    StringBuilder rows = new StringBuilder();
    try (var connection = database.connect();
        var statement = connection.createStatement()) {
      List<String> tables = new ArrayList<>();
      try (var names =
          statement.executeQuery(
              "select c.oid::regclass::text from pg_class c join pg_namespace n on n.oid ="
                  + " c.relnamespace where n.nspname = 'millrace' and c.relkind = 'r'")) {
        while (names.next()) {
          tables.add(names.getString(1));
        }
      }
      for (String table : tables) {
        try (var found = statement.executeQuery("select t::text from " + table + " t")) {
          while (found.next()) {
            rows.append(table).append(' ').append(found.getString(1)).append('\n');
          }
        }
      }
    } catch (SQLException e) {
      throw new AssertionError(e);
    }
    return rows.toString();
  }

  /** What waits in the broker's queues, taken out of them. */
  String everyMessage() throws Exception {
    StringBuilder text = new StringBuilder();
    try (Channel channel = amqp().createChannel()) {
      for (String queue :
          List.of(
              Entities.DEAD,
              Entities.REPORTS,
              Entities.LOGS,
              Entities.HEARTBEATS,
              Entities.SECRETS,
              Entities.stagesOf("default"))) {
        for (GetResponse got = channel.basicGet(queue, true);
            got != null;
            got = channel.basicGet(queue, true)) {
          text.append(queue)
              .append(' ')
              .append(new String(got.getBody(), StandardCharsets.UTF_8))
              .append('\n');
        }
      }
    }
    return text.toString();
  }

  static long id(String run) {
    return dev.millrace.model.RunId.parse(run).value();
  }

  @Override
  public void close() {
    while (!opened.isEmpty()) {
      AutoCloseable part = opened.pop();
      try {
        part.close();
      } catch (Exception e) {
        throw new IllegalStateException("could not close " + part, e);
      }
    }
  }
}
