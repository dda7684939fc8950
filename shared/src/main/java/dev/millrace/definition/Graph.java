package dev.millrace.definition;

import dev.millrace.expression.DidYouMean;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * Checks of the graph as a whole: doubles, unknown needs, cycles, depth. Confined to one thread.
 *
 * <p>A stage waits for what it needs and for what the groups around it need; a group waits for what
 * it needs and for the stages in it.
 */
final class Graph {
  static final int DEPTH_MAX = 100;

  private final Problems problems;
  private final Map<String, StageReader.Node> nodes = new LinkedHashMap<>();

  /** By stage and by the other stage, so that a need that is written often costs once. */
  private final Map<String, Map<String, Edge>> edges = new HashMap<>();

  /** Length of the longest chain that ends in a stage; 0 while the stage is being visited. */
  private final Map<String, Integer> depths = new HashMap<>();

  private final List<String> chain = new ArrayList<>();

  /**
   * @param own false for what the group around it waits for; a cycle through it is told of once, at
   *     the group
   */
  private record Edge(String to, boolean own, Doc at, String path) {
    Edge inherited() {
      return new Edge(to, false, at, path);
    }
  }

  private Graph(Problems problems) {
    this.problems = problems;
  }

  static void check(Problems problems, List<StageReader.Node> all) {
    Graph graph = new Graph(problems);
    all.forEach(graph::add);
    all.forEach(graph::connect);
    graph.nodes.values().forEach(graph::depth);
  }

  private void add(StageReader.Node node) {
    StageReader.Node earlier = nodes.putIfAbsent(node.id(), node);
    if (earlier != null) {
      problems.add(
          node.at(),
          node.path(),
          "'" + node.id() + "' is already the id of the stage in line " + earlier.at().line());
    }
  }

  /** Groups come before their stages, so that what they wait for is known. */
  private void connect(StageReader.Node node) {
    Map<String, Edge> own = edges.computeIfAbsent(node.id(), id -> new LinkedHashMap<>());
    for (NeedReader.Leaf leaf : node.needs()) {
      if (problems.isFull()) {
        return;
      }
      if (leaf.id().equals(node.id())) {
        problems.add(leaf.at(), leaf.path(), "a stage cannot need itself");
      } else if (isBeside(node, leaf)) {
        own.putIfAbsent(leaf.id(), new Edge(leaf.id(), true, leaf.at(), leaf.path()));
      } else {
        problems.add(leaf.at(), leaf.path(), unreachable(node, leaf));
      }
    }
    String group = node.level().group();
    if (group != null && nodes.containsKey(group)) {
      Map<String, Edge> around = edges.get(group);
      around.values().stream()
          .filter(edge -> !group.equals(nodes.get(edge.to()).level().group()))
          .forEach(edge -> own.putIfAbsent(edge.to(), edge.inherited()));
      around.putIfAbsent(node.id(), new Edge(node.id(), true, node.at(), node.path()));
    }
  }

  private boolean isBeside(StageReader.Node node, NeedReader.Leaf leaf) {
    StageReader.Node other = nodes.get(leaf.id());
    return other != null && other.level().equals(node.level());
  }

  private String unreachable(StageReader.Node node, NeedReader.Leaf leaf) {
    String written = leaf.written();
    StageReader.Node elsewhere = nodes.get(written);
    String group = node.level().group();
    if (written.equals(group)) {
      return "'" + written + "' is the group that it stands in; it starts with it in any case";
    }
    if (elsewhere != null && elsewhere.level().phase() != node.level().phase()) {
      return "'"
          + written
          + "' stands in another list; a list begins when the one before it has ended, and its"
          + " stages need each other only";
    }
    if (elsewhere != null && group != null) {
      return "'"
          + written
          + "' stands outside the group; let the group '"
          + group
          + "' need it, or name a stage of the group by its short id";
    }
    if (elsewhere != null) {
      String other = elsewhere.level().group();
      return "'" + written + "' stands in the group '" + other + "'; need the group";
    }
    return "unknown stage '" + written + "'" + DidYouMean.phrase(written, beside(node));
  }

  private Set<String> beside(StageReader.Node node) {
    Set<String> ids = new TreeSet<>();
    for (StageReader.Node other : nodes.values()) {
      if (other.level().equals(node.level()) && !other.id().equals(node.id())) {
        ids.add(other.written());
      }
    }
    return ids;
  }

  /** Recursion is bounded by the number of stages. */
  private int depth(StageReader.Node node) {
    Integer known = depths.get(node.id());
    if (known != null) {
      return known;
    }
    depths.put(node.id(), 0);
    chain.add(node.id());
    int deepest = 0;
    for (Edge edge : edges.getOrDefault(node.id(), Map.of()).values()) {
      int start = chain.indexOf(edge.to());
      if (start >= 0 && edge.own()) {
        refuseCycle(edge, start);
      } else if (start < 0) {
        deepest = Math.max(deepest, depth(nodes.get(edge.to())));
      }
    }
    chain.remove(chain.size() - 1);
    int depth = deepest + 1;
    depths.put(node.id(), depth);
    if (depth == DEPTH_MAX + 1) {
      problems.add(
          node.at(),
          node.path(),
          "stands at the end of a chain of more than " + DEPTH_MAX + " stages");
    }
    return depth;
  }

  private void refuseCycle(Edge edge, int start) {
    List<String> cycle = new ArrayList<>(chain.subList(start, chain.size()));
    cycle.add(edge.to());
    problems.add(
        edge.at(),
        edge.path(),
        "these stages wait for each other (each needs the next): " + String.join(" → ", cycle));
  }
}
