package dev.millrace.worker;

/**
 * Executes the stages that name it in {@code run:}. Found by {@link java.util.ServiceLoader} or
 * given in code. One object serves all slots at once, each on a virtual thread of its own.
 */
public interface StageHandler {
  /** What jobs write in {@code run:}. */
  String name();

  /**
   * Executes one attempt. The thread is interrupted when the attempt must end early; what is thrown
   * or returned then is ignored.
   *
   * @throws Exception fails the attempt with class {@code crash}
   */
  Result execute(StageContext context) throws Exception;

  /**
   * True when it always returns within microseconds and never blocks: then it is executed on the
   * intake's thread, without a virtual thread and without a separate start report. It cannot be
   * cancelled and has no timeout.
   */
  default boolean inline() {
    return false;
  }

  /**
   * True when it only waits and costs next to nothing meanwhile: then it is executed without a
   * slot, and many may wait at once. A worker takes at most {@link #SLOTLESS_MAX} of them, fewer
   * when their claims would not fit into a heartbeat; what is beyond it hands back, and all of them
   * at once when it drains. Is not asked of an inline one.
   */
  default boolean slotless() {
    return false;
  }

  /** Attempts of slotless handlers that one worker executes at the same time at the most. */
  int SLOTLESS_MAX = 10_000;
}
