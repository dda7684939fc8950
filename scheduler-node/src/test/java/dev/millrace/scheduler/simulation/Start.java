package dev.millrace.scheduler.simulation;

/** A message that asks a worker to execute an attempt. Immutable. */
record Start(Claim claim, long dispatch) {}
