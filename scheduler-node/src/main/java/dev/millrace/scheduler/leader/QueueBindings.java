package dev.millrace.scheduler.leader;

import dev.millrace.lifecycle.JobState;
import dev.millrace.model.EventTrigger;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.JobRef;
import dev.millrace.model.QueueTrigger;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.ingest.QueueUse;
import dev.millrace.scheduler.store.EventTriggers;
import dev.millrace.scheduler.store.Jobs;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import org.jdbi.v3.core.Handle;

/**
 * Which queues start runs of which jobs: the armed queue triggers, and which of them are consumed
 * now. A job that is paused, by itself or with its namespace or with everything, leaves its
 * messages where they are. The leader's thread.
 */
final class QueueBindings {
  static final String REMEDY =
      "bind a queue of its own to the same exchange, or remove the other trigger";

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
   * A definition that is about to be in force.
   *
   * @param job its key, 0 for a new one
   */
  record Wish(JobDefinition definition, long job) {
    List<String> queues() {
      List<String> queues = new ArrayList<>();
      for (EventTrigger event : definition.events()) {
        if (event instanceof QueueTrigger queue) {
          queues.add(queue.queue());
        }
      }
      return queues;
    }
  }

  /** What forbids a job to consume its queues, as somebody else does. */
  static Optional<Outcome> conflict(Handle tx, JobDefinition definition, long job) {
    String why = conflicts(tx, List.of(new Wish(definition, job)), Set.of()).get(0);
    return why == null ? Optional.empty() : Optional.of(Desk.refused(409, why, REMEDY));
  }

  /**
   * The same of definitions that come into force together, by their places in the list.
   *
   * @param gone jobs that go at the same time
   */
  static Map<Integer, String> conflicts(Handle tx, List<Wish> wishes, Set<Long> gone) {
    Set<String> queues = new LinkedHashSet<>();
    Set<Long> free = new HashSet<>(gone);
    for (Wish wish : wishes) {
      queues.addAll(wish.queues());
      free.add(wish.job()); // it keeps what it wishes for, and gives back the rest
    }
    Map<String, EventTriggers.Owner> owners = EventTriggers.owners(tx, queues);
    Map<String, JobRef> wished = new HashMap<>();
    Map<Integer, String> found = new LinkedHashMap<>();
    for (int i = 0; i < wishes.size(); i++) {
      for (String queue : wishes.get(i).queues()) {
        JobRef other = wished.putIfAbsent(queue, wishes.get(i).definition().ref());
        EventTriggers.Owner owner = owners.get(queue);
        if (other == null && owner != null && !free.contains(owner.job())) {
          other = new JobRef(owner.namespace(), owner.name());
        }
        if (other != null) {
          found.putIfAbsent(
              i,
              "queue '"
                  + queue
                  + "' starts job '"
                  + other.job()
                  + "' of namespace '"
                  + other.namespace()
                  + "'; one queue starts one job");
        }
      }
    }
    return found;
  }
}
