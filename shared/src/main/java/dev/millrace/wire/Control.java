package dev.millrace.wire;

import dev.millrace.model.Claim;

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

  /** Take nothing new, finish what runs, then end. */
  record Drain(String worker) implements Control {}
}
