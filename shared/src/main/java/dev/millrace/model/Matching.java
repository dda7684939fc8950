package dev.millrace.model;

/** Which runs of several jobs belong together. */
public enum Matching {
  /** The last of each, whenever it was planned. */
  NONE,
  /** Those that were planned for the same instant. */
  PLANNED,
  /** Those that were planned for the same day of a zone; what no schedule planned, made on it. */
  DAY
}
