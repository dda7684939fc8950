package dev.millrace.scheduler.dispatch;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Stages;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.Deque;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/**
 * In which order the lanes of one pool have their turn: namespaces share the starts by weight, and
 * inside a namespace the higher priority goes first, which grows by one for each minute that a run
 * waits, so that nothing waits for ever. The leader's thread.
 */
public final class Fair {
  /** Waiting so long is worth one priority. */
  private static final long AGEING_MILLIS = TimeUnit.MINUTES.toMillis(1);

  /** By namespace, starts so far divided by its weight; who is behind goes first. */
  private final Map<String, Double> served = new HashMap<>();

  /**
   * Chooses who starts next.
   *
   * @param rows of each lane its oldest, in order of age
   * @param weights of namespaces; one that is missing has 1
   * @param now microseconds since 1970
   * @return at most {@code limit} of them
   */
  public List<Stages.Key> pick(
      List<Stages.Ready> rows, Map<String, Integer> weights, long now, int limit) {
    Map<String, Map<Integer, Deque<Stages.Key>>> lanes = new HashMap<>();
    for (Stages.Ready row : rows) {
      lanes
          .computeIfAbsent(row.lane().namespace(), any -> new HashMap<>())
          .computeIfAbsent(row.lane().priority(), any -> new ArrayDeque<>())
          .add(row.key());
    }
    catchUp(lanes);
    List<Stages.Key> picked = new ArrayList<>(Math.min(limit, rows.size()));
    while (picked.size() < limit && !lanes.isEmpty()) {
      String namespace = mostBehind(lanes);
      Map<Integer, Deque<Stages.Key>> own = lanes.get(namespace);
      int priority = first(own, now);
      picked.add(own.get(priority).poll());
      if (own.get(priority).isEmpty()) {
        own.remove(priority);
      }
      if (own.isEmpty()) {
        lanes.remove(namespace);
      }
      served.merge(namespace, 1.0 / weights.getOrDefault(namespace, 1), Double::sum);
    }
    return picked;
  }

  /** Who had nothing to do has no credit for that time. */
  private void catchUp(Map<String, ?> lanes) {
    double least = Double.MAX_VALUE;
    for (String namespace : lanes.keySet()) {
      Double known = served.get(namespace);
      least = known == null ? least : Math.min(least, known);
    }
    double floor = least == Double.MAX_VALUE ? 0 : least;
    served.keySet().retainAll(lanes.keySet());
    for (String namespace : lanes.keySet()) {
      double known = served.getOrDefault(namespace, floor);
      served.put(namespace, known - floor);
    }
  }

  private String mostBehind(Map<String, ?> lanes) {
    String found = null;
    for (String namespace : lanes.keySet()) {
      if (found == null
          || served.get(namespace) < served.get(found)
          || (served.get(namespace).equals(served.get(found)) && namespace.compareTo(found) < 0)) {
        found = namespace;
      }
    }
    return found;
  }

  private static int first(Map<Integer, Deque<Stages.Key>> lanes, long now) {
    int found = -1;
    long best = 0;
    for (Map.Entry<Integer, Deque<Stages.Key>> lane : lanes.entrySet()) {
      long bornMillis = (lane.getValue().peek().run() >> 22) + RunId.EPOCH_MILLIS;
      long waited = Math.max(0, now / 1_000 - bornMillis);
      long worth = lane.getKey() * AGEING_MILLIS + waited;
      if (found < 0 || worth > best) {
        found = lane.getKey();
        best = worth;
      }
    }
    return found;
  }
}
