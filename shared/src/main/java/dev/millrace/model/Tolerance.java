package dev.millrace.model;

/**
 * How many items of a fan-out may fail while it still completes. Immutable.
 *
 * @param count an absolute number, or -1
 * @param percent a share of the items, 0..100, or -1; one of both is given
 */
public record Tolerance(int count, double percent) {
  public static final Tolerance NONE = new Tolerance(0, -1);

  /** True when so many failures of so many items are still tolerated. */
  public boolean covers(int failed, int items) {
    return count >= 0 ? failed <= count : failed * 100.0 <= percent * items;
  }
}
