package dev.millrace.system;

import static org.awaitility.Awaitility.await;

import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.testing.Witness;
import java.io.IOException;
import java.net.URI;
import java.net.http.HttpResponse;
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

  /** Gives back what only this fleet used. */
  @FunctionalInterface
  private interface Return {
    void give() throws IOException, SQLException;
  }

  private final Path directory;
  private final Map<String, String> database = new HashMap<>();
  private final String broker;
  private final Sql sql;
  private final List<NodeProcess> processes = new ArrayList<>();
  private final List<NodeProcess> schedulers = new ArrayList<>();
  private final List<NodeProcess> workers = new ArrayList<>();
  private final Map<String, Integer> enqueued = new LinkedHashMap<>();
  private final NodeApi api = new NodeApi();
  private final Witness witness;
  private final Map<String, String> more = new HashMap<>();
  private final List<Return> borrowed = new ArrayList<>();
  private final Thread lastResort = new Thread(this::killAll, "fleet-end");

  Fleet(String test, String url, String user, String password, URI broker) throws IOException {
    directory = Path.of("target", "system", test).toAbsolutePath();
    Files.createDirectories(directory);
    database.put("MILLRACE_POSTGRES_URL", url);
    database.put("MILLRACE_POSTGRES_USER", user);
    database.put("MILLRACE_POSTGRES_PASSWORD", password);
    this.broker = broker.toString();
    sql = new Sql(url, user, password);
    witness = new Witness(directory.resolve("witness.txt"));
    Files.deleteIfExists(witness.file());
    Runtime.getRuntime().addShutdownHook(lastResort);
  }

  /** On a database of its own, which goes with the fleet. */
  static Fleet on(String test, URI broker) throws IOException, SQLException {
    TestDatabase database = TestServers.postgres().freshDatabase();
    Fleet fleet = new Fleet(test, database.jdbcUrl(), database.user(), database.password(), broker);
    fleet.borrowed.add(database::close);
    return fleet;
  }

  /** On a database and a virtual host of its own, which go with the fleet. */
  static Fleet fresh(String test) throws IOException, SQLException {
    TestVirtualHost host = TestServers.broker().freshVirtualHost();
    Fleet fleet = on(test, host.uri());
    fleet.borrowed.add(host::close);
    return fleet;
  }

  /** Starts so many nodes; returns when all serve, one leads, and it sees the workers. */
  void start(int schedulerCount, int workerCount) throws IOException {
    for (int i = 0; i < schedulerCount; i++) {
      startScheduler();
    }
    for (int i = 0; i < workerCount; i++) {
      startWorker();
    }
    schedulers.forEach(NodeProcess::port);
    leader();
    if (workerCount > 0) {
      awaitWorkers(workerCount);
    }
  }

  /** Before the first node is started: all may look for files below this folder. */
  void allowFiles(Path root) {
    more.put("MILLRACE_SCHEDULER_FILE_ROOTS", root.toString());
    more.put("MILLRACE_FILE_ROOTS", root.toString());
  }

  /** Before the first node is started: all have this setting, by its name in the environment. */
  void set(String name, String value) {
    more.put(name, value);
  }

  List<NodeProcess> schedulers() {
    return List.copyOf(schedulers);
  }

  List<NodeProcess> workers() {
    return List.copyOf(workers);
  }

  /** Where the programs of the stages write what they did. */
  Witness witness() {
    return witness;
  }

  Sql sql() {
    return sql;
  }

  private void startScheduler() throws IOException {
    Map<String, String> settings = new HashMap<>(database);
    settings.put("MILLRACE_RABBITMQ_URL", broker);
    settings.put("MILLRACE_PORT", "0");
    settings.put("MILLRACE_TOKEN", NodeApi.TOKEN);
    settings.putAll(more);
    schedulers.add(start("scheduler", settings, List.of("scheduler")));
  }

  /** A scheduler that kills itself between the commit of runs and the ack of their messages. */
  NodeProcess startDoomedScheduler() throws IOException {
    Map<String, String> settings = new HashMap<>(database);
    settings.put("MILLRACE_RABBITMQ_URL", broker);
    settings.put("MILLRACE_PORT", "0");
    settings.put("MILLRACE_TOKEN", NodeApi.TOKEN);
    String name = "doomed-" + (processes.size() + 1);
    NodeProcess node =
        NodeProcess.start(
            name,
            NodeProcess.TEST_CLASS_PATH,
            DoomedScheduler.class.getName(),
            settings,
            directory.resolve("doomed.log"),
            List.of());
    processes.add(node);
    return node;
  }

  URI broker() {
    return URI.create(broker);
  }

  /** A worker is told nothing about the database. */
  private void startWorker() throws IOException {
    String work = directory.resolve("work" + processes.size()).toString();
    List<String> args = new ArrayList<>(List.of("worker", "--work-dir", work));
    args.addAll(List.of(Jobs.POOLS));
    Map<String, String> settings = new HashMap<>(more);
    settings.put("MILLRACE_RABBITMQ_URL", broker);
    workers.add(start("worker", settings, args));
  }

  private NodeProcess start(String kind, Map<String, String> settings, List<String> args)
      throws IOException {
    String name = kind + "-" + (processes.size() + 1);
    NodeProcess node =
        NodeProcess.start(
            name, NodeProcess.TEST_CLASS_PATH, settings, directory.resolve(name + ".log"), args);
    processes.add(node);
    return node;
  }

  private void awaitWorkers(int count) {
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

  private long epoch() throws SQLException {
    return sql.number("select epoch from lease where name = 'leader'");
  }

  /** Something that ends a leadership. */
  @FunctionalInterface
  interface Blow {
    void strike() throws Exception;
  }

  /** How long it takes from the blow until there is another term. */
  Duration nextTermAfter(Blow blow, Duration limit) throws Exception {
    long before = epoch();
    Stopwatch struck = Stopwatch.started();
    blow.strike();
    await("another term").atMost(limit).pollInterval(POLL).until(() -> epoch() > before);
    return struck.read();
  }

  /** What the tables call this worker. */
  String workerId(NodeProcess worker) throws SQLException {
    return sql.text("select id from worker where pid = ?", worker.pid());
  }

  /** Attempts of programs that are in this state on this worker: run, stage, attempt. */
  List<String> claims(String state, String workerId) throws SQLException {
    return sql.rows(
        """
        select run || ' ' || name || ' ' || attempt from stage
        where state = ? and worker = ? and pool = 'slow'
        """,
        row -> row.getString(1),
        state,
        workerId);
  }

  /** Waits until programs run on this worker, so that there is something to lose. */
  void awaitHeld(String workerId, int attempts, Duration limit) {
    await("the worker holds attempts")
        .atMost(limit)
        .pollInterval(POLL)
        .until(() -> claims("RUNNING", workerId).size() >= attempts);
  }

  HttpResponse<String> get(NodeProcess node, String path) throws IOException, InterruptedException {
    return api.get(node, path);
  }

  HttpResponse<String> post(String path, String json) throws IOException, InterruptedException {
    return api.post(leader(), path, json);
  }

  /** Every process dies at once; then as many are started as there were. */
  void restartAll() throws IOException, InterruptedException {
    int schedulerCount = schedulers.size();
    int workerCount = workers.size();
    for (NodeProcess process : processes) {
      process.kill();
    }
    schedulers.clear();
    workers.clear();
    start(schedulerCount, 0);
    for (int i = 0; i < workerCount; i++) {
      startWorker();
    }
    workers.forEach(this::awaitSeen);
  }

  private void awaitSeen(NodeProcess worker) {
    String alive = "select count(*) from worker where pid = ? and state = 'ALIVE'";
    await("the worker is seen")
        .atMost(Duration.ofSeconds(60))
        .pollInterval(POLL)
        .until(() -> sql.number(alive, worker.pid()) == 1);
  }

  /** One more scheduler; returns when some scheduler leads. */
  NodeProcess addScheduler() throws IOException {
    startScheduler();
    NodeProcess added = schedulers.getLast();
    added.port();
    leader();
    return added;
  }

  /** One more worker; returns when the leader sees it. */
  NodeProcess addWorker() throws IOException {
    startWorker();
    NodeProcess added = workers.getLast();
    awaitSeen(added);
    return added;
  }

  void apply(String job) throws IOException, InterruptedException {
    api.apply(leader(), job);
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

  /** So many runs were asked for in another way. */
  void askedFor(String job, int runs) {
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
  public void close() throws IOException, SQLException {
    killAll();
    Runtime.getRuntime().removeShutdownHook(lastResort);
    sql.close();
    for (Return each : borrowed) {
      each.give();
    }
  }
}
