package dev.millrace.benchmark;

/**
 * One scheduler under measurement: takes no-op jobs in bulk and runs them on its own executors.
 *
 * <p>Driven by {@link ThroughputRun}; {@code executed} and {@code completed} are also called while
 * {@code enqueue} runs on another thread.
 */
public interface Contender extends AutoCloseable {

  /** The name as printed, for example {@code quartz}. */
  String system();

  String version();

  /** How many jobs make a run of some ten seconds on a small machine. */
  int jobsDefault();

  /** Creates the schema afresh and starts the executors. */
  void start();

  /** Adds this many jobs, due at once; returns when all of them are durably accepted. */
  void enqueue(int jobs);

  /** How many times a job body ran since the start, counted in memory. */
  long executed();

  /**
   * How many jobs have their final state committed in the database since the start. May cost a
   * query over the backlog, so it is asked only when {@link #executed} says it is worth it.
   */
  long completed();

  /** Stops the executors and drops the schema. */
  @Override
  void close();
}
