package dev.millrace.wire;

import dev.millrace.file.FileMark;
import dev.millrace.model.Claim;
import java.util.List;

/**
 * What the leader says to workers on {@code millrace.control}; each worker takes what is meant for
 * it. Immutable.
 */
public sealed interface Control {
  /**
   * End the attempt and report CANCELLED.
   *
   * @param graceMillis time between the polite and the hard end
   */
  record Cancel(Claim claim, long graceMillis) implements Control {}

  /** The claim is not yours: end it without a report. {@code worker} is whom this is said to. */
  record Drop(Claim claim, String worker) implements Control {}

  /**
   * Look for these files, for 60 s after the last time that it was said.
   *
   * @param epoch of the leader; what was told to another one is told again
   */
  record Watch(String pool, long epoch, List<WatchOrder> orders) implements Control {
    public Watch {
      orders = List.copyOf(orders);
    }
  }

  /**
   * Move this file, if it is still the same, and tell it; {@code worker} is whom this is said to.
   */
  record Archive(String worker, long order, FileMark file, String to) implements Control {}

  /** Take nothing new, finish what runs, then end. */
  record Drain(String worker) implements Control {}
}
