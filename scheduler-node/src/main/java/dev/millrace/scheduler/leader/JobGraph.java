package dev.millrace.scheduler.leader;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.scheduler.definition.JobEdges;
import dev.millrace.scheduler.store.Dependencies;
import dev.millrace.scheduler.store.Dependencies.Edge;
import dev.millrace.scheduler.store.Dependencies.Kind;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Deque;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/**
 * Which jobs wait for which, by their names: what the table says, kept for a term. A job that is
 * not there yet may be named. The leader's thread.
 */
final class JobGraph {
  private static final int NAMED_MAX = 5;

  private record Node(JobRef ref, Set<Edge> edges) {}

  private final Map<Long, Node> nodes = new HashMap<>();
  private final Map<JobRef, Long> byRef = new HashMap<>();

  /** By who is waited for, those who say so, in the order of their names. */
  private final Map<JobRef, Map<String, Node>> dependents = new HashMap<>();

  /** What the table says, instead of what was known. */
  void load(Handle tx) {
    nodes.clear();
    byRef.clear();
    dependents.clear();
    for (Dependencies.Row row : Dependencies.all(tx)) {
      add(row.job(), row.from(), List.of(row.edge()));
    }
  }

  private void add(long job, JobRef ref, Collection<Edge> edges) {
    Node node = nodes.computeIfAbsent(job, any -> new Node(ref, new LinkedHashSet<>()));
    byRef.put(ref, job);
    node.edges.addAll(edges);
    for (Edge edge : edges) {
      dependents.computeIfAbsent(edge.to(), any -> new TreeMap<>()).put(ref.toString(), node);
    }
  }

  /** What the job's new version says. */
  void put(Handle tx, Jobs.Row job, JobDefinition definition) {
    Set<Edge> edges = JobEdges.of(definition);
    boolean had = forget(job.id());
    if (!edges.isEmpty()) {
      add(job.id(), definition.ref(), edges);
    }
    if (had || !edges.isEmpty()) {
      Dependencies.put(tx, job.id(), edges);
    }
  }

  /** The job has lost its name. */
  void drop(Handle tx, long job) {
    if (forget(job)) {
      Dependencies.drop(tx, job);
    }
  }

  private boolean forget(long job) {
    Node node = nodes.remove(job);
    if (node == null) {
      return false;
    }
    byRef.remove(node.ref);
    for (Edge edge : node.edges) {
      Map<String, Node> known = dependents.get(edge.to());
      known.remove(node.ref.toString());
      if (known.isEmpty()) {
        dependents.remove(edge.to());
      }
    }
    return true;
  }

  /** True when runs of some job require what becomes of this one. */
  boolean isRequired(JobRef job) {
    Map<String, Node> known = dependents.get(job);
    return known != null
        && known.values().stream()
            .anyMatch(node -> node.edges.contains(new Edge(Kind.REQUIRES, job)));
  }

  /** Jobs that name this one, but for itself. */
  List<JobRef> dependents(JobRef job) {
    return dependents.getOrDefault(job, Map.of()).values().stream()
        .map(Node::ref)
        .filter(ref -> !ref.equals(job))
        .toList();
  }

  /** The names in one text, of many the first. */
  static String names(List<JobRef> jobs, String namespace) {
    int named = Math.min(NAMED_MAX, jobs.size());
    List<String> first =
        jobs.subList(0, named).stream().map(ref -> ref.seenFrom(namespace)).toList();
    String text = "'" + String.join("', '", first) + "'";
    return jobs.size() > named ? text + " and " + (jobs.size() - named) + " more" : text;
  }

  /**
   * The jobs that would wait for each other if this were a job's definition, from the job to
   * itself; empty when none would. Only {@code after} and {@code requires} wait.
   *
   * @param others what other jobs are about to say at the same time
   */
  Optional<List<JobRef>> cycle(JobDefinition definition, Map<JobRef, Set<Edge>> others) {
    JobRef start = definition.ref();
    Map<JobRef, JobRef> cameFrom = new HashMap<>();
    Deque<JobRef> open = new ArrayDeque<>();
    for (Edge edge : JobEdges.of(definition)) {
      if (edge.kind() != Kind.RUN && cameFrom.putIfAbsent(edge.to(), start) == null) {
        open.add(edge.to());
      }
    }
    while (!cameFrom.containsKey(start) && !open.isEmpty()) {
      JobRef at = open.poll();
      Long job = byRef.get(at);
      Set<Edge> known = job == null ? Set.of() : nodes.get(job).edges;
      for (Edge edge : others.getOrDefault(at, known)) {
        if (edge.kind() != Kind.RUN && cameFrom.putIfAbsent(edge.to(), at) == null) {
          open.add(edge.to());
        }
      }
    }
    return cameFrom.containsKey(start) ? Optional.of(path(cameFrom, start)) : Optional.empty();
  }

  private static List<JobRef> path(Map<JobRef, JobRef> cameFrom, JobRef start) {
    List<JobRef> path = new ArrayList<>(List.of(start));
    for (JobRef at = cameFrom.get(start); !at.equals(start); at = cameFrom.get(at)) {
      path.add(0, at);
    }
    path.add(0, start);
    return path;
  }

  /** Where in a definition a job is named, for whoever has to change it. */
  static String place(JobDefinition job, JobRef named) {
    Set<String> places = new LinkedHashSet<>();
    for (int i = 0; i < job.events().size(); i++) {
      if (job.events().get(i) instanceof AfterTrigger after
          && after.jobs().stages().stream()
              .anyMatch(name -> JobRef.of(name, job.namespace()).equals(named))) {
        places.add("the trigger after " + String.join(", ", after.jobs().stages()));
      }
    }
    if (JobEdges.of(job).contains(new Edge(Kind.REQUIRES, named))) {
      places.add("requires");
    }
    return String.join(" and ", places);
  }

  /** Jobs that a definition waits for and that are not there. */
  static List<JobRef> unknown(Handle tx, Catalog catalog, JobDefinition definition) {
    Set<JobRef> unknown = new HashSet<>();
    List<JobRef> inOrder = new ArrayList<>();
    for (Edge edge : JobEdges.of(definition)) {
      JobRef to = edge.to();
      if (edge.kind() != Kind.RUN
          && !unknown.contains(to)
          && catalog.find(tx, to.namespace(), to.job()) == null) {
        unknown.add(to);
        inOrder.add(to);
      }
    }
    return inOrder;
  }
}
