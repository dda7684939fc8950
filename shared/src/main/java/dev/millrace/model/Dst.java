package dev.millrace.model;

/**
 * What a schedule on the local time line does where clocks change. Immutable.
 *
 * @param gap about local times that do not exist, because clocks went forward over them
 * @param overlap about local times that exist twice, because clocks went back
 */
public record Dst(Gap gap, Overlap overlap) {
  /** Each local time fires exactly once, as early as it can. */
  public static final Dst DEFAULT = new Dst(Gap.SHIFT, Overlap.FIRST);

  /** Clocks go forward: what becomes of the local times in between. */
  public enum Gap {
    /** They do not fire; the ledger has them as SKIPPED_DST. */
    SKIP,
    /** They fire at the first instant after the gap, all of them together once. */
    SHIFT,
    /** They fire one second before the gap, all of them together once. */
    BEFORE
  }

  /** Clocks go back: which of the two instants of one local time fires. */
  public enum Overlap {
    /** The earlier one; the ledger has the later one as SKIPPED_DST. */
    FIRST,
    /** The later one; the ledger has the earlier one as SKIPPED_DST. */
    SECOND,
    /** Each of them. */
    BOTH
  }
}
