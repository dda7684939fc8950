package dev.millrace.scheduler.file;

import dev.millrace.file.FileMark;
import dev.millrace.model.FileTrigger;
import dev.millrace.scheduler.store.FilesSeen;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * Between who looks at files and the leader's turn, which makes runs of them: what is armed one
 * way, whole files the other. It forgets nothing that the turn has not made a run of, so a failed
 * transaction costs nothing; that no file starts two runs is the table's doing. Thread-safe.
 */
public final class FileOffers {
  /**
   * An armed trigger.
   *
   * @param job its id
   * @param name the job's
   */
  public record Watch(long trigger, long job, String namespace, String name, FileTrigger file) {
    /** Whose files they are. */
    public FilesSeen.Whose whose() {
      return new FilesSeen.Whose(job, file.pool() == null ? "" : file.pool());
    }

    private boolean looksAtTheSame(Watch other) {
      return whose().equals(other.whose()) && file.path().equals(other.file.path());
    }
  }

  /** Whole files of one trigger that started no run yet, as far as is known, by path. */
  public record Offer(Watch watch, List<FileMark> files) {}

  /** What is known of one trigger. */
  private static final class Held {
    private Watch watch;
    private final Set<FileMark> known = new HashSet<>();
    private List<FileMark> whole = List.of();

    /** The turn could not take them: not before the next look. */
    private boolean away;

    private String why;

    private Held(Watch watch) {
      this.watch = watch;
    }
  }

  private final Map<Long, Held> held = new TreeMap<>();

  /** What was held before the leader read its tables again. */
  private final Map<Long, Held> before = new HashMap<>();

  /** The leader reads its tables again: what they have is armed anew. */
  public synchronized void clear() {
    before.clear();
    before.putAll(held);
    held.clear();
  }

  public synchronized void arm(Watch watch) {
    Held old = held.getOrDefault(watch.trigger, before.remove(watch.trigger));
    if (old != null && old.watch.looksAtTheSame(watch)) {
      old.watch = watch;
      held.put(watch.trigger, old);
    } else {
      held.put(watch.trigger, new Held(watch));
    }
  }

  public synchronized void disarm(long trigger) {
    held.remove(trigger);
    before.remove(trigger);
  }

  public synchronized List<Watch> watches() {
    return held.values().stream().map(one -> one.watch).toList();
  }

  /** Those of these that may have started no run. */
  public synchronized List<FileMark> unknown(long trigger, List<FileMark> whole) {
    Held one = held.get(trigger);
    return one == null
        ? List.of()
        : whole.stream().filter(mark -> !one.known.contains(mark)).toList();
  }

  /** These have started runs. */
  public synchronized void know(long trigger, Collection<FileMark> marks) {
    Held one = held.get(trigger);
    if (one != null) {
      one.known.addAll(marks);
      one.whole = one.whole.stream().filter(mark -> !one.known.contains(mark)).toList();
    }
  }

  /**
   * After a look at a trigger's folder: these are all that are whole and may start runs.
   *
   * @param present what there is at all; of the others nothing needs to be remembered
   */
  public synchronized void offer(long trigger, List<FileMark> whole, Collection<FileMark> present) {
    Held one = held.get(trigger);
    if (one != null) {
      one.known.retainAll(present instanceof Set<FileMark> set ? set : new HashSet<>(present));
      one.whole = whole.stream().filter(mark -> !one.known.contains(mark)).toList();
      one.away = false;
    }
  }

  /** True when there is something for the turn. */
  public synchronized boolean hasNews() {
    return held.values().stream().anyMatch(one -> !one.away && !one.whole.isEmpty());
  }

  /** Up to so many files; they stay until the turn says what became of them. */
  public synchronized List<Offer> look(int filesMax) {
    List<Offer> offers = new ArrayList<>();
    int left = filesMax;
    for (Held one : held.values()) {
      int count = Math.min(left, one.whole.size());
      if (!one.away && count > 0) {
        offers.add(new Offer(one.watch, List.copyOf(one.whole.subList(0, count))));
        left -= count;
      }
    }
    return offers;
  }

  /** They start no run now: not before the next look. */
  public synchronized void later(long trigger, String why) {
    Held one = held.get(trigger);
    if (one != null) {
      one.away = true;
      one.why = why;
    }
  }

  /** Files that the last look found whole and that have started no run since. */
  public synchronized int waiting(long trigger) {
    Held one = held.get(trigger);
    return one == null ? 0 : one.whole.size();
  }

  /** What kept them from it, or null. */
  public synchronized String why(long trigger) {
    Held one = held.get(trigger);
    return one == null || one.whole.isEmpty() || !one.away ? null : one.why;
  }
}
