package dev.millrace.scheduler.store;

/**
 * The database's clock as this process knows it: read with each lease renewal, carried on by the
 * monotonic clock in between. Anchored when the answer arrived, so it is never ahead of the
 * database by more than the drift of two seconds: nothing is judged due early. Any thread.
 */
public final class DatabaseClock {
  private record Anchor(long micros, long nanos) {}

  private volatile Anchor anchor;

  /**
   * @param micros the database's clock, read while answering
   * @param nanos {@link System#nanoTime} when the answer had arrived
   */
  public void sync(long micros, long nanos) {
    anchor = new Anchor(micros, nanos);
  }

  /** True once the database has been heard. */
  public boolean known() {
    return anchor != null;
  }

  /** Microseconds since 1970. */
  public long micros() {
    Anchor current = anchor;
    if (current == null) {
      throw new IllegalStateException("the database's clock has not been read yet");
    }
    return current.micros + (System.nanoTime() - current.nanos) / 1_000;
  }
}
