package dev.millrace.lifecycle;

import java.util.List;

/** The run's state as a pure function of its stages' states. */
public final class RollUp {
  private RollUp() {}

  /**
   * @param current the run's state now; STOPPING and PAUSED stay until every stage is final
   * @param stages the states of all its stages, in any order; not empty
   * @return the state that the run should have; use {@link #path} for the moves that lead there
   */
  public static RunState of(RunState current, Iterable<StageState> stages) {
    boolean running = false;
    boolean queued = false;
    boolean open = false;
    boolean failed = false;
    boolean cancelled = false;
    boolean ready = false;
    boolean backingOff = false;
    for (StageState stage : stages) {
      switch (stage) {
        case RUNNING -> running = true;
        case QUEUED -> queued = true;
        case READY -> ready = true;
        case BACKING_OFF -> backingOff = true;
        case WAITING, HELD, LOCK_WAIT -> open = true;
        case FAILED -> failed = true;
        case CANCELLED -> cancelled = true;
        case COMPLETED, SKIPPED, SKIPPED_COMPLETE, ACKNOWLEDGED -> {}
      }
    }
    if (!running && !queued && !ready && !open && !backingOff) {
      if (cancelled && (!failed || current == RunState.STOPPING)) {
        return RunState.CANCELLED;
      }
      return failed ? RunState.FAILED : RunState.COMPLETED;
    }
    if (current == RunState.STOPPING || current == RunState.PAUSED || current == RunState.PENDING) {
      return current;
    }
    if (running || (current == RunState.RUNNING && (queued || ready || !backingOff))) {
      return RunState.RUNNING;
    }
    return queued ? RunState.STARTING : RunState.SCHEDULED;
  }

  /**
   * The moves from one run state to another, so that each is legal and recorded: a finish that
   * overtakes its start passes RUNNING, a retry passes FAILED.
   *
   * @return the states after {@code from}, in order; empty when both are equal
   * @throws IllegalStateException when no such way exists: a bug, not an input
   */
  public static List<RunState> path(RunState from, RunState to) {
    if (from == to) {
      return List.of();
    }
    if (from.canBecome(to)) {
      return List.of(to);
    }
    for (RunState via : VIA) {
      if (from.canBecome(via) && via.canBecome(to)) {
        return List.of(via, to);
      }
    }
    if (from == RunState.SCHEDULED && RunState.RUNNING.canBecome(to)) {
      return List.of(RunState.STARTING, RunState.RUNNING, to);
    }
    throw new IllegalStateException(
        "a run cannot go from " + from + " to " + to + "; it stays as it is");
  }

  private static final List<RunState> VIA =
      List.of(RunState.RUNNING, RunState.STARTING, RunState.FAILED, RunState.SCHEDULED);
}
