package dev.millrace.definition;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;

/**
 * One planned tick of a schedule, and what its definition alone says about it. Ticks of one
 * schedule have different instants. Immutable, any thread.
 *
 * @param instant its place in the ledger, and when it is due but for jitter. Times of a gap that do
 *     not fire are one tick, a microsecond before the gap ends, where no tick can be otherwise.
 * @param local what the clock on the wall shows, also where it jumps over this; of a tick that
 *     stands for several local times the first one
 * @param offset in force at the instant
 * @param mark what a change of the clocks has to do with it
 * @param fate what becomes of it
 * @param count the local times that it stands for; 1 unless {@link Mark#GAP_SILENT}
 */
public record Tick(
    Instant instant, LocalDateTime local, ZoneOffset offset, Mark mark, Fate fate, int count) {
  /** What a change of the clocks has to do with a tick. */
  public enum Mark {
    /** Nothing. */
    NONE,
    /** Its local time does not exist; it comes at the first instant after the gap. */
    GAP_SHIFTED,
    /** Its local time does not exist; it comes a second before the gap. */
    GAP_BEFORE,
    /** Local times that do not exist and for which nothing fires. */
    GAP_SILENT,
    /** Its local time exists twice, and this is the first one. */
    OVERLAP_FIRST,
    /** Its local time exists twice, and this is the second one. */
    OVERLAP_SECOND
  }

  /** What becomes of a tick by its definition alone; the names are the ledger's dispositions. */
  public enum Fate {
    /** It fires, unless something else than its definition is against it. */
    FIRES,
    /** Times of a gap that are in the one that fires for all of them. */
    COALESCED,
    /** The DST policy leaves it out. */
    SKIPPED_DST,
    /** Its exclusions leave it out. */
    SKIPPED_CALENDAR
  }

  /** True when a run is to be made for it. */
  public boolean fires() {
    return fate == Fate.FIRES;
  }
}
