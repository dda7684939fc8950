package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.stream.Collectors;
import org.jdbi.v3.core.Handle;

/**
 * Arms and disarms the triggers of jobs, in the table and in the ticker at once; for many jobs in
 * as many statements as for one. The leader's thread.
 */
final class Arming {
  /** How far back a trigger that was armed before is looked for; a definition has fewer. */
  private static final int DISARMED_MAX = 1_000;

  private final Ticker ticker;

  Arming(Ticker ticker) {
    this.ticker = ticker;
  }

  /** A job whose triggers are to be those of this definition; a new one has none yet. */
  record Job(Jobs.Row row, JobDefinition definition, boolean isNew) {}

  /** A trigger that has no row yet. */
  private record Added(Jobs.Row job, int position, PlannedTriggers.Planned trigger, long nextAt) {}

  /**
   * Makes the triggers of these versions the armed ones. A trigger that is written as before keeps
   * its row, so its ledger and its next tick go on.
   */
  void arm(Handle tx, List<Job> jobs, long now) {
    Map<Long, List<Jobs.TriggerRow>> old =
        JobBatches.triggers(
                tx, jobs.stream().filter(job -> !job.isNew).map(job -> job.row.id()).toList())
            .stream()
            .collect(
                Collectors.groupingBy(
                    Jobs.TriggerRow::job, Collectors.toCollection(ArrayList::new)));
    List<Added> added = new ArrayList<>();
    Map<Long, Integer> moved = new LinkedHashMap<>();
    for (Job job : jobs) {
      List<Jobs.TriggerRow> rows = old.getOrDefault(job.row.id(), new ArrayList<>());
      List<PlannedTriggers.Planned> planned = PlannedTriggers.of(job.definition);
      for (int position = 0; position < planned.size(); position++) {
        PlannedTriggers.Planned trigger = planned.get(position);
        Optional<Jobs.TriggerRow> same = take(rows, trigger);
        if (same.isPresent()) {
          moved.put(same.get().id(), position);
          ticker.arm(same.get(), trigger);
        } else {
          long next = Ticker.firstTick(trigger, now);
          added.add(new Added(job.row, position, trigger, next));
        }
      }
    }
    JobBatches.moveTriggers(tx, moved);
    add(tx, added, now);
    disarm(tx, old.values().stream().flatMap(List::stream).toList());
  }

  private void add(Handle tx, List<Added> added, long now) {
    List<Long> made =
        JobBatches.insertTriggers(
            tx,
            added.stream()
                .map(
                    one ->
                        new JobBatches.FreshTrigger(
                            one.job.id(),
                            one.position,
                            one.trigger.kind(),
                            one.trigger.spec(),
                            one.nextAt))
                .toList(),
            now);
    for (int i = 0; i < made.size(); i++) {
      Added one = added.get(i);
      ticker.arm(made.get(i), one.job.id(), one.trigger, one.nextAt);
    }
  }

  /**
   * Arms the triggers of a job that was stopped, from now on. One that was armed before keeps its
   * row and its ledger; what it would have planned meanwhile was never planned, so an instant that
   * has passed does not come again.
   */
  void rearm(Handle tx, Jobs.Row job, JobDefinition definition, long now) {
    List<Jobs.TriggerRow> old = new ArrayList<>(Jobs.disarmedTriggers(tx, job.id(), DISARMED_MAX));
    List<PlannedTriggers.Planned> planned = PlannedTriggers.of(definition);
    List<Added> added = new ArrayList<>();
    for (int position = 0; position < planned.size(); position++) {
      PlannedTriggers.Planned trigger = planned.get(position);
      Optional<Jobs.TriggerRow> same = take(old, trigger);
      if (same.isPresent()) {
        long next = Ticker.resumedAt(trigger, now);
        Jobs.rearm(tx, same.get().id(), position, next);
        ticker.arm(same.get().id(), job.id(), trigger, next);
      } else {
        long next = Ticker.firstTick(trigger, now);
        added.add(new Added(job, position, trigger, next));
      }
    }
    add(tx, added, now);
  }

  /** Those of a job that are not new when they come again: its armed ones, or what a stop left. */
  static List<Jobs.TriggerRow> known(Handle tx, Jobs.Row job) {
    return job.state() == JobState.STOPPED
        ? Jobs.disarmedTriggers(tx, job.id(), DISARMED_MAX)
        : Jobs.triggers(tx, job.id());
  }

  /** Disarms all triggers of these jobs. */
  void disarmAll(Handle tx, List<Long> jobs) {
    disarm(tx, JobBatches.triggers(tx, jobs));
  }

  private void disarm(Handle tx, List<Jobs.TriggerRow> triggers) {
    JobBatches.disarm(tx, triggers.stream().map(Jobs.TriggerRow::id).toList());
    triggers.forEach(trigger -> ticker.disarm(trigger.id()));
  }

  /** The row of a trigger that is written the same, which is no candidate any more. */
  private static Optional<Jobs.TriggerRow> take(
      List<Jobs.TriggerRow> rows, PlannedTriggers.Planned trigger) {
    Optional<Jobs.TriggerRow> same =
        rows.stream()
            .filter(row -> row.spec().equals(trigger.spec()) && row.kind().equals(trigger.kind()))
            .findFirst();
    same.ifPresent(rows::remove);
    return same;
  }
}
