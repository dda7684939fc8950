package dev.millrace.benchmark;

/**
 * What one contender did in one throughput run. Immutable.
 *
 * @param jobs how many were asked for, without the warm-up
 * @param completed how many had their final state in the database when the run ended
 * @param doubles executions beyond one per job; counted for a complete run only
 * @param enqueuePerSecond jobs over the time of the enqueue calls; 0 if those did not return
 * @param endToEndPerSecond completed jobs over the time from the first enqueue call to the last
 *     completion, or to the end of the time limit
 * @param complete false if the time limit ended the run
 */
public record ThroughputResult(
    String system,
    String version,
    int jobs,
    long completed,
    long doubles,
    double enqueuePerSecond,
    double endToEndPerSecond,
    boolean complete) {}
