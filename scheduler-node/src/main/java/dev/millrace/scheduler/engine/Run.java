package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import java.util.Objects;

/**
 * A run and its stages at one moment. Instants are microseconds since 1970 by the database's clock,
 * 0 for none. Immutable by convention: nobody writes into {@code stages}.
 *
 * @param triggerKind cron, at, every, after, manual, item, job, plan or backfill
 * @param trigger the trigger's key, 0 for a run that a person or program asked for
 * @param scheduledFor the tick that it stands for, 0 for none
 * @param params JSON object as text
 * @param parent the stage of another run that waits for this one, or null
 * @param key the value of its concurrency key, or null
 * @param orchestration the id under which it was started with others, or null
 * @param clock its own timers
 * @param stages by index of the plan
 */
public record Run(
    long id,
    Plan plan,
    RunState state,
    String triggerKind,
    long trigger,
    long scheduledFor,
    String params,
    String actor,
    String reason,
    String stopReason,
    long createdAt,
    long startedAt,
    long finishedAt,
    Parent parent,
    String key,
    String orchestration,
    RunClock clock,
    Stage[] stages) {

  /** A run without a parent, key or timers. */
  public Run(
      long id,
      Plan plan,
      RunState state,
      String triggerKind,
      long trigger,
      long scheduledFor,
      String params,
      String actor,
      String reason,
      String stopReason,
      long createdAt,
      long startedAt,
      long finishedAt,
      Stage[] stages) {
    this(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        null,
        null,
        null,
        RunClock.NONE,
        stages);
  }

  /**
   * Whom the run's end is told.
   *
   * @param stage index in the other run's plan
   * @param attempt of that stage; a later one does not wait for this run
   * @param item number of the item that this run is for, or -1
   * @param itemJson the item as JSON text, or null
   * @param depth how many runs are above this one (>= 1)
   */
  public record Parent(long run, int stage, int attempt, int item, String itemJson, int depth) {
    /** Runs that start runs that start runs: beyond this it is a mistake. */
    public static final int DEPTH_MAX = 20;
  }

  Run at(RunState to, long started, long finished, String stopped) {
    return new Run(
        id,
        plan,
        to,
        triggerKind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        stopped,
        createdAt,
        started,
        finished,
        parent,
        key,
        orchestration,
        clock,
        stages);
  }

  Run with(RunClock other) {
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        parent,
        key,
        orchestration,
        other,
        stages);
  }

  Run with(Stage[] others) {
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        parent,
        key,
        orchestration,
        clock,
        others);
  }

  /** The same run before it is created, asked for by this parent, for the parent's tick. */
  public Run childOf(Parent other, long tick) {
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        tick,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        other,
        key,
        orchestration,
        clock,
        stages);
  }

  /** The same run before it is created, with what it is given. */
  public Run withParams(String json) {
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        scheduledFor,
        json,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        parent,
        key,
        orchestration,
        clock,
        stages);
  }

  /** The same run before it is created, with its concurrency key. */
  public Run withKey(String value) {
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        parent,
        value,
        orchestration,
        clock,
        stages);
  }

  /** The same run before it is created, started under this id with others. */
  public Run inOrchestration(String other) {
    if (Objects.equals(orchestration, other)) {
      return this; // most are in none
    }
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        scheduledFor,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        parent,
        key,
        other,
        clock,
        stages);
  }

  /** The same run before it is created, for a tick that others planned. */
  public Run plannedFor(long tick) {
    return new Run(
        id,
        plan,
        state,
        triggerKind,
        trigger,
        tick,
        params,
        actor,
        reason,
        stopReason,
        createdAt,
        startedAt,
        finishedAt,
        parent,
        key,
        orchestration,
        clock,
        stages);
  }

  /** The same run before it is created: what it requires of other jobs is not there yet. */
  public Run gated() {
    return with(clock.mark(RunClock.GATED));
  }

  /** The same run before it is created, with the end of its window. */
  public Run endingAt(long endsAt, boolean prepared) {
    int marks = prepared ? clock.marks() | RunClock.PREPARED : clock.marks();
    return with(
        new RunClock(
            clock.dueAt(), endsAt, clock.pausedAt(), clock.pausedMicros(), clock.pauses(), marks));
  }

  /** The same run before it is created, at a priority of its own instead of its job's. */
  public Run atPriority(int priority) {
    return with(clock.withOwnPriority(priority + 1));
  }

  /** The same run before it is created, at the priority of the run that it belongs to. */
  public Run atPriorityOf(Run outer) {
    int own = outer.clock.ownPriority();
    return own == 0 ? this : with(clock.withOwnPriority(own)); // nearly always
  }

  /** At which its stages wait for a worker. */
  public int priority() {
    int own = clock.ownPriority();
    return own == 0 ? plan.definition().priority() : own - 1;
  }
}
