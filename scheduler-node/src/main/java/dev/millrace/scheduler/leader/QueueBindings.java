package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.QueueTrigger;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.ingest.QueueUse;
import dev.millrace.scheduler.store.EventTriggers;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/**
 * Which queues start runs of which jobs: the armed queue triggers, and which of them are consumed
 * now. A job that is paused, by itself or with its namespace or with everything, leaves its
 * messages where they are. The leader's thread.
 */
final class QueueBindings {
  private final Catalog catalog;
  private final Gates gates;
  private final Map<Long, Bound> bound = new TreeMap<>();
  private boolean changed = true;
  private int gatesSeen;

  private record Bound(long job, QueueTrigger trigger) {}

  QueueBindings(Catalog catalog, Gates gates) {
    this.catalog = catalog;
    this.gates = gates;
  }

  void clear() {
    bound.clear();
    changed = true;
  }

  void arm(long id, long job, QueueTrigger trigger) {
    bound.put(id, new Bound(job, trigger));
    changed = true;
  }

  void disarm(long id) {
    changed |= bound.remove(id) != null;
  }

  /** After everything else of a pass: what is consumed when it is committed. */
  void settle(Handle tx, Pass pass) {
    if (!changed && gatesSeen == gates.changes()) {
      return;
    }
    List<QueueUse> uses = new ArrayList<>();
    uses.add(QueueUse.SHARED);
    bound.forEach(
        (id, each) -> {
          Jobs.Row job = catalog.find(tx, each.job());
          if (starts(job)) {
            uses.add(new QueueUse(id, job.namespace(), job.name(), each.trigger()));
          }
        });
    pass.queues = uses;
    changed = false;
    gatesSeen = gates.changes();
  }

  /** False when messages of its queues are to wait where they are. */
  boolean starts(Jobs.Row job) {
    return job.state() == JobState.SCHEDULED && gates.pausesOf(job) == 0;
  }

  /** True when messages of this use may still start runs. */
  boolean isArmed(QueueUse use) {
    Bound armed = bound.get(use.trigger());
    return armed != null && armed.trigger().equals(use.definition());
  }

  /**
   * What forbids a job to consume these queues.
   *
   * @param job its key, 0 for a new one
   * @return null for nothing
   */
  static Outcome conflict(Handle tx, List<QueueTrigger> triggers, long job) {
    for (QueueTrigger trigger : triggers) {
      var owner = EventTriggers.ownerOf(tx, trigger.queue(), job);
      if (owner.isPresent()) {
        return Desk.refused(
            409,
            "queue '"
                + trigger.queue()
                + "' starts job '"
                + owner.get().job()
                + "' of namespace '"
                + owner.get().namespace()
                + "'; one queue starts one job",
            "bind a queue of its own to the same exchange, or remove the other trigger");
      }
    }
    return null;
  }
}
