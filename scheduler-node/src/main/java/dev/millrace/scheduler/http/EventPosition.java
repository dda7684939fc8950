package dev.millrace.scheduler.http;

import dev.millrace.scheduler.store.ReadsEvents;

/**
 * The last event that a client has: {@code seq.n}; without {@code n} all of that row. Immutable.
 *
 * @param number which of the row's events
 */
record EventPosition(long seq, int number) {
  /** The largest place of a batch. */
  private static final long PLACE_MASK = 0xFFFF;

  /** Null when there is none; a problem is thrown when it is no id. */
  static EventPosition of(String text) {
    if (text == null || text.isBlank()) {
      return null;
    }
    String[] parts = text.strip().split("\\.", 2);
    long number = parts.length == 2 ? number(text, parts[1]) : Integer.MAX_VALUE;
    return new EventPosition(number(text, parts[0]), Math.clamp(number, 0, Integer.MAX_VALUE));
  }

  private static long number(String id, String part) {
    try {
      long number = Long.parseLong(part);
      if (number >= 0) {
        return number;
      }
    } catch (NumberFormatException e) {
      // told below
    }
    throw Problem.badRequest(
        "lastEventId is no id of an event: '" + Call.shortened(id) + "'",
        "Send the id of the last event that you have, such as 4398046511104.2, or 0 for all.");
  }

  /** Everything up to and with this batch. */
  static EventPosition endOf(long batch) {
    return new EventPosition(batch << 16 | PLACE_MASK, Integer.MAX_VALUE);
  }

  long batch() {
    return ReadsEvents.batchOf(seq);
  }
}
