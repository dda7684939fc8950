package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.runtime.Faults;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Whole scheduler nodes on a real database and broker, asked over HTTP as everybody asks them. No
 * worker: what they start stays with the broker. One test's thread.
 */
public final class Nodes implements AutoCloseable {
  public static final Duration SOON = Duration.ofSeconds(30);
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Deque<AutoCloseable> opened = new ArrayDeque<>();
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final TestDatabase database;
  private final TestVirtualHost broker;

  public Nodes() throws SQLException {
    database = TestServers.postgres().freshDatabase();
    opened.push(database);
    broker = TestServers.broker().freshVirtualHost();
    opened.push(broker);
  }

  /** Where the nodes' broker is. */
  public URI broker() {
    return broker.uri();
  }

  public SchedulerNode start(String name) throws Exception {
    return start(name, Map.of());
  }

  /** Starts a node with these settings besides. */
  public SchedulerNode start(String name, Map<String, String> more) throws Exception {
    Map<String, String> settings = new HashMap<>(more);
    settings.put("postgres.url", database.jdbcUrl());
    settings.put("postgres.user", database.user());
    settings.put("postgres.password", database.password());
    settings.put("rabbitmq.url", broker.uri().toString());
    settings.put("http.port", "0");
    settings.put("leader.lease-ttl", "3s");
    settings.put("leader.renew-every", "500ms");
    settings.put("leader.follower-poll", "100ms");
    SchedulerSettings read = SchedulerSettings.read(new SettingsInput(Map.of(), settings));
    SchedulerNode node = new SchedulerNode(read, name, "test", Faults.NONE, true);
    node.start();
    opened.push(node);
    return node;
  }

  /** Starts a node and waits until it leads. */
  public SchedulerNode leader(String name) throws Exception {
    SchedulerNode node = start(name);
    await().atMost(SOON).until(node::leading);
    return node;
  }

  /** An answer. */
  public record Answer(int status, String text) {
    public JsonNode json() {
      try {
        return JSON.readTree(text);
      } catch (IOException e) {
        throw new AssertionError(text, e);
      }
    }

    /** The same, when it is this. */
    public Answer is(int expected) {
      assertThat(status).as(text).isEqualTo(expected);
      return this;
    }

    /** The problem's text. */
    public String detail() {
      return json().path("detail").asText() + " " + json().path("problems");
    }
  }

  public Answer get(SchedulerNode node, String path) {
    return send(node, "GET", path, "application/json", "");
  }

  public Answer delete(SchedulerNode node, String path) {
    return send(node, "DELETE", path, "application/json", "");
  }

  public Answer post(SchedulerNode node, String path, String json) {
    return send(node, "POST", path, "application/json", json);
  }

  public Answer yaml(SchedulerNode node, String path, String yaml) {
    return send(node, "POST", path, "application/yaml", yaml);
  }

  public Answer send(SchedulerNode node, String method, String path, String type, String body) {
    try {
      HttpResponse<String> answer =
          client.send(
              HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + node.port() + path))
                  .header("Content-Type", type)
                  .method(method, BodyPublishers.ofString(body))
                  .build(),
              HttpResponse.BodyHandlers.ofString());
      return new Answer(answer.statusCode(), answer.body());
    } catch (IOException e) {
      throw new AssertionError(method + " " + path, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new AssertionError(method + " " + path, e);
    }
  }

  /** The first column of all rows, as text. */
  public List<String> texts(String sql) {
    try (var connection = database.connect();
        var statement = connection.createStatement()) {
      statement.execute("set search_path to millrace");
      List<String> found = new ArrayList<>();
      try (var rows = statement.executeQuery(sql)) {
        while (rows.next()) {
          found.add(rows.getString(1));
        }
      }
      return found;
    } catch (SQLException e) {
      throw new AssertionError(sql, e);
    }
  }

  /** Texts as a JSON string. */
  public static String quoted(String text) {
    return JSON.getNodeFactory().textNode(text).toString();
  }

  public HttpClient client() {
    return client;
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
