package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;

/**
 * A run and its stages at one moment. Instants are microseconds since 1970 by the database's clock,
 * 0 for none. Immutable by convention: nobody writes into {@code stages}.
 *
 * @param triggerKind cron, at, every or manual
 * @param trigger the trigger's key, 0 for a run that a person or program asked for
 * @param scheduledFor the tick that it stands for, 0 for none
 * @param params JSON object as text
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
    Stage[] stages) {

  Run with(RunState state, long startedAt, long finishedAt, String stopReason, Stage[] stages) {
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
        stages);
  }
}
