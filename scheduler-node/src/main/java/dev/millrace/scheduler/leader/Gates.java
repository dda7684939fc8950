package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.Pauses;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Handle;

/**
 * What is paused as a whole: everything, a namespace, a job, a pool. From the commit of a pause
 * nothing is dispatched behind it; the open runs themselves are paused, and go on again, in bounded
 * steps of the following passes. Which runs have to be paused follows from the tables alone, so a
 * new leader goes on where the old one ended. The leader's thread.
 */
final class Gates {
  private static final int RUNS_PER_PASS_MAX = 500;

  /** How late a queue-timeout may be whose pool was paused. */
  private static final long LOOK_AGAIN_MICROS = TimeUnit.SECONDS.toMicros(5);

  static final String ALL = "all";
  static final String NAMESPACE = "namespace";
  static final String POOL = "pool";

  private final Catalog catalog;
  private final Drafts drafts;
  private final Pools pools;
  private final Map<String, Pauses.Row> paused = new HashMap<>();
  private final Map<String, List<Pauses.Rest>> rests = new HashMap<>();

  /** Where the two walks over runs are; -1 when there is nothing to walk for. */
  private long pausing = -1;

  private long resuming = -1;
  private int changes;

  Gates(Catalog catalog, Drafts drafts, Pools pools) {
    this.catalog = catalog;
    this.drafts = drafts;
    this.pools = pools;
  }

  /** A pool that a worker serves or a stage needs, as far as this term has seen. */
  boolean knowsPool(String name) {
    return pools.all().stream().anyMatch(pool -> pool.name().equals(name));
  }

  void load(Handle tx) {
    paused.clear();
    Pauses.all(tx).forEach(row -> paused.put(key(row.scope(), row.name()), row));
    rests.clear();
    Pauses.rests(tx).forEach(this::remember);
    look();
  }

  private static String key(String scope, String name) {
    return scope + ":" + name;
  }

  /** Every open run is looked at again: what holds it up may have changed. */
  void look() {
    changes++;
    pausing = 0;
    resuming = 0;
  }

  /** Another number than before when something may be paused, or let go, that was not. */
  int changes() {
    return changes;
  }

  boolean hasMore() {
    return pausing >= 0 || resuming >= 0;
  }

  void put(Pauses.Row row) {
    paused.put(key(row.scope(), row.name()), row);
    look();
  }

  void drop(Handle tx, String scope, String name, long now) {
    Pauses.Row row = paused.remove(key(scope, name));
    if (row != null && scope.equals(POOL)) {
      Pauses.Rest rest = new Pauses.Rest(name, row.since(), now);
      Pauses.rested(tx, rest);
      remember(rest);
    }
    look();
  }

  private void remember(Pauses.Rest rest) {
    rests.computeIfAbsent(rest.pool(), any -> new ArrayList<>()).add(rest);
  }

  /**
   * How long a pool was paused since an instant, in microseconds. While it is, the pause is taken
   * to last a little longer, so that whoever waits in it is not looked at again and again.
   */
  long restedMicros(String pool, long since, long now) {
    long rested = 0;
    for (Pauses.Rest rest : rests.getOrDefault(pool, List.of())) {
      rested += Math.max(0, rest.until() - Math.max(since, rest.since()));
    }
    Pauses.Row row = paused.get(key(POOL, pool));
    return row == null ? rested : rested + now - Math.max(since, row.since()) + LOOK_AGAIN_MICROS;
  }

  boolean poolPaused(String pool) {
    return !paused.isEmpty() && paused.containsKey(key(POOL, pool));
  }

  /** True when nothing of this namespace may be dispatched. */
  boolean namespacePaused(String namespace) {
    return !paused.isEmpty()
        && (paused.containsKey(key(ALL, "")) || paused.containsKey(key(NAMESPACE, namespace)));
  }

  /** By whom a run of this job has to be paused: bits of {@link RunClock#pauses}. */
  int pausesOf(Jobs.Row job) {
    int bits = 0;
    if (job.state() == JobState.PAUSED) {
      bits |= RunClock.BY_JOB;
    }
    if (paused.isEmpty()) {
      return bits; // nearly always; asked for each stage that is dispatched
    }
    if (paused.containsKey(key(ALL, ""))) {
      bits |= RunClock.BY_ALL;
    }
    if (paused.containsKey(key(NAMESPACE, job.namespace()))) {
      bits |= RunClock.BY_NAMESPACE;
    }
    return bits;
  }

  /** Brings some more runs in line with what is paused. */
  void step(Handle tx, Pass pass) {
    if (resuming >= 0) {
      List<Long> ids = OpenRuns.heldUp(tx, resuming, RUNS_PER_PASS_MAX);
      align(tx, pass, ids);
      resuming = ids.size() < RUNS_PER_PASS_MAX ? -1 : ids.getLast();
    }
    if (pausing >= 0) {
      boolean any = !paused.isEmpty() || catalog.anyPaused(tx);
      List<Long> ids = any ? OpenRuns.open(tx, lanes(), pausing, RUNS_PER_PASS_MAX) : List.of();
      align(tx, pass, ids);
      pausing = ids.size() < RUNS_PER_PASS_MAX ? -1 : ids.getLast();
    }
    pass.more |= hasMore();
  }

  private List<OpenRuns.PoolLane> lanes() {
    List<OpenRuns.PoolLane> lanes = new ArrayList<>();
    for (Pools.Pool pool : pools.all()) {
      pool.lanes().forEach(lane -> lanes.add(new OpenRuns.PoolLane(pool.name(), lane)));
    }
    return lanes;
  }

  private void align(Handle tx, Pass pass, List<Long> ids) {
    drafts.open(tx, pass, ids);
    for (Long id : ids) {
      Draft draft = pass.drafts.get(id);
      if (draft != null && !draft.sealed()) {
        align(tx, pass, draft);
      }
    }
  }

  /** Runs of items go with their parents. */
  void align(Handle tx, Pass pass, Draft draft) {
    Run run = draft.run();
    if (run.parent() != null && run.parent().item() >= 0) {
      return;
    }
    Jobs.Row job = catalog.find(tx, run.plan().job());
    int wanted = pausesOf(job);
    int own = run.clock().pauses();
    for (int by : List.of(RunClock.BY_JOB, RunClock.BY_NAMESPACE, RunClock.BY_ALL)) {
      if ((wanted & by) != 0 && (own & by) == 0) {
        Engine.apply(draft, new Fact.Pause(by, actor(by, job), why(by, job)), pass.now, 0);
      } else if ((wanted & by) == 0 && (own & by) != 0) {
        Engine.apply(draft, new Fact.Resume(by, null, why(by, job) + " is over"), pass.now, 0);
      }
    }
  }

  private Pauses.Row rowOf(int by, Jobs.Row job) {
    return by == RunClock.BY_ALL
        ? paused.get(key(ALL, ""))
        : by == RunClock.BY_NAMESPACE ? paused.get(key(NAMESPACE, job.namespace())) : null;
  }

  private String actor(int by, Jobs.Row job) {
    Pauses.Row row = rowOf(by, job);
    return row == null ? null : row.actor();
  }

  private String why(int by, Jobs.Row job) {
    Pauses.Row row = rowOf(by, job);
    String what =
        switch (by) {
          case RunClock.BY_ALL -> "the pause of everything";
          case RunClock.BY_NAMESPACE -> "the pause of namespace " + job.namespace();
          default -> "the pause of job " + job.name();
        };
    return row == null || row.reason() == null ? what : what + ": " + row.reason();
  }
}
