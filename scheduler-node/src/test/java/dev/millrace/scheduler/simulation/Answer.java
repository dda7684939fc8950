package dev.millrace.scheduler.simulation;

/**
 * What a command was answered. Immutable.
 *
 * @param run the run that it made or spoke of
 */
record Answer(Command command, long run, boolean accepted) {}
