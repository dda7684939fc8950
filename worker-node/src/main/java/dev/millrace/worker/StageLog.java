package dev.millrace.worker;

import dev.millrace.model.Claim;
import dev.millrace.wire.LogLines;
import dev.millrace.wire.Wire;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;

/**
 * The lines of one attempt: numbers them, cuts long ones, and stops keeping them above a bound
 * while still counting. Thread-safe.
 */
final class StageLog {
  static final String SYSTEM = "system";
  private static final String CUT_MARK = " ... [cut]";

  /** A line and when it was written. */
  record Entry(StageLog log, long number, String stream, long atNanos, String text) {
    LogLines.Line toLine(long nowNanos) {
      return new LogLines.Line(
          log.claim, number, stream, TimeUnit.NANOSECONDS.toMillis(nowNanos - atNanos), text);
    }
  }

  private final Claim claim;
  private final LogShipper shipper;
  private final int keptBytesMax;
  private long number;
  private long keptBytes;
  private long notKept;
  private long notKeptBytes;
  private final AtomicLong dropped = new AtomicLong();
  private boolean ended;

  /**
   * @param keptBytesMax above it lines are counted only; 0 keeps none
   */
  StageLog(Claim claim, LogShipper shipper, int keptBytesMax) {
    this.claim = claim;
    this.shipper = shipper;
    this.keptBytesMax = keptBytesMax;
  }

  synchronized void line(String stream, String text) {
    if (ended) {
      return;
    }
    if (keptBytes >= keptBytesMax) {
      notKept++;
      notKeptBytes += text.length();
      return;
    }
    String kept = cut(JsonText.clean(text, Wire.LOG_LINE_CHARS_MAX + 1));
    keptBytes += JsonText.utf8Length(kept);
    shipper.add(new Entry(this, ++number, stream, System.nanoTime(), kept));
    if (keptBytes >= keptBytesMax) {
      system(
          "the log of this attempt has reached "
              + keptBytesMax
              + " bytes (worker.output-max-bytes of this worker); further lines are counted, not"
              + " kept");
    }
  }

  /** No line comes after this. */
  synchronized void end() {
    if (!ended && notKept > 0) {
      system(notKept + " more lines with " + notKeptBytes + " characters were not kept");
    }
    ended = true;
  }

  /** The shipper had no room for so many lines of this log. */
  void countDropped() {
    // No lock: whoever calls this may hold the lock of another log.
    dropped.incrementAndGet();
  }

  /** A line that tells about lines dropped since the last time, or null. */
  synchronized Entry takeDroppedNotice() {
    long lines = dropped.getAndSet(0);
    if (lines == 0) {
      return null;
    }
    String text = lines + " lines were dropped: they came faster than the broker took them";
    return new Entry(this, ++number, SYSTEM, System.nanoTime(), text);
  }

  private void system(String text) {
    shipper.add(new Entry(this, ++number, SYSTEM, System.nanoTime(), text));
  }

  private static String cut(String text) {
    return text.length() <= Wire.LOG_LINE_CHARS_MAX
        ? text
        : JsonText.clean(text, Wire.LOG_LINE_CHARS_MAX - CUT_MARK.length()) + CUT_MARK;
  }
}
