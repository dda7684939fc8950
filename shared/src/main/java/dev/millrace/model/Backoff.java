package dev.millrace.model;

/** How the delay grows from one retry to the next. */
public enum Backoff {
  FIXED,
  LINEAR,
  EXPONENTIAL,
  /**
   * Random, between the first delay and three times the one before, so that a crowd spreads out.
   */
  DECORRELATED
}
