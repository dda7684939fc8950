package dev.millrace.scheduler.leader;

import java.util.Collection;
import java.util.LinkedHashSet;

/**
 * First in, first out, and nothing twice: what a pass gives back after each of many failures does
 * not grow. Any thread.
 */
final class DistinctQueue<T> {
  private final LinkedHashSet<T> items = new LinkedHashSet<>();

  synchronized void add(T item) {
    items.add(item);
  }

  synchronized void addAll(Collection<T> more) {
    items.addAll(more);
  }

  /** The oldest, or null. */
  synchronized T poll() {
    return items.isEmpty() ? null : items.removeFirst();
  }

  synchronized boolean isEmpty() {
    return items.isEmpty();
  }
}
