package dev.millrace.model;

/** What starts runs of a job by something that happens, not by time. Immutable. */
public sealed interface EventTrigger permits AfterTrigger, FileTrigger {
  /** The key by which a definition names it. */
  String kind();
}
