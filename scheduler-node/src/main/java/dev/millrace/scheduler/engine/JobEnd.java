package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;

/**
 * A run that has ended, as far as other jobs wait for it. Instants are microseconds since 1970 by
 * the database's clock. Immutable.
 *
 * @param plannedAt the tick that it stands for, 0 for none
 * @param dayAt that, or when it was made
 * @param number grows in the order in which runs ended
 */
public record JobEnd(
    long job, long run, RunState outcome, long plannedAt, long dayAt, long endedAt, long number) {}
