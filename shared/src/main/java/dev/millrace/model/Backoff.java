package dev.millrace.model;

/** How the delay grows from one retry to the next. */
public enum Backoff {
  FIXED,
  LINEAR,
  EXPONENTIAL
}
