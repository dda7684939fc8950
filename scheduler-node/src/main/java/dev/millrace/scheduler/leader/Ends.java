package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.RunState;
import dev.millrace.model.JobRef;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.JobEnd;
import dev.millrace.scheduler.engine.JobNeeds;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.store.JobEnds;
import dev.millrace.scheduler.store.Jobs;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumMap;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The runs that ended of jobs that others wait for: written as they end, and looked at one after
 * the other, so that what follows does not depend on which of them one pass has heard of. The
 * newest of each outcome are kept in memory. The leader's thread.
 */
final class Ends {
  private static final int JOBS_MAX = 10_000;
  private static final int TRIM_EVERY = 1_000;

  private final Catalog catalog;
  private final LinkedHashMap<Long, Map<RunState, JobEnd>> newest =
      new LinkedHashMap<>(256, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<Long, Map<RunState, JobEnd>> eldest) {
          return size() > JOBS_MAX;
        }
      };

  /** Of the jobs that had an end in this term. */
  private final Map<Long, Integer> sinceTrim = new HashMap<>();

  /** The last number that was given. */
  private long given;

  /** Ends with a greater number are not there yet. */
  private long reached;

  Ends(Catalog catalog) {
    this.catalog = catalog;
  }

  void load(Handle tx) {
    newest.clear();
    sinceTrim.clear();
    given = JobEnds.lastNumber(tx);
    reached = given;
  }

  /** The number of the end that is looked at. */
  long reached() {
    return reached;
  }

  /**
   * Writes what has ended.
   *
   * @return those to be looked at, in their order; a run that ended again in the same way is not
   */
  List<JobEnd> write(Handle tx, List<Draft> ended) {
    List<JobEnd> ends = new ArrayList<>();
    for (Draft draft : ended) {
      Run run = draft.run();
      long day = run.scheduledFor() == 0 ? run.createdAt() : run.scheduledFor();
      ends.add(
          new JobEnd(
              run.plan().job(),
              run.id(),
              run.state(),
              run.scheduledFor(),
              day,
              run.finishedAt(),
              ++given));
    }
    Set<Long> fresh = JobEnds.insert(tx, ends);
    ends.removeIf(end -> !fresh.contains(end.number()));
    for (JobEnd end : ends) {
      if (sinceTrim.merge(end.job(), 1, Integer::sum) >= TRIM_EVERY) {
        sinceTrim.put(end.job(), 0);
        JobEnds.trim(tx, end.job(), end.outcome());
      }
    }
    return ends;
  }

  /** From now on this one is there, too. */
  void reach(JobEnd end) {
    reached = end.number();
    Map<RunState, JobEnd> known = newest.get(end.job());
    if (known == null) {
      return; // read when it is asked for
    }
    if (known.values().stream().anyMatch(other -> other.run() == end.run())) {
      newest.remove(end.job()); // it had ended in another way: which one is before that?
      return;
    }
    known.put(end.outcome(), end);
  }

  /** All that were written are there. */
  void reachAll() {
    reached = given;
  }

  /** Somebody waits for a job for which nobody waited before: its last runs count, too. */
  void seed(Handle tx, long job) {
    given += JobEnds.seed(tx, job, given);
    reached = given;
    newest.remove(job);
  }

  /**
   * What a condition looks at.
   *
   * @param namespace of the job whose condition it is
   * @param key what the runs have in common, when they are matched
   */
  Map<String, List<JobEnd>> of(
      Handle tx, Need need, String namespace, Matching match, ZoneId zone, long key) {
    Map<String, Long> jobs = new LinkedHashMap<>();
    for (String name : need.stages()) {
      JobRef ref = JobRef.of(name, namespace);
      Jobs.Row row = catalog.find(tx, ref.namespace(), ref.job());
      if (row != null) {
        jobs.put(name, row.id());
      }
    }
    Map<String, List<JobEnd>> found = new HashMap<>();
    if (match == Matching.NONE) {
      jobs.forEach((name, job) -> found.put(name, List.copyOf(newest(tx, job).values())));
      return found;
    }
    long[] range = JobNeeds.range(match, zone, key);
    boolean planned = match == Matching.PLANNED;
    List<JobEnd> all = JobEnds.between(tx, jobs.values(), range[0], range[1], planned, reached);
    jobs.forEach(
        (name, job) -> found.put(name, all.stream().filter(end -> end.job() == job).toList()));
    return found;
  }

  private Map<RunState, JobEnd> newest(Handle tx, long job) {
    return newest.computeIfAbsent(
        job,
        any -> {
          Map<RunState, JobEnd> read = new EnumMap<>(RunState.class);
          JobEnds.newest(tx, job, reached).forEach(end -> read.put(end.outcome(), end));
          return read;
        });
  }
}
