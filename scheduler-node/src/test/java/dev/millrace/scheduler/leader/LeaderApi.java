package dev.millrace.scheduler.leader;

import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.artifact.ArtifactStores;
import dev.millrace.scheduler.http.HttpConfig;
import dev.millrace.scheduler.http.HttpServer;
import dev.millrace.scheduler.secret.Vaults;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.settings.EngineSettings;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.sql.SQLException;
import java.time.Clock;
import java.time.Duration;
import java.util.Map;

/**
 * A real leader behind a real server, over one database and one broker: the leader's turn is called
 * by hand, also while somebody waits for its answer. Used by one test's thread.
 */
final class LeaderApi implements AutoCloseable {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final Duration OFTEN = Duration.ofMillis(2);
  private static final NodeStatus STATUS = new NodeStatus("test", true, 1, "test", null, null);

  final TurnFixture at;
  private final HttpServer server;
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();

  /** An answer and where it came from. */
  record Answer(int status, String contentType, String text, String etag) {
    JsonNode json() {
      try {
        return JSON.readTree(text);
      } catch (JsonProcessingException e) {
        throw new AssertionError(text, e);
      }
    }
  }

  LeaderApi(EngineSettings settings) throws Exception {
    at = new TurnFixture(settings);
    server =
        new HttpServer(
            new HttpConfig("127.0.0.1", 0, null, "test", "0.1.0"),
            at.database.api(),
            at.commands(),
            new ArtifactStore(at.database.api(), ArtifactStores.settings(), Clock.systemUTC()),
            Vaults.of(at.database.api()),
            () -> STATUS,
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    server.start();
  }

  private HttpRequest.Builder request(String path) {
    return HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
  }

  Answer get(String path) throws IOException, InterruptedException {
    return answer(client.send(request(path).build(), HttpResponse.BodyHandlers.ofString()));
  }

  /** Sends what the leader has to answer, and lets it. */
  Answer send(String method, String path, String type, String body) {
    return send(method, path, type, body, Map.of());
  }

  /**
   * The same with headers.
   *
   * @param type null for none
   */
  Answer send(String method, String path, String type, String body, Map<String, String> headers) {
    HttpRequest.Builder request =
        request(path).method(method, HttpRequest.BodyPublishers.ofString(body));
    headers.forEach(request::header);
    if (type != null) {
      request.header("Content-Type", type);
    }
    var coming = client.sendAsync(request.build(), HttpResponse.BodyHandlers.ofString());
    await()
        .atMost(SOON)
        .pollInSameThread()
        .pollDelay(Duration.ZERO)
        .pollInterval(OFTEN)
        .until(
            () -> {
              at.pass();
              return coming.isDone();
            });
    return answer(coming.join());
  }

  Answer post(String path, String json) {
    return send("POST", path, "application/json", json);
  }

  private static Answer answer(HttpResponse<String> http) {
    return new Answer(
        http.statusCode(),
        http.headers().firstValue("Content-Type").orElse(""),
        http.body(),
        http.headers().firstValue("ETag").orElse(null));
  }

  @Override
  public void close() throws IOException, SQLException {
    server.close();
    at.close();
  }
}
