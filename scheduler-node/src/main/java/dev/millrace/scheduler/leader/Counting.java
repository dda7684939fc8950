package dev.millrace.scheduler.leader;

import dev.millrace.model.Claim;
import dev.millrace.model.RunLimits;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.RunCounters;
import java.util.ArrayList;
import java.util.Collections;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.jdbi.v3.core.Handle;

/**
 * What attempts count, added up for runs that may only do so much. Ended attempts are in a table,
 * those under way are as their last heartbeat says. Only of jobs with such limits; that a run has
 * none is found out once. Takes news from any thread; the rest is the leader's.
 */
final class Counting {
  private static final int WITHOUT_LIMITS_MAX = 50_000;

  private record Place(long run, String stage) {}

  /** What one run, its items included, has counted. */
  private static final class Total {
    final Map<String, Long> ended = new HashMap<>();
    final Map<Place, Map<String, Long>> open = new HashMap<>();

    long of(String name) {
      long sum = ended.getOrDefault(name, 0L);
      for (Map<String, Long> counters : open.values()) {
        sum += counters.getOrDefault(name, 0L);
      }
      return sum;
    }
  }

  private final Drafts drafts;
  private final Map<Claim, Map<String, Long>> news = new ConcurrentHashMap<>();

  /** Runs that need not be looked at again. */
  private final Set<Long> withoutLimits =
      Collections.synchronizedSet(
          Collections.newSetFromMap(
              new LinkedHashMap<>(64, 0.75f, true) {
                private static final long serialVersionUID = 1L;

                @Override
                protected boolean removeEldestEntry(Map.Entry<Long, Boolean> eldest) {
                  return size() > WITHOUT_LIMITS_MAX;
                }
              }));

  private final Map<Long, Total> totals = new HashMap<>();
  private final Map<Long, Total> changed = new HashMap<>();

  Counting(Drafts drafts) {
    this.drafts = drafts;
  }

  /**
   * A heartbeat said so. Any thread.
   *
   * @return true when the leader has to look at it
   */
  boolean heard(Claim claim, Map<String, Long> counters) {
    if (withoutLimits.contains(claim.run().value())) {
      return false;
    }
    return !counters.equals(news.put(claim, counters));
  }

  boolean hasNews() {
    return !news.isEmpty();
  }

  /** Takes what heartbeats said. What a failed pass has taken comes again with the next ones. */
  void apply(Handle tx, Pass pass) {
    if (news.isEmpty()) {
      return;
    }
    List<Claim> claims = List.copyOf(news.keySet());
    drafts.open(tx, pass, claims.stream().map(claim -> claim.run().value()).toList());
    for (Claim claim : claims) {
      Map<String, Long> counters = news.remove(claim);
      Draft draft = pass.drafts.get(claim.run().value());
      if (counters == null || draft == null) {
        continue;
      }
      if (limits(draft) == null) {
        withoutLimits.add(claim.run().value());
      } else if (isUnderWay(draft, claim)) {
        Draft root = root(tx, pass, draft);
        Total total = totalOf(tx, root);
        total.open.put(new Place(claim.run().value(), claim.stage()), counters);
        judge(pass, root, total);
      }
    }
  }

  /** An attempt has ended, and its report says what it counted. */
  void ended(Handle tx, Pass pass, Draft draft, Claim claim, Map<String, Long> counters) {
    if (limits(draft) == null) {
      return;
    }
    Draft root = root(tx, pass, draft);
    Total total = totalOf(tx, root);
    total.open.remove(new Place(claim.run().value(), claim.stage()));
    counters.forEach((name, value) -> total.ended.merge(name, value, Long::sum));
    changed.put(root.run().id(), total);
    judge(pass, root, total);
  }

  private static RunLimits limits(Draft draft) {
    RunLimits limits = draft.run().plan().definition().rules().limits();
    return limits == null || limits.counters().isEmpty() ? null : limits;
  }

  /** A heartbeat may speak of an attempt that has ended meanwhile. */
  private static boolean isUnderWay(Draft draft, Claim claim) {
    int index = draft.run().plan().indexOf(claim.stage());
    return index >= 0
        && draft.stage(index).attempt() == claim.attempt()
        && draft.stage(index).state().isInFlight();
  }

  /** The run whose job has the limits: items are part of it. */
  private Draft root(Handle tx, Pass pass, Draft draft) {
    Draft at = draft;
    for (Run.Parent parent = at.run().parent();
        parent != null && parent.item() >= 0;
        parent = at.run().parent()) {
      drafts.open(tx, pass, List.of(parent.run()));
      Draft above = pass.drafts.get(parent.run());
      if (above == null) {
        return at; // its day was dropped
      }
      at = above;
    }
    return at;
  }

  private Total totalOf(Handle tx, Draft root) {
    return totals.computeIfAbsent(
        root.run().id(),
        run -> {
          Total total = new Total();
          total.ended.putAll(RunCounters.of(tx, run));
          return total;
        });
  }

  private static void judge(Pass pass, Draft root, Total total) {
    if (root.sealed() || root.run().state().isFinal()) {
      return;
    }
    limits(root)
        .counters()
        .forEach(
            (name, most) -> {
              long counted = total.of(name);
              if (counted >= most) {
                String why = "limit " + name + " reached: " + counted + " of " + most;
                Engine.apply(root, new Fact.Limited(why), pass.now, 0);
              }
            });
  }

  /** Writes what changed in this pass, and forgets runs that have ended. */
  void write(Handle tx, Pass pass) {
    List<RunCounters.Row> rows = new ArrayList<>();
    changed.forEach(
        (run, total) ->
            total.ended.forEach((name, value) -> rows.add(new RunCounters.Row(run, name, value))));
    RunCounters.put(tx, rows);
    changed.clear();
    if (!totals.isEmpty()) {
      for (Draft draft : pass.drafts.values()) {
        if (draft.run().state().isFinal()) {
          totals.remove(draft.run().id());
        }
      }
    }
  }

  /** After a failed transaction: the table is the truth. */
  void clear() {
    totals.clear();
    changed.clear();
  }
}
