package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.zaxxer.hikari.HikariConfig;
import com.zaxxer.hikari.HikariDataSource;
import dev.millrace.scheduler.artifact.ArtifactStore;
import dev.millrace.scheduler.artifact.ArtifactStores;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.secret.Vaults;
import dev.millrace.scheduler.status.NodeStatus;
import io.micrometer.prometheusmetrics.PrometheusConfig;
import io.micrometer.prometheusmetrics.PrometheusMeterRegistry;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpResponse;
import java.time.Clock;
import java.util.concurrent.atomic.AtomicReference;
import java.util.function.UnaryOperator;
import org.flywaydb.core.Flyway;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.postgres.PostgresPlugin;

/** A real server over a real database, with a leader that only a test needs. One test's thread. */
final class ApiFixture implements AutoCloseable {
  static final NodeStatus HEALTHY = new NodeStatus("node-1", true, 7, "node-1", null, null);

  final HikariDataSource pool;
  final Jdbi jdbi;
  final Rows rows;
  final ArtifactStore artifacts;
  final HttpServer server;
  final TestLeader leader;
  final AtomicReference<NodeStatus> status = new AtomicReference<>(HEALTHY);
  private final HttpClient client =
      HttpClient.newBuilder().version(HttpClient.Version.HTTP_1_1).build();
  private final String token;

  ApiFixture(String url, String user, String password, String token, int port) throws Exception {
    this(url, user, password, token, port, variable -> null);
  }

  /**
   * @param environment what definitions may refer to
   */
  ApiFixture(
      String url,
      String user,
      String password,
      String token,
      int port,
      UnaryOperator<String> environment)
      throws Exception {
    this.token = token;
    Flyway.configure()
        .dataSource(url, user, password)
        .schemas("millrace")
        .locations("classpath:dev/millrace/scheduler/store/migration")
        .load()
        .migrate();
    HikariConfig settings = new HikariConfig();
    settings.setJdbcUrl(url);
    settings.setUsername(user);
    settings.setPassword(password);
    settings.setConnectionInitSql("set search_path to millrace");
    settings.setConnectionTimeout(1_500);
    settings.setValidationTimeout(1_000);
    settings.setMaximumPoolSize(8);
    pool = new HikariDataSource(settings);
    jdbi = Jdbi.create(pool).installPlugin(new PostgresPlugin());
    rows = new Rows(jdbi);
    leader = new TestLeader(jdbi, rows);
    Commands commands = new Commands(jdbi, leader::nudge);
    leader.answersTo(commands);
    artifacts = new ArtifactStore(jdbi, ArtifactStores.settings(), Clock.systemUTC());
    server =
        new HttpServer(
            new HttpConfig("127.0.0.1", port, token, "node-1", "0.1.0", environment),
            jdbi,
            commands,
            artifacts,
            Vaults.of(jdbi),
            status::get,
            new PrometheusMeterRegistry(PrometheusConfig.DEFAULT));
    server.start();
  }

  /** An answer, its body read as JSON when it is some. */
  record Answer(int status, String text, HttpResponse<String> http) {
    JsonNode json() {
      return Json.stored(text);
    }

    String header(String name) {
      return http.headers().firstValue(name).orElse(null);
    }
  }

  HttpRequest.Builder request(String path) {
    HttpRequest.Builder request =
        HttpRequest.newBuilder(URI.create("http://127.0.0.1:" + server.port() + path));
    return token == null ? request : request.header("Authorization", "Bearer " + token);
  }

  Answer send(HttpRequest request) throws IOException, InterruptedException {
    HttpResponse<String> response = client.send(request, HttpResponse.BodyHandlers.ofString());
    return new Answer(response.statusCode(), response.body(), response);
  }

  Answer get(String path) throws IOException, InterruptedException {
    return send(request(path).build());
  }

  Answer post(String path, String type, String body) throws IOException, InterruptedException {
    return send(
        request(path)
            .header("Content-Type", type)
            .POST(HttpRequest.BodyPublishers.ofString(body))
            .build());
  }

  Answer post(String path, String json) throws IOException, InterruptedException {
    return post(path, "application/json", json);
  }

  HttpClient client() {
    return client;
  }

  @Override
  public void close() {
    leader.close();
    server.close();
    pool.close();
  }
}
