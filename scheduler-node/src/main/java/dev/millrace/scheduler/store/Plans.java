package dev.millrace.scheduler.store;

import dev.millrace.scheduler.engine.Plan;

/** Gives compiled versions of jobs to whoever reads runs. */
@FunctionalInterface
public interface Plans {
  /**
   * The plan of a run.
   *
   * @param part {@link Plan#WHOLE}, or the stage whose items the run is one of
   */
  Plan find(long job, int version, int part);
}
