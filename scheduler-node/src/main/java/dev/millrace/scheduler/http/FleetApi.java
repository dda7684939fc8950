package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.scheduler.store.PoolScales;
import dev.millrace.scheduler.store.ReadsFleet;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/** Workers, pools, and the state of the whole. Any thread. */
final class FleetApi {
  static final String TAG = "fleet";
  private static final int WORKERS_MAX = 10_000;
  private static final long LOOK_WAIT_MAX_SECONDS = 2;
  private static final int POOLS_MAX = 500;
  private static final long NUMBERS_KEPT_NANOS = 1_000_000_000L;

  /** The numbers that cost something, of one moment; kept for a second, whoever asks. */
  private record Numbers(
      long takenAtNanos,
      Instant databaseNow,
      ReadsFleet.Totals totals,
      List<ReadsFleet.PoolCount> pools,
      Map<String, Integer> desired,
      List<Fleet.Member> workers) {}

  private final HttpConfig config;
  private final Jdbi jdbi;
  private final Supplier<NodeStatus> status;
  private final ReentrantLock looking = new ReentrantLock();
  private Numbers numbers;

  FleetApi(HttpConfig config, Jdbi jdbi, Supplier<NodeStatus> status) {
    this.config = config;
    this.jdbi = jdbi;
    this.status = status;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/workers", TAG, "Workers", "WorkerPage", this::workers)
            .needs(Role.VIEWER, Scope.ANYONE)
            .query("all", "limit", "after"),
        get("/api/v1/pools", TAG, "Pools and their backlog", "PoolPage", this::pools)
            .needs(Role.VIEWER, Scope.ANYONE)
            .query("limit", "after"),
        get("/api/v1/status", TAG, "This node and the whole", "Status", this::status)
            .needs(Role.VIEWER, Scope.ANYONE));
  }

  private void workers(Call call) {
    int limit = call.limit();
    String after = call.query("after");
    boolean all = call.flag("all");
    jdbi.useHandle(
        handle -> {
          List<ReadsFleet.Worker> rows =
              ReadsFleet.workers(handle, after == null ? "" : after, all, limit);
          ArrayNode items = Json.array();
          rows.forEach(row -> items.add(worker(Fleet.Member.of(row))));
          call.page(items, rows.size() < limit ? null : rows.getLast().id());
        });
  }

  private static ObjectNode worker(Fleet.Member worker) {
    ReadsFleet.Worker row = worker.row();
    ObjectNode node = Json.object();
    node.put("id", row.id());
    node.put("host", row.host());
    node.put("pid", Long.toString(row.pid()));
    node.put("version", row.version());
    node.put("state", row.state());
    node.put("draining", row.draining());
    node.put("open", row.open());
    ArrayNode pools = node.putArray("pools");
    worker
        .slots()
        .forEach((pool, slots) -> pools.addObject().put("pool", pool).put("slots", slots));
    ArrayNode handlers = node.putArray("handlers");
    worker.handlers().forEach(handlers::add);
    node.put("startedAt", Json.text(row.startedAt()));
    return node.put("seenAt", Json.text(row.seenAt()));
  }

  private void pools(Call call) throws InterruptedException {
    int limit = call.limit();
    String after = call.query("after");
    Numbers now = numbers();
    ArrayNode items = Json.array();
    String next = null;
    for (ReadsFleet.PoolCount pool : now.pools()) {
      if (after != null && pool.name().compareTo(after) <= 0) {
        continue;
      }
      if (items.size() == limit) {
        next = items.get(limit - 1).path("name").asText();
        break;
      }
      items.add(pool(pool, now));
    }
    call.page(items, next);
  }

  /** What was looked up before is not good enough any more: something of it was just changed. */
  void changed() {
    looking.lock();
    try {
      numbers = null;
    } finally {
      looking.unlock();
    }
  }

  /** A pool as it is now, or a problem. */
  ObjectNode pool(String name) throws InterruptedException {
    Numbers now = numbers();
    return now.pools().stream()
        .filter(pool -> pool.name().equals(name))
        .findFirst()
        .map(pool -> pool(pool, now))
        .orElseThrow(() -> noPool(name));
  }

  static Problem.Refused noPool(String name) {
    return Problem.notFound(
        "there is no pool '" + Call.shortened(name) + "'",
        "A pool is there when a stage or a worker names it; GET /api/v1/pools lists them.");
  }

  private static ObjectNode pool(ReadsFleet.PoolCount pool, Numbers now) {
    List<Fleet.Member> serving =
        now.workers().stream().filter(worker -> worker.serves(pool.name())).toList();
    ObjectNode node = Json.object();
    node.put("name", pool.name());
    node.put("workers", serving.size());
    node.put("slots", serving.stream().mapToInt(w -> w.slots().get(pool.name())).sum());
    node.put("ready", pool.ready());
    node.put("readyIsAtLeast", pool.ready() == ReadsFleet.COUNT_MAX);
    node.put("queued", pool.queued());
    node.put("running", pool.running());
    return node.put("desired", now.desired().get(pool.name()));
  }

  private void status(Call call) throws InterruptedException {
    NodeStatus node = status.get();
    ObjectNode body = Json.object();
    body.put("node", node.node());
    body.put("version", config.version());
    body.put("leader", node.leader());
    body.put("leaderNode", node.leaderNode());
    body.put("epoch", Long.toString(node.epoch()));
    body.put("ready", node.ready());
    body.put("databaseProblem", node.databaseProblem());
    body.put("brokerProblem", node.brokerProblem());
    Numbers now = numbers();
    body.put("databaseNow", Json.text(now.databaseNow()));
    ObjectNode counts = body.putObject("counts");
    counts.put("jobs", now.totals().jobs());
    counts.put("openRuns", now.totals().openRuns());
    counts.put("runsOfMinute", now.totals().runsOfMinute());
    counts.put("failedOfMinute", now.totals().failedOfMinute());
    counts.put("workers", now.workers().size());
    counts.put(
        "slots",
        now.workers().stream().flatMap(w -> w.slots().values().stream()).mapToInt(n -> n).sum());
    counts.put("ready", now.pools().stream().mapToLong(ReadsFleet.PoolCount::ready).sum());
    counts.put("queued", now.pools().stream().mapToLong(ReadsFleet.PoolCount::queued).sum());
    counts.put("running", now.pools().stream().mapToLong(ReadsFleet.PoolCount::running).sum());
    counts.put("countedUpTo", ReadsFleet.COUNT_MAX);
    call.answer(200, body);
  }

  /** One caller looks, the others wait for what it finds; nobody waits for long. */
  private Numbers numbers() throws InterruptedException {
    if (!looking.tryLock(LOOK_WAIT_MAX_SECONDS, TimeUnit.SECONDS)) {
      throw new Problem.Refused(Problem.unavailable("the database answers too slowly"));
    }
    try {
      return look();
    } finally {
      looking.unlock();
    }
  }

  private Numbers look() {
    long nowNanos = System.nanoTime();
    if (numbers == null || nowNanos - numbers.takenAtNanos() > NUMBERS_KEPT_NANOS) {
      numbers =
          jdbi.withHandle(
              handle -> {
                Instant now = ReadsFleet.databaseNow(handle);
                long minuteFrom = RunId.firstAt(now.toEpochMilli() - 60_000);
                return new Numbers(
                    nowNanos,
                    now,
                    ReadsFleet.totals(handle, minuteFrom),
                    ReadsFleet.pools(handle, "", POOLS_MAX),
                    PoolScales.all(handle),
                    ReadsFleet.workers(handle, "", false, WORKERS_MAX).stream()
                        .map(Fleet.Member::of)
                        .toList());
              });
    }
    return numbers;
  }
}
