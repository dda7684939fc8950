package dev.millrace.worker;

import dev.millrace.model.Claim;
import dev.millrace.wire.Wire;

/**
 * Room for attempts that wait in no slot. Bounded by number, and by what a heartbeat can name
 * beside the slots: a claim that is missing there is given to somebody else. Thread-safe.
 */
final class Waits {
  /** What a heartbeat says beside its claims: pools, handlers, names. */
  private static final int HEARTBEAT_BYTES_OTHER = 4 * 1024;

  /** A claim of a slot in a heartbeat, about. */
  private static final int SLOT_BYTES = 120;

  /** With the largest attempt number and a percent; what a heartbeat cannot leave out. */
  private static final int CLAIM_BYTES_FIXED = 84;

  private final long bytesMax;
  private int count;
  private long bytes;

  /**
   * @param slots of all pools; their claims come first
   */
  Waits(int slots) {
    this.bytesMax = Wire.MESSAGE_BYTES_MAX - HEARTBEAT_BYTES_OTHER - (long) SLOT_BYTES * slots;
  }

  /** False when there is no room for one more; else it must be given back. */
  synchronized boolean tryTake(Claim claim) {
    if (count >= StageHandler.SLOTLESS_MAX || bytes + bytesOf(claim) > bytesMax) {
      return false;
    }
    count++;
    bytes += bytesOf(claim);
    return true;
  }

  synchronized void giveBack(Claim claim) {
    count--;
    bytes -= bytesOf(claim);
  }

  synchronized int count() {
    return count;
  }

  private static int bytesOf(Claim claim) {
    return CLAIM_BYTES_FIXED + JsonText.utf8Length(claim.stage());
  }
}
