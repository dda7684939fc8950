package dev.millrace.scheduler.ingest;

import dev.millrace.model.QueueTrigger;
import dev.millrace.wire.Entities;

/**
 * That messages of a queue start runs: those of {@link Entities#TRIGGERS} of any job, those of
 * others' queues of the job that is bound to it. Immutable.
 *
 * @param trigger the row of the job's trigger, 0 for the shared queue
 * @param namespace of the job, null for the shared queue
 * @param job its name, null for the shared queue
 * @param definition what the job says of its queue, null for the shared queue
 */
public record QueueUse(long trigger, String namespace, String job, QueueTrigger definition) {
  /** As many are held for the leader's next passes. */
  private static final int SHARED_PREFETCH = 500;

  /** The queue that all systems may write to. */
  public static final QueueUse SHARED = new QueueUse(0, null, null, null);

  public boolean isShared() {
    return definition == null;
  }

  public String queue() {
    return isShared() ? Entities.TRIGGERS : definition.queue();
  }

  int prefetch() {
    return isShared() ? SHARED_PREFETCH : definition.prefetch();
  }

  /** For people. */
  String told() {
    return isShared() ? queue() : queue() + " job=" + namespace + "/" + job;
  }
}
