package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.status.NodeStatus;
import dev.millrace.scheduler.store.ReadsOverview;
import java.time.Duration;
import java.time.Instant;
import java.time.temporal.ChronoUnit;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.locks.ReentrantLock;
import java.util.function.Predicate;
import java.util.function.Supplier;
import org.jdbi.v3.core.Jdbi;

/** Whether all is well, and if not, what: one answer. Any thread. */
final class OverviewApi {
  private static final int MINUTES = 60;
  private static final long KEPT_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long LOOK_WAIT_MAX_SECONDS = 2;

  private final Jdbi jdbi;
  private final Supplier<NodeStatus> status;
  private final ReentrantLock looking = new ReentrantLock();
  private Whole known;
  private long knownAtNanos;

  OverviewApi(Jdbi jdbi, Supplier<NodeStatus> status) {
    this.jdbi = jdbi;
    this.status = status;
  }

  List<Route> routes() {
    return List.of(
        get(
                "/api/v1/overview",
                FleetApi.TAG,
                "Whether all is well, and if not, what",
                "Overview",
                this::overview)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace"));
  }

  private void overview(Call call) throws InterruptedException {
    Predicate<String> sees;
    if (Principal.EVERYWHERE.equals(call.query("namespace"))) {
      sees = call.principal()::sees;
    } else {
      String namespace = call.namespace();
      call.require(namespace, Role.VIEWER);
      sees = namespace::equals;
    }
    call.answer(200, view(whole().of(sees), status.get()));
  }

  /** One caller looks, the others have what it finds; nobody waits for long. */
  private Whole whole() throws InterruptedException {
    if (!looking.tryLock(LOOK_WAIT_MAX_SECONDS, TimeUnit.SECONDS)) {
      throw new Problem.Refused(Problem.unavailable("the database answers too slowly"));
    }
    try {
      if (known == null || System.nanoTime() - knownAtNanos > KEPT_NANOS) {
        known = jdbi.withHandle(Whole::read);
        knownAtNanos = System.nanoTime();
      }
      return known;
    } finally {
      looking.unlock();
    }
  }

  static ObjectNode view(Whole whole, NodeStatus node) {
    List<Trouble.Item> problems = Trouble.of(whole, node);
    ObjectNode body = Json.object();
    body.put("databaseNow", Json.text(whole.leader().now()));
    body.put(
        "state",
        problems.isEmpty() ? "well" : problems.getFirst().severity()); // the worst is the first
    runs(body.putObject("runs"), whole);
    pools(body.putObject("backlog").putArray("pools"), whole);
    lateness(body.putObject("lateness"), whole);
    ObjectNode workers = body.putObject("workers");
    for (String state : List.of("alive", "suspect", "lost")) {
      workers.put(
          state,
          whole.workers().stream()
              .filter(worker -> worker.row().state().equalsIgnoreCase(state))
              .count());
    }
    body.putObject("deadLetters").put("open", Whole.sum(whole.deadLetters()));
    body.putObject("ticks")
        .put(
            "unaccounted",
            whole.standing().stream()
                .filter(one -> one.name().equals("ticks.unaccounted"))
                .mapToLong(ReadsOverview.Standing::value)
                .sum())
        .put("missed", whole.missed().stream().mapToLong(ReadsOverview.Missed::ticks).sum());
    body.putObject("leader")
        .put("node", whole.leader().holder())
        .put("epoch", Long.toString(whole.leader().epoch()))
        .put("since", Json.text(whole.leader().since()));
    body.put("countedUpTo", ReadsOverview.COUNT_MAX);
    ArrayNode shown = body.putArray("problems");
    problems.forEach(
        problem ->
            shown
                .addObject()
                .put("severity", problem.severity())
                .put("what", problem.what())
                .put("detail", problem.detail())
                .put("remedy", problem.remedy())
                .put("link", problem.link()));
    return body;
  }

  private static void runs(ObjectNode node, Whole whole) {
    Map<Instant, long[]> counts = new HashMap<>();
    for (ReadsOverview.Minute minute : whole.minutes()) {
      long[] count = counts.computeIfAbsent(minute.at(), any -> new long[2]);
      count[0] += minute.completed();
      count[1] += minute.failed();
    }
    node.put("open", Whole.sum(whole.open()) + Whole.sum(whole.pending()));
    node.put(
        "running",
        whole.inFlight().stream()
            .filter(one -> one.state().equals("RUNNING") && !one.led())
            .mapToLong(ReadsOverview.InFlight::count)
            .sum());
    node.put("pending", Whole.sum(whole.pending()));
    node.put("completedOfHour", counts.values().stream().mapToLong(count -> count[0]).sum());
    node.put("failedOfHour", counts.values().stream().mapToLong(count -> count[1]).sum());
    ArrayNode minutes = node.putArray("perMinute");
    Instant last = whole.leader().now().truncatedTo(ChronoUnit.MINUTES);
    for (int i = MINUTES - 1; i >= 0; i--) {
      Instant at = last.minus(i, ChronoUnit.MINUTES);
      long[] count = counts.getOrDefault(at, new long[2]);
      minutes
          .addObject()
          .put("at", Json.text(at))
          .put("completed", count[0])
          .put("failed", count[1]);
    }
  }

  /** What is where in a pool. */
  private static final class Backlog {
    private long ready;
    private long queued;
    private long running;
    private Instant oldest;
  }

  private static void pools(ArrayNode pools, Whole whole) {
    Map<String, Backlog> byName = new TreeMap<>();
    whole.workers().stream()
        .filter(worker -> worker.row().state().equals("ALIVE"))
        .flatMap(worker -> worker.slots().keySet().stream())
        .forEach(pool -> byName.computeIfAbsent(pool, any -> new Backlog()));
    for (ReadsOverview.Ready one : whole.ready()) {
      Backlog backlog = byName.computeIfAbsent(one.pool(), any -> new Backlog());
      backlog.ready += one.count();
      boolean older =
          one.oldest() != null && (backlog.oldest == null || one.oldest().isBefore(backlog.oldest));
      backlog.oldest = older ? one.oldest() : backlog.oldest;
    }
    for (ReadsOverview.InFlight one : whole.inFlight()) {
      if (one.led() || one.pool().isEmpty()) {
        continue;
      }
      Backlog backlog = byName.computeIfAbsent(one.pool(), any -> new Backlog());
      backlog.queued += one.state().equals("QUEUED") ? one.count() : 0;
      backlog.running += one.state().equals("RUNNING") ? one.count() : 0;
    }
    byName.forEach(
        (name, backlog) ->
            pools
                .addObject()
                .put("name", name)
                .put("ready", backlog.ready)
                .put("queued", backlog.queued)
                .put("running", backlog.running)
                .put("slots", whole.slots(name))
                .put("oldestReadySeconds", seconds(backlog.oldest, whole)));
  }

  private static Long seconds(Instant since, Whole whole) {
    return since == null
        ? null
        : Math.max(0, Duration.between(since, whole.leader().now()).toSeconds());
  }

  private static void lateness(ObjectNode node, Whole whole) {
    node.put("p50Millis", whole.lateMillis(50)).put("p99Millis", whole.lateMillis(99));
    ReadsOverview.Late worst =
        whole.late().stream()
            .max(Comparator.comparingLong(ReadsOverview.Late::millis))
            .orElse(null);
    if (worst == null) {
      node.putNull("worst");
    } else {
      node.putObject("worst")
          .put("job", worst.job())
          .put("namespace", worst.namespace())
          .put("seconds", Math.max(0, worst.millis()) / 1_000.0);
    }
  }
}
