package dev.millrace.model;

/**
 * When a stage of a run has its turn. A phase begins when every stage of the earlier ones has
 * ended.
 */
public enum Phase {
  MAIN,
  /**
   * Undoes one stage that completed, when a stage of the main phase failed; in the reverse order of
   * the graph.
   */
  COMPENSATE,
  /** When a stage of the main phase failed. */
  ON_FAILURE,
  /** Always, also when the run is stopped; not when it is killed. */
  FINALLY
}
