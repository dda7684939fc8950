package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.StageState;

/**
 * A stage of a run with its current attempt. Instants are microseconds since 1970 by the database's
 * clock, 0 for none. Immutable.
 *
 * @param attempt number of the current or the latest attempt, 0 before the first
 * @param failures attempts that failed
 * @param lost attempts whose worker was lost
 * @param dispatch number of the latest dispatch, 0 before the first
 * @param worker who runs or ran the current attempt, or null
 * @param dueAt when the leader must look again: retry time, queue-wait or attempt timeout
 * @param output JSON text or null
 * @param checkpoint JSON text or null; survives attempts
 */
public record Stage(
    StageState state,
    int attempt,
    int failures,
    int lost,
    long dispatch,
    String worker,
    long dueAt,
    long readyAt,
    long queuedAt,
    long startedAt,
    long finishedAt,
    Integer exitCode,
    String errorClass,
    String error,
    String output,
    String checkpoint) {

  static final Stage NEW =
      new Stage(StageState.WAITING, 0, 0, 0, 0, null, 0, 0, 0, 0, 0, null, null, null, null, null);

  Stage ready(long now, long dueAt) {
    return new Stage(
        StageState.READY,
        attempt,
        failures,
        lost,
        dispatch,
        null,
        dueAt,
        now,
        0,
        0,
        0,
        exitCode,
        errorClass,
        error,
        output,
        checkpoint);
  }

  Stage queued(long now, long dispatch, int attempt) {
    return new Stage(
        StageState.QUEUED,
        attempt,
        failures,
        lost,
        dispatch,
        null,
        dueAt,
        readyAt,
        now,
        0,
        0,
        null,
        null,
        null,
        null,
        checkpoint);
  }

  Stage running(long startedAt, String worker, long dueAt) {
    return new Stage(
        StageState.RUNNING,
        attempt,
        failures,
        lost,
        dispatch,
        worker,
        dueAt,
        readyAt,
        queuedAt,
        startedAt,
        0,
        null,
        null,
        null,
        null,
        checkpoint);
  }

  Stage withCheckpoint(String checkpoint) {
    return new Stage(
        state,
        attempt,
        failures,
        lost,
        dispatch,
        worker,
        dueAt,
        readyAt,
        queuedAt,
        startedAt,
        finishedAt,
        exitCode,
        errorClass,
        error,
        output,
        checkpoint);
  }

  Stage withDue(long dueAt) {
    return new Stage(
        state,
        attempt,
        failures,
        lost,
        dispatch,
        worker,
        dueAt,
        readyAt,
        queuedAt,
        startedAt,
        finishedAt,
        exitCode,
        errorClass,
        error,
        output,
        checkpoint);
  }

  Stage completed(long now, Integer exitCode, String output) {
    return new Stage(
        StageState.COMPLETED,
        attempt,
        failures,
        lost,
        dispatch,
        worker,
        0,
        readyAt,
        queuedAt,
        startedAt,
        now,
        exitCode,
        null,
        null,
        output,
        checkpoint);
  }

  Stage ended(StageState state, long now, Integer exitCode, String errorClass, String error) {
    return new Stage(
        state,
        attempt,
        failures,
        lost,
        dispatch,
        worker,
        0,
        readyAt,
        queuedAt,
        startedAt,
        now,
        exitCode,
        errorClass,
        error,
        output,
        checkpoint);
  }

  Stage backingOff(
      long dueAt, int failures, int lost, Integer exitCode, String errorClass, String error) {
    return new Stage(
        StageState.BACKING_OFF,
        attempt,
        failures,
        lost,
        dispatch,
        null,
        dueAt,
        readyAt,
        0,
        0,
        0,
        exitCode,
        errorClass,
        error,
        output,
        checkpoint);
  }
}
