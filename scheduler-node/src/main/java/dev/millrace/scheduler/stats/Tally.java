package dev.millrace.scheduler.stats;

import dev.millrace.scheduler.store.JobStats;
import dev.millrace.scheduler.store.JobStats.Ended;
import dev.millrace.scheduler.store.JobStats.Key;
import dev.millrace.scheduler.store.JobStats.Sum;
import dev.millrace.scheduler.store.Partitions;
import java.util.ArrayList;
import java.util.Collection;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import org.jdbi.v3.core.Handle;

/**
 * Counts some moves of runs, in one transaction. A run counts once, on the day on which it was made
 * and by its first end; when it goes on and ends differently, only its state changes. One use.
 */
final class Tally {
  private static final String WHOLE_JOB = "";

  /** A run that counts as something else than before. */
  private record Change(RunMove move, int by) {}

  private final Handle tx;
  private final LongFunction<String> namespaces;
  private final Map<Key, Sum> sums = new HashMap<>();
  private final Map<Long, Ended> first = new LinkedHashMap<>();
  private final List<Change> changes = new ArrayList<>();
  private final List<RunMove> ends = new ArrayList<>();
  private final Set<Long> goOn = new HashSet<>();
  private final Set<Long> closed = new HashSet<>();
  private final Map<Long, Integer> lost = new TreeMap<>();

  /**
   * @param namespaces of a job, by its id
   */
  Tally(Handle tx, LongFunction<String> namespaces) {
    this.tx = tx;
    this.namespaces = namespaces;
  }

  void count(List<RunMove> moves, JobStats.Cursor cursor) {
    if (moves.isEmpty()) {
      return;
    }
    Set<Long> before =
        JobStats.reopened(tx, moves.stream().filter(RunMove::end).map(RunMove::run).toList());
    for (RunMove move : moves) {
      if (move.end()) {
        end(move, before);
      } else if (isCounted(move, cursor)) {
        changes.add(new Change(move, -1));
        goOn.add(move.run());
        closed.remove(move.run());
      }
    }
    Set<Long> whole = new HashSet<>(first(first.values()));
    whole.addAll(changes());
    JobStats.close(tx, closed);
    JobStats.reopen(tx, goOn);
    JobStats.add(tx, sums);
    List<RunMove> shown = ends.stream().filter(move -> whole.contains(move.run())).toList();
    JobStats.addMinutes(tx, minutes(shown));
    JobStats.recent(tx, recent(shown));
  }

  /** Runs that ended before anybody counted. */
  void history(Collection<Ended> ended) {
    first(ended);
    JobStats.add(tx, sums);
  }

  /** Of days, since 1970, that were dropped too soon: how many runs that ended are not counted. */
  Map<Long, Integer> lost() {
    return lost;
  }

  private void end(RunMove move, Set<Long> before) {
    ends.add(move);
    if (goOn.remove(move.run()) || before.contains(move.run())) {
      closed.add(move.run());
      changes.add(new Change(move, 1));
    } else {
      first.put(move.run(), new Ended(move.run(), move.job(), move.state(), move.at()));
    }
  }

  /**
   * Of a run that ended before anybody counted, and is still to be found, nothing is taken back.
   */
  private boolean isCounted(RunMove move, JobStats.Cursor cursor) {
    return cursor.history() == null
        || move.run() <= cursor.history()
        || JobStats.batchBefore(tx, move.run(), move.seq()) > cursor.begunAfter();
  }

  private Sum sum(long job, long day, String stage) {
    return sums.computeIfAbsent(new Key(job, day, stage), any -> new Sum());
  }

  /** What is known of those whose days are still there. */
  private List<JobStats.Fact> facts(Collection<Ended> ended) {
    Set<Long> days = new HashSet<>();
    ended.forEach(one -> days.add(JobStats.dayOf(one.run())));
    Set<Long> present = Partitions.present(tx, "run", days);
    List<Ended> there = new ArrayList<>(ended.size());
    for (Ended one : ended) {
      long day = JobStats.dayOf(one.run());
      if (present.contains(day)) {
        there.add(one);
      } else {
        lost.merge(day, 1, Integer::sum);
      }
    }
    return JobStats.facts(tx, there);
  }

  /** Returns those that are no items of fan-outs. */
  private Set<Long> first(Collection<Ended> ended) {
    Map<Long, Ended> byRun = new HashMap<>();
    ended.forEach(one -> byRun.put(one.run(), one));
    List<Ended> whole = new ArrayList<>();
    for (JobStats.Fact fact : facts(ended)) {
      if (fact.whole()) {
        Ended one = byRun.get(fact.run());
        whole.add(one);
        Sum sum = sum(one.job(), JobStats.dayOf(one.run()), WHOLE_JOB);
        sum.runs(1);
        sum.state(one.state(), 1);
        sum.measured(fact.duration(), fact.waited(), 1);
      }
    }
    JobStats.stages(tx, whole)
        .forEach(
            (day, counts) ->
                counts.forEach(
                    count -> {
                      Sum sum = sum(count.job(), day, count.stage());
                      sum.runs(count.count());
                      sum.failed(count.failed() ? count.count() : 0);
                      sum.measured(count.duration(), count.waited(), count.count());
                    }));
    Set<Long> runs = new HashSet<>();
    whole.forEach(one -> runs.add(one.run()));
    return runs;
  }

  private Set<Long> changes() {
    Set<Long> whole =
        JobStats.whole(tx, changes.stream().map(change -> change.move().run()).toList());
    for (Change change : changes) {
      RunMove move = change.move();
      if (whole.contains(move.run())) {
        sum(move.job(), JobStats.dayOf(move.run()), WHOLE_JOB).state(move.state(), change.by());
      }
    }
    return whole;
  }

  private List<JobStats.Minute> minutes(List<RunMove> shown) {
    record At(String namespace, long minute) {}
    Map<At, int[]> counts = new HashMap<>();
    for (RunMove move : shown) {
      At at =
          new At(
              namespaces.apply(move.job()), Math.floorDiv(move.at(), TimeUnit.MINUTES.toMicros(1)));
      int[] count = counts.computeIfAbsent(at, any -> new int[2]);
      count[0] += move.state().equals("COMPLETED") ? 1 : 0;
      count[1] += move.state().equals("FAILED") ? 1 : 0;
    }
    List<JobStats.Minute> minutes = new ArrayList<>();
    counts.forEach(
        (at, count) ->
            minutes.add(new JobStats.Minute(at.namespace(), at.minute(), count[0], count[1])));
    return minutes;
  }

  private static Collection<JobStats.Recent> recent(List<RunMove> shown) {
    Map<Long, JobStats.Recent> jobs = new HashMap<>();
    for (RunMove move : shown) {
      JobStats.Recent old =
          jobs.getOrDefault(move.job(), new JobStats.Recent(move.job(), false, 0, 0, 0));
      if (move.state().equals("COMPLETED")) {
        jobs.put(
            move.job(), new JobStats.Recent(move.job(), true, 0, old.failedAt(), old.failedRun()));
      } else if (move.state().equals("FAILED")) {
        jobs.put(
            move.job(),
            new JobStats.Recent(
                move.job(), old.completed(), old.failures() + 1, move.at(), move.run()));
      }
    }
    return jobs.values();
  }
}
