package dev.millrace.model;

import java.time.Duration;
import java.util.List;

/**
 * One node of a job's graph, as defined. Immutable.
 *
 * @param id unique inside the job
 * @param handler what executes it, such as {@code command} or {@code http}
 * @param pool the pool of workers whose queue it goes to
 * @param withJson the handler's input as JSON text, always an object
 * @param needs ids of the stages that must be complete before it starts (all of them)
 * @param retry never null; the job's policy unless the stage has its own
 * @param timeout how long one attempt may run, or null for no limit
 * @param queueTimeout how long it may wait in READY and QUEUED, or null for no limit
 */
public record StageDefinition(
    String id,
    String handler,
    String pool,
    String withJson,
    List<String> needs,
    RetryPolicy retry,
    Duration timeout,
    Duration queueTimeout) {
  public StageDefinition {
    needs = List.copyOf(needs);
  }
}
