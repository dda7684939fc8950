package dev.millrace.model;

/**
 * What happens to ticks that could not fire when they were due. The others become ledger rows,
 * never silence.
 */
public enum Misfire {
  /** None of the missed ticks fires. */
  NONE,
  /** The latest missed tick fires, the earlier ones are recorded as MISSED. */
  LATEST
}
