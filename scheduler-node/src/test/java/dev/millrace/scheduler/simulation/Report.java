package dev.millrace.scheduler.simulation;

import dev.millrace.wire.Outcome;

/**
 * A message that says what became of an attempt. Immutable.
 *
 * @param outcome null where it has only begun
 */
record Report(Claim claim, String worker, Outcome outcome) {}
