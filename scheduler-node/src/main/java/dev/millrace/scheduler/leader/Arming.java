package dev.millrace.scheduler.leader;

import dev.millrace.definition.EventTriggerJson;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.QueueTrigger;
import dev.millrace.scheduler.store.EventTriggers;
import dev.millrace.scheduler.store.Jobs;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Arms and disarms the triggers of jobs, in the table and in the ticker at once. The leader's
 * thread.
 */
final class Arming {
  /** How far back a trigger that was armed before is looked for; a definition has fewer. */
  private static final int DISARMED_MAX = 1_000;

  private final Ticker ticker;
  private final QueueBindings queues;

  Arming(Ticker ticker, QueueBindings queues) {
    this.ticker = ticker;
    this.queues = queues;
  }

  /**
   * Makes the triggers of this version the armed ones. A trigger that is written as before keeps
   * its row, so its ledger and its next tick go on.
   */
  void arm(Handle tx, Jobs.Row job, JobDefinition definition, long now) {
    List<Jobs.TriggerRow> old = new ArrayList<>(Jobs.triggers(tx, job.id()));
    List<PlannedTriggers.Planned> planned = PlannedTriggers.of(definition);
    for (int position = 0; position < planned.size(); position++) {
      PlannedTriggers.Planned trigger = planned.get(position);
      Optional<Jobs.TriggerRow> same = take(old, trigger);
      if (same.isPresent()) {
        Jobs.moveTrigger(tx, same.get().id(), position);
        ticker.arm(same.get().id(), job.id(), trigger, same.get().nextAt());
      } else {
        add(tx, job, position, trigger, now);
      }
    }
    List<Integer> fresh = new ArrayList<>();
    for (int i = 0; i < definition.events().size(); i++) {
      EventTrigger event = definition.events().get(i);
      Optional<Jobs.TriggerRow> same = take(old, event);
      if (same.isPresent()) {
        Jobs.moveTrigger(tx, same.get().id(), planned.size() + i);
        armed(same.get().id(), job.id(), event);
      } else {
        fresh.add(i);
      }
    }
    for (Jobs.TriggerRow gone : old) {
      disarm(tx, gone);
    }
    // Last: a queue has one armed trigger, and what was armed may be the same queue's.
    for (int i : fresh) {
      add(tx, job, planned.size() + i, definition.events().get(i), now);
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
    for (int position = 0; position < planned.size(); position++) {
      PlannedTriggers.Planned trigger = planned.get(position);
      Optional<Jobs.TriggerRow> same = take(old, trigger);
      if (same.isPresent()) {
        long next = Ticker.tickAfter(trigger.definition(), now);
        Jobs.rearm(tx, same.get().id(), position, next);
        ticker.arm(same.get().id(), job.id(), trigger, next);
      } else {
        add(tx, job, position, trigger, now);
      }
    }
    for (int i = 0; i < definition.events().size(); i++) {
      EventTrigger event = definition.events().get(i);
      Optional<Jobs.TriggerRow> same = take(old, event);
      if (same.isPresent()) {
        Jobs.rearm(tx, same.get().id(), planned.size() + i, 0);
        armed(same.get().id(), job.id(), event);
      } else {
        add(tx, job, planned.size() + i, event, now);
      }
    }
  }

  private void add(Handle tx, Jobs.Row job, int position, EventTrigger event, long now) {
    String queue = event instanceof QueueTrigger ofQueue ? ofQueue.queue() : null;
    String spec = EventTriggerJson.toJson(event);
    armed(
        EventTriggers.insert(tx, job.id(), position, event.kind(), spec, queue, now),
        job.id(),
        event);
  }

  /** A row that is armed already, as at the start of a term. */
  void armed(long id, long job, EventTrigger event) {
    switch (event) {
      case QueueTrigger queue -> queues.arm(id, job, queue);
    }
  }

  private static Optional<Jobs.TriggerRow> take(List<Jobs.TriggerRow> rows, EventTrigger event) {
    return take(rows, event.kind(), EventTriggerJson.toJson(event));
  }

  /** Disarms all triggers of a job. */
  void disarm(Handle tx, long job) {
    Jobs.triggers(tx, job).forEach(trigger -> disarm(tx, trigger));
  }

  private void disarm(Handle tx, Jobs.TriggerRow trigger) {
    Jobs.disarm(tx, trigger.id());
    ticker.disarm(trigger.id());
    queues.disarm(trigger.id());
  }

  private void add(
      Handle tx, Jobs.Row job, int position, PlannedTriggers.Planned trigger, long now) {
    long next = Ticker.firstTick(trigger.definition(), now);
    long id = Jobs.insertTrigger(tx, job.id(), position, trigger.kind(), trigger.spec(), next, now);
    ticker.arm(id, job.id(), trigger, next);
  }

  /** The row of a trigger that is written the same, which is no candidate any more. */
  private static Optional<Jobs.TriggerRow> take(
      List<Jobs.TriggerRow> rows, PlannedTriggers.Planned trigger) {
    return take(rows, trigger.kind(), trigger.spec());
  }

  private static Optional<Jobs.TriggerRow> take(
      List<Jobs.TriggerRow> rows, String kind, String spec) {
    Optional<Jobs.TriggerRow> same =
        rows.stream().filter(row -> row.spec().equals(spec) && row.kind().equals(kind)).findFirst();
    same.ifPresent(rows::remove);
    return same;
  }
}
