package dev.millrace.scheduler.http;

import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicLong;
import java.util.function.LongSupplier;

/**
 * Bodies on their way in. What is held of them has a bound for the whole node, so that nobody fills
 * the memory with bodies that never end; small ones are always taken. Any thread.
 */
final class Bodies {
  /** What is not counted of a body: no more than the connection itself may hold. */
  static final int FREE_BYTES = 16 * 1024;

  private static final Bodies OF_NODE =
      new Bodies(Math.max(24L << 20, Runtime.getRuntime().maxMemory() / 8), System::nanoTime);

  private static final int PART_BYTES = 16 * 1024;
  private static final int SECONDS_FREE = 10;
  private static final int SMALL_BYTES_PER_SECOND_MIN = 100;
  private static final int BYTES_PER_SECOND_MIN = 8 * 1024;

  private final long most;
  private final LongSupplier nanos;
  private final AtomicLong held = new AtomicLong();
  private final AtomicLong heldOfUnknown = new AtomicLong();

  /**
   * @param most bytes held at once; callers without credentials have a quarter of it
   */
  Bodies(long most, LongSupplier nanos) {
    this.most = most;
    this.nanos = nanos;
  }

  static Bodies ofNode() {
    return OF_NODE;
  }

  /** What is held now, in bytes. */
  long held() {
    return held.get();
  }

  /**
   * Reads to the end, or to so many bytes. Whoever sends a byte now and then is not waited for.
   *
   * @param known whether the caller has shown credentials
   */
  byte[] read(InputStream in, int bytesMax, boolean known) throws IOException {
    ByteArrayOutputStream read = new ByteArrayOutputStream();
    byte[] part = new byte[PART_BYTES];
    long start = nanos.getAsLong();
    long taken = 0;
    try {
      while (read.size() < bytesMax) {
        int got = in.read(part, 0, Math.min(part.length, bytesMax - read.size()));
        if (got < 0) {
          break;
        }
        long more = Math.max(0, (long) read.size() + got - FREE_BYTES) - taken;
        taken += more;
        take(more, known);
        read.write(part, 0, got);
        judgePace(read.size(), TimeUnit.NANOSECONDS.toSeconds(nanos.getAsLong() - start));
      }
      return read.toByteArray();
    } finally {
      give(taken, known);
    }
  }

  private void take(long bytes, boolean known) {
    boolean over = held.addAndGet(bytes) > most;
    boolean overOfUnknown = !known && heldOfUnknown.addAndGet(bytes) > most / 4;
    if (bytes > 0 && (over || overOfUnknown)) {
      throw new Problem.Refused(
          Problem.unavailable("this node holds too many bodies that have not ended"));
    }
  }

  private void give(long bytes, boolean known) {
    held.addAndGet(-bytes);
    if (!known) {
      heldOfUnknown.addAndGet(-bytes);
    }
  }

  private static void judgePace(int size, long seconds) {
    long pace = size <= FREE_BYTES ? SMALL_BYTES_PER_SECOND_MIN : BYTES_PER_SECOND_MIN;
    if (seconds > SECONDS_FREE && size < seconds * pace) {
      throw Problem.badRequest("the body comes too slowly", "Send it at once.");
    }
  }
}
