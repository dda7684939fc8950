package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.JobRef;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Dependencies.Kind;
import dev.millrace.scheduler.store.ReadsGraph;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/** Which jobs wait for which, with what became of each. Any thread. */
final class GraphApi {
  private static final int JOBS_MAX = 5_000;
  private static final int EDGES_MAX = 50_000;
  private static final int NEAR_MAX = 500;
  private static final int DEPTH_MAX = 100;

  private final Jdbi jdbi;

  GraphApi(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  List<Route> routes() {
    return List.of(
        get("/api/v1/graph", "jobs", "Jobs that wait for jobs, by levels", "Graph", this::all)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace"),
        get(
                "/api/v1/jobs/{job}/graph",
                "jobs",
                "The jobs around one: those it waits for, and those that wait for it",
                "Graph",
                this::near)
            .needs(Role.VIEWER, Scope.QUERY)
            .query("namespace", "depth"));
  }

  private void all(Call call) {
    String namespace = call.namespace();
    jdbi.useHandle(
        handle -> {
          List<ReadsGraph.Node> own = ReadsGraph.nodes(handle, namespace, JOBS_MAX + 1);
          List<ReadsGraph.Said> all = ReadsGraph.edges(handle, namespace, EDGES_MAX + 1);
          if (own.size() > JOBS_MAX || all.size() > EDGES_MAX) {
            throw tooLarge(namespace);
          }
          List<ReadsGraph.Said> said = seen(call, all);
          Set<JobRef> others = new LinkedHashSet<>();
          for (ReadsGraph.Said each : said) {
            others.add(each.from());
            others.add(each.edge().to());
          }
          own.forEach(node -> others.remove(node.job()));
          List<ReadsGraph.Node> nodes = new ArrayList<>(own);
          nodes.addAll(others.isEmpty() ? List.of() : nodes(handle, call, others));
          call.answer(200, graph(namespace, nodes, said, false));
        });
  }

  /** What jobs say that the caller may see. */
  private static List<ReadsGraph.Said> seen(Call call, List<ReadsGraph.Said> said) {
    return said.stream().filter(each -> call.principal().sees(each.from().namespace())).toList();
  }

  /** Of jobs that the caller may not see, only what others say: their names. */
  private static List<ReadsGraph.Node> nodes(Handle handle, Call call, Set<JobRef> jobs) {
    return ReadsGraph.nodes(handle, jobs).stream()
        .map(
            node ->
                call.principal().sees(node.job().namespace())
                    ? node
                    : ReadsGraph.Node.unknown(node.job()))
        .toList();
  }

  private static Problem.Refused tooLarge(String namespace) {
    return new Problem.Refused(
        new Problem(
            422,
            "too-large",
            "Too large",
            "namespace '"
                + namespace
                + "' has more than "
                + JOBS_MAX
                + " jobs, or "
                + EDGES_MAX
                + " dependencies; no graph of that size is made",
            "Ask for the jobs around one: GET /api/v1/jobs/{job}/graph."));
  }

  private void near(Call call) {
    String depth = call.query("depth");
    long steps = depth == null ? 1 : Call.number("depth", depth);
    if (steps < 1 || steps > DEPTH_MAX) {
      throw Problem.badRequest(
          "depth is " + steps + ", possible are 1.." + DEPTH_MAX, "Send ?depth=1 or more.");
    }
    jdbi.useHandle(
        handle -> {
          JobsApi.find(handle, call.namespace(), call.path("job"));
          JobRef centre = new JobRef(call.namespace(), call.path("job"));
          Near near = new Near(call, centre);
          near.grow(handle, true, (int) steps);
          near.grow(handle, false, (int) steps);
          List<ReadsGraph.Node> nodes = nodes(handle, call, near.jobs);
          call.answer(200, graph(call.namespace(), nodes, List.copyOf(near.said), near.truncated));
        });
  }

  /** The jobs around one. */
  private static final class Near {
    private final Call call;
    private final JobRef centre;
    private final Set<JobRef> jobs = new LinkedHashSet<>();
    private final Set<ReadsGraph.Said> said = new LinkedHashSet<>();
    private boolean truncated;

    Near(Call call, JobRef centre) {
      this.call = call;
      this.centre = centre;
      jobs.add(centre);
    }

    /** Whom they wait for, step by step, or who waits for them. */
    void grow(Handle handle, boolean upstream, int steps) {
      Set<JobRef> edge = Set.of(centre);
      Set<JobRef> seen = new HashSet<>(edge);
      for (int step = 0; step < steps && !edge.isEmpty() && !truncated; step++) {
        List<ReadsGraph.Said> found =
            upstream
                ? ReadsGraph.saidBy(handle, edge, EDGES_MAX)
                : ReadsGraph.saidOf(handle, edge, EDGES_MAX);
        Set<JobRef> next = new LinkedHashSet<>();
        for (ReadsGraph.Said each : seen(call, found)) {
          JobRef other = upstream ? each.edge().to() : each.from();
          if (jobs.size() >= NEAR_MAX && !jobs.contains(other)) {
            truncated = true;
            continue;
          }
          jobs.add(other);
          said.add(each);
          if (seen.add(other)) {
            next.add(other);
          }
        }
        edge = next;
      }
    }
  }

  private static ObjectNode graph(
      String namespace,
      List<ReadsGraph.Node> nodes,
      List<ReadsGraph.Said> said,
      boolean truncated) {
    Map<JobRef, Integer> levels = Levels.of(nodes, said);
    ObjectNode answer = Json.object().put("namespace", namespace).put("truncated", truncated);
    ArrayNode shown = answer.putArray("nodes");
    nodes.stream()
        .sorted(
            Comparator.comparing((ReadsGraph.Node node) -> levels.get(node.job()))
                .thenComparing(node -> node.job().toString()))
        .forEach(node -> node(shown.addObject(), node, levels.get(node.job())));
    ArrayNode edges = answer.putArray("edges");
    for (ReadsGraph.Said each : said) {
      edges
          .addObject()
          .put("from", each.edge().to().toString())
          .put("to", each.from().toString())
          .put("kind", each.edge().kind().word());
    }
    return answer;
  }

  private static void node(ObjectNode into, ReadsGraph.Node node, int level) {
    into.put("id", node.job().toString());
    into.put("job", node.job().job()).put("namespace", node.job().namespace());
    into.put("level", level);
    into.put("state", node.state() == null ? "UNKNOWN" : node.state());
    into.put("nextTick", Json.text(node.nextAt()));
    if (node.lastRun() == null) {
      into.putNull("lastRun");
      return;
    }
    into.putObject("lastRun")
        .put("id", new RunId(node.lastRun()).toString())
        .put("state", node.lastState())
        .put("createdAt", Json.text(node.lastCreatedAt()))
        .put("finishedAt", Json.text(node.lastFinishedAt()));
  }

  /** True for an edge along which a job waits. */
  static boolean waits(ReadsGraph.Said said) {
    return said.edge().kind() != Kind.RUN;
  }
}
