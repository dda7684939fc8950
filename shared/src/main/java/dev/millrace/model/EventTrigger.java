package dev.millrace.model;

/** What starts runs of a job by something that happens, not by time. Immutable. */
public sealed interface EventTrigger permits AfterTrigger {
  /** What it gives its runs: a JSON object as text whose strings may hold expressions. */
  String params();
}
