package dev.millrace.scheduler.http;

import dev.millrace.model.JobRef;
import dev.millrace.scheduler.store.ReadsGraph;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * How many jobs come one after the other before each: the longest way. Jobs that stages start do
 * not wait and count for nothing here. Stateless.
 */
final class Levels {
  private Levels() {}

  static Map<JobRef, Integer> of(List<ReadsGraph.Node> nodes, List<ReadsGraph.Said> said) {
    Map<JobRef, Integer> levels = new HashMap<>();
    Map<JobRef, List<JobRef>> after = new HashMap<>();
    Map<JobRef, Integer> open = new HashMap<>();
    nodes.forEach(node -> levels.put(node.job(), 0));
    for (ReadsGraph.Said each : said) {
      if (GraphApi.waits(each)) {
        after.computeIfAbsent(each.edge().to(), any -> new ArrayList<>()).add(each.from());
        open.merge(each.from(), 1, Integer::sum);
      }
    }
    Deque<JobRef> ready = new ArrayDeque<>();
    nodes.stream()
        .map(ReadsGraph.Node::job)
        .filter(job -> !open.containsKey(job))
        .forEach(ready::add);
    while (!ready.isEmpty()) {
      JobRef job = ready.poll();
      for (JobRef next : after.getOrDefault(job, List.of())) {
        levels.merge(next, levels.get(job) + 1, Math::max);
        if (open.merge(next, -1, Integer::sum) == 0) {
          ready.add(next);
        }
      }
    }
    return levels;
  }
}
