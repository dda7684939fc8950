package dev.millrace.model;

import java.time.Duration;
import java.util.List;

/**
 * One node of a job's graph, as defined. Immutable.
 *
 * @param id unique inside the job; that of a stage in a group is {@code group.stage}
 * @param handler what executes it, such as {@code command} or {@code http}, or one of those that
 *     the leader executes itself: see {@link #ledByLeader}
 * @param pool the pool of workers whose queue it goes to; {@link #NO_POOL} where no worker is
 *     needed
 * @param withJson the handler's input as JSON text, always an object; its strings may hold
 *     expressions. Of a group {@code {"params": {...}}}, what it gives the stages in it, or empty
 * @param needs what must have become of other stages before it starts
 * @param retry never null; the job's policy unless the stage has its own
 * @param timeout how long one attempt may run, or null for no limit
 * @param queueTimeout how long it may wait in READY and QUEUED, or null for no limit
 * @param rules never null
 */
public record StageDefinition(
    String id,
    String handler,
    String pool,
    String withJson,
    Need needs,
    RetryPolicy retry,
    Duration timeout,
    Duration queueTimeout,
    StageRules rules) {
  public static final String GROUP = "group";
  public static final String SUB_JOB = "job";
  public static final String WAIT_TIME = "wait.time";
  public static final String WAIT_EVENT = "wait.event";
  public static final String WAIT_APPROVAL = "wait.approval";

  /** A {@code wait.file} that says {@code on: scheduler}; people cannot write it like this. */
  public static final String WAIT_FILE = "wait.file@scheduler";

  /** The pool of stages that no worker executes. */
  public static final String NO_POOL = "";

  /** A stage without rules that needs all of these to complete. */
  public StageDefinition(
      String id,
      String handler,
      String pool,
      String withJson,
      List<String> needs,
      RetryPolicy retry,
      Duration timeout,
      Duration queueTimeout) {
    this(
        id,
        handler,
        pool,
        withJson,
        Need.completed(needs),
        retry,
        timeout,
        queueTimeout,
        StageRules.NONE);
  }

  /** True when the leader executes it itself: no worker, no broker, no slot. */
  public boolean ledByLeader() {
    return rules.forEach() != null
        || switch (handler) {
          case GROUP, SUB_JOB, WAIT_TIME, WAIT_EVENT, WAIT_APPROVAL, WAIT_FILE -> true;
          default -> false;
        };
  }
}
