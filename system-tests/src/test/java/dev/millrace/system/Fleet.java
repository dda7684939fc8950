package dev.millrace.system;

import static org.awaitility.Awaitility.await;

import dev.millrace.testing.TestDatabase;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpClient;
import java.net.http.HttpRequest;
import java.net.http.HttpRequest.BodyPublishers;
import java.net.http.HttpResponse;
import java.net.http.HttpResponse.BodyHandlers;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * All processes of one test, their addresses, and what was asked of them. Closing it kills all of
 * them, and so does the end of the JVM. The test's thread.
 */
final class Fleet implements AutoCloseable {
  static final Duration POLL = Duration.ofMillis(20);

  private final Path directory;
  private final Map<String, String> database = new HashMap<>();
  private final String broker;
  private final Sql sql;
  private final List<NodeProcess> processes = new ArrayList<>();
  private final Map<String, Integer> enqueued = new LinkedHashMap<>();
  private final HttpClient http =
      HttpClient.newBuilder().connectTimeout(Duration.ofSeconds(5)).build();
  private final Thread lastResort = new Thread(this::killAll, "fleet-end");

  Fleet(String test, String url, String user, String password, URI broker) throws IOException {
    directory = Path.of("target", "system", test).toAbsolutePath();
    Files.createDirectories(directory);
    database.put("MILLRACE_POSTGRES_URL", url);
    database.put("MILLRACE_POSTGRES_USER", user);
    database.put("MILLRACE_POSTGRES_PASSWORD", password);
    this.broker = broker.toString();
    sql = new Sql(url, user, password);
    Runtime.getRuntime().addShutdownHook(lastResort);
  }

  static Fleet of(String test, TestDatabase database, URI broker) throws IOException {
    return new Fleet(test, database.jdbcUrl(), database.user(), database.password(), broker);
  }

  Path directory() {
    return directory;
  }

  Sql sql() {
    return sql;
  }

  NodeProcess scheduler() throws IOException {
    Map<String, String> settings = new HashMap<>(database);
    settings.put("MILLRACE_RABBITMQ_URL", broker);
    settings.put("MILLRACE_PORT", "0");
    return start("scheduler", settings, List.of("scheduler"));
  }

  /** A worker; it is told nothing about the database. */
  NodeProcess worker(String... pools) throws IOException {
    String work = directory.resolve("work" + processes.size()).toString();
    List<String> args = new ArrayList<>(List.of("worker", "--work-dir", work));
    args.addAll(List.of(pools));
    return start("worker", Map.of("MILLRACE_RABBITMQ_URL", broker), args);
  }

  private NodeProcess start(String kind, Map<String, String> settings, List<String> args)
      throws IOException {
    String name = kind + "-" + (processes.size() + 1);
    NodeProcess node = NodeProcess.start(name, settings, directory.resolve(name + ".log"), args);
    processes.add(node);
    return node;
  }

  /** Waits until all workers are seen alive by the leader. */
  void awaitWorkers(int count) {
    await("workers seen by the leader")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(POLL)
        .until(() -> sql.number("select count(*) from worker where state = 'ALIVE'") == count);
  }

  /** The process that holds the lease; waits until one does. */
  NodeProcess leader() {
    return await("a leader")
        .atMost(Duration.ofSeconds(30))
        .pollInterval(POLL)
        .ignoreExceptions()
        .until(this::leaderOrNull, node -> node != null);
  }

  private NodeProcess leaderOrNull() throws SQLException {
    String holder =
        sql.text(
            "select holder from lease where expires_at > clock_timestamp() and pid is not null");
    return processes.stream()
        .filter(NodeProcess::alive)
        .filter(node -> holder.endsWith("-" + node.pid()))
        .findFirst()
        .orElse(null);
  }

  long epoch() throws SQLException {
    return sql.number("select epoch from lease where name = 'leader'");
  }

  HttpResponse<String> get(NodeProcess node, String path) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(uri(node, path)).timeout(Duration.ofSeconds(20)).build();
    return http.send(request, BodyHandlers.ofString());
  }

  void apply(NodeProcess node, String job) throws IOException, InterruptedException {
    HttpRequest request =
        HttpRequest.newBuilder(uri(node, "/api/v1/jobs"))
            .header("Content-Type", "application/json")
            .timeout(Duration.ofSeconds(20))
            .POST(BodyPublishers.ofString(job))
            .build();
    HttpResponse<String> answer = http.send(request, BodyHandlers.ofString());
    if (answer.statusCode() != 201) {
      throw new IllegalStateException(answer.statusCode() + " " + answer.body());
    }
  }

  private static URI uri(NodeProcess node, String path) {
    return URI.create("http://127.0.0.1:" + node.port() + path);
  }

  /** As many run requests in the inbox, committed at once. */
  void enqueue(String job, int runs) throws SQLException {
    sql.execute(
        """
        insert into inbox (kind, namespace, job, body, actor, answer)
        select 'run.start', 'default', ?, '{}', 'system-test', false from generate_series(1, ?)
        """,
        job,
        runs);
    enqueued.merge(job, runs, Integer::sum);
  }

  Map<String, Integer> enqueued() {
    return Map.copyOf(enqueued);
  }

  long asked() {
    return enqueued.values().stream().mapToInt(Integer::intValue).sum();
  }

  long completed() throws SQLException {
    return sql.number("select count(*) from run where state = 'COMPLETED'");
  }

  void awaitCompleted(long runs, Duration limit) {
    await(runs + " runs completed")
        .atMost(limit)
        .pollInterval(POLL)
        .ignoreExceptions()
        .until(() -> completed() >= runs);
  }

  /** Waits until nothing is left to do: everything asked for is a run and every run is final. */
  void awaitAllFinal(Duration limit) {
    await("all runs final")
        .atMost(limit)
        .pollInterval(Duration.ofMillis(100))
        .ignoreExceptions()
        .until(
            () ->
                sql.number(
                        """
                        select (select count(*) from inbox) + (select count(*) from run where finished_at is null)
                             + abs(? - (select count(*) from run))
                        """,
                        asked())
                    == 0);
  }

  private void killAll() {
    processes.forEach(NodeProcess::close);
  }

  @Override
  public void close() throws SQLException {
    killAll();
    Runtime.getRuntime().removeShutdownHook(lastResort);
    sql.close();
  }
}
