package dev.millrace.definition;

import dev.millrace.expression.DidYouMean;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/** Checks of the graph as a whole: unknown needs, cycles, depth. Confined to one thread. */
final class Graph {
  static final int DEPTH_MAX = 100;

  private final Problems problems;
  private final Map<String, StageReader.Node> nodes = new LinkedHashMap<>();

  /** Length of the longest chain that ends in a stage; 0 while the stage is being visited. */
  private final Map<String, Integer> depths = new HashMap<>();

  private final List<String> chain = new ArrayList<>();

  private Graph(Problems problems, List<StageReader.Node> all) {
    this.problems = problems;
    all.forEach(node -> nodes.putIfAbsent(node.id(), node));
  }

  static void check(Problems problems, List<StageReader.Node> all) {
    Graph graph = new Graph(problems, all);
    graph.refuseUnknown(all);
    graph.nodes.values().forEach(graph::depth);
  }

  private void refuseUnknown(List<StageReader.Node> all) {
    for (StageReader.Node node : all) {
      for (StageReader.Need need : node.needs()) {
        if (!nodes.containsKey(need.id())) {
          String message = "unknown stage '" + need.id() + "'";
          problems.add(
              need.at(), need.path(), message + DidYouMean.phrase(need.id(), nodes.keySet()));
        }
      }
    }
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
    for (StageReader.Need need : node.needs()) {
      int start = chain.indexOf(need.id());
      if (start >= 0) {
        refuseCycle(need, start);
      } else if (nodes.containsKey(need.id())) {
        deepest = Math.max(deepest, depth(nodes.get(need.id())));
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

  private void refuseCycle(StageReader.Need need, int start) {
    List<String> cycle = new ArrayList<>(chain.subList(start, chain.size()));
    cycle.add(need.id());
    problems.add(
        need.at(),
        need.path(),
        "these stages wait for each other (each needs the next): " + String.join(" → ", cycle));
  }
}
