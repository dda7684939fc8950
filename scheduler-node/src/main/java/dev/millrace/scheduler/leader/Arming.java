package dev.millrace.scheduler.leader;

import dev.millrace.definition.EventTriggerJson;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.AfterTrigger;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.QueueTrigger;
import dev.millrace.model.WebhookTrigger;
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
 * Arms and disarms the triggers of jobs, in the table and in who minds them at once: the ticker
 * those by time, the others who hears of what happens. The leader's thread.
 */
final class Arming {
  /** How far back a trigger that was armed before is looked for; a definition has fewer. */
  private static final int DISARMED_MAX = 1_000;

  private final Ticker ticker;
  private final Following following;
  private final QueueBindings queues;

  Arming(Ticker ticker, Following following, QueueBindings queues) {
    this.ticker = ticker;
    this.following = following;
    this.queues = queues;
  }

  /** A job whose triggers are to be those of this definition; a new one has none yet. */
  record Job(Jobs.Row row, JobDefinition definition, boolean isNew) {}

  /** A trigger by an event that has no row yet. */
  private record Heard(Jobs.Row job, int position, EventTrigger event) {}

  /** A trigger by time that has no row yet. */
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
    List<Heard> heard = new ArrayList<>();
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
      for (int i = 0; i < job.definition.events().size(); i++) {
        EventTrigger event = job.definition.events().get(i);
        if (!isMinded(event)) {
          continue;
        }
        int position = planned.size() + i;
        Optional<Jobs.TriggerRow> same = take(rows, event.kind(), EventTriggerJson.spec(event));
        if (same.isPresent()) {
          moved.put(same.get().id(), position);
          armed(same.get().id(), job.row, event);
        } else {
          heard.add(new Heard(job.row, position, event));
        }
      }
    }
    // Before the new ones are armed: a queue has one trigger.
    disarm(tx, old.values().stream().flatMap(List::stream).toList());
    JobBatches.moveTriggers(tx, moved);
    add(tx, added, now);
    addEvents(tx, heard, now);
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
                            null,
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
    List<Heard> heard = new ArrayList<>();
    for (int i = 0; i < definition.events().size(); i++) {
      EventTrigger event = definition.events().get(i);
      if (!isMinded(event)) {
        continue;
      }
      int position = planned.size() + i;
      Optional<Jobs.TriggerRow> same = take(old, event.kind(), EventTriggerJson.spec(event));
      if (same.isPresent()) {
        Jobs.rearm(tx, same.get().id(), position, 0);
        armed(same.get().id(), job, event);
        begin(tx, same.get().id(), event);
      } else {
        heard.add(new Heard(job, position, event));
      }
    }
    addEvents(tx, heard, now);
  }

  /** Webhooks need no row: whoever is called looks them up in the job's definition. */
  private static boolean isMinded(EventTrigger event) {
    return switch (event) {
      case AfterTrigger after -> true;
      case FileTrigger file -> true;
      case QueueTrigger queue -> true;
      case WebhookTrigger webhook -> false;
    };
  }

  /** A row that is armed already, as at the start of a term. */
  void armed(long id, Jobs.Row job, EventTrigger event) {
    switch (event) {
      case AfterTrigger after -> following.arm(id, job, after);
      case FileTrigger file -> following.arm(id, job, file);
      case QueueTrigger queue -> queues.arm(id, job.id(), queue);
      case WebhookTrigger webhook ->
          throw new IllegalStateException(
              "webhook '" + webhook.name() + "' of job " + job.id() + " has a row; it needs none");
    }
  }

  /** One that was not armed before minds what happens from now on. */
  private void begin(Handle tx, long id, EventTrigger event) {
    if (event instanceof AfterTrigger) {
      following.begin(tx, id);
    }
  }

  private static String queue(EventTrigger event) {
    return event instanceof QueueTrigger queue ? queue.queue() : null;
  }

  private void addEvents(Handle tx, List<Heard> heard, long now) {
    List<Long> made =
        JobBatches.insertTriggers(
            tx,
            heard.stream()
                .map(
                    one ->
                        new JobBatches.FreshTrigger(
                            one.job.id(),
                            one.position,
                            one.event.kind(),
                            EventTriggerJson.spec(one.event),
                            queue(one.event),
                            0))
                .toList(),
            now);
    for (int i = 0; i < made.size(); i++) {
      Heard one = heard.get(i);
      armed(made.get(i), one.job, one.event);
      begin(tx, made.get(i), one.event);
    }
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
    for (Jobs.TriggerRow trigger : triggers) {
      ticker.disarm(trigger.id());
      following.disarm(trigger.id());
      queues.disarm(trigger.id());
    }
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
