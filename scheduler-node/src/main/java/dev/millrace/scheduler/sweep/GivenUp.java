package dev.millrace.scheduler.sweep;

import dev.millrace.model.Claim;
import dev.millrace.wire.Control;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * What workers held when they were given up, so that one that comes back (its machine was
 * suspended, say) is told to let go: its own clock may have stood still, and then it does not know
 * that it was lost and that others have its stages. A claim whose start report was still on its way
 * is dropped too, though the worker would get it all the same; the stage is then held by nobody,
 * and the repair finds that out. Thread-safe.
 */
final class GivenUp {
  private final Map<String, Set<Claim>> held = new HashMap<>();
  private final Map<String, List<Control>> drops = new HashMap<>();

  /** The worker is given up with these claims. */
  synchronized void add(String worker, Set<Claim> open) {
    if (!open.isEmpty()) {
      held.computeIfAbsent(worker, any -> new HashSet<>()).addAll(open);
    }
  }

  /**
   * The worker says what it holds now. Whatever of it was given up is dropped, with each heartbeat
   * again: control messages may be lost.
   */
  synchronized void heard(String worker, Set<Claim> open) {
    Set<Claim> old = held.get(worker);
    if (old == null) {
      return;
    }
    old.retainAll(open);
    if (old.isEmpty()) {
      forget(worker);
      return;
    }
    List<Control> due = new ArrayList<>(old.size());
    old.forEach(claim -> due.add(new Control.Drop(claim, worker)));
    drops.put(worker, due);
  }

  /** It will not come back, or nobody would care. */
  synchronized void forget(String worker) {
    held.remove(worker);
    drops.remove(worker);
  }

  /** What is to be said to workers since the last call. */
  synchronized List<Control> takeDrops() {
    if (drops.isEmpty()) {
      return List.of();
    }
    List<Control> all = new ArrayList<>();
    drops.values().forEach(all::addAll);
    drops.clear();
    return all;
  }
}
