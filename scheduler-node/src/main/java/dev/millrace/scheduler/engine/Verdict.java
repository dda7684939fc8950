package dev.millrace.scheduler.engine;

/** What the engine made of a fact. Expected endings are values. */
public enum Verdict {
  ACCEPTED,
  /** It speaks of an attempt that is over, or comes a second time; nothing changed. */
  STALE,
  /** Another worker holds this claim; the speaker must drop it. Nothing changed. */
  NOT_YOURS,
  /** The run's state forbids it; nothing changed. */
  ILLEGAL
}
