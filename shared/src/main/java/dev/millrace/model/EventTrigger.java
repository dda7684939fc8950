package dev.millrace.model;

/**
 * What starts runs of a job when something happens, and not by time. Each kind is a record in a
 * file of its own. Immutable.
 */
public sealed interface EventTrigger
    permits AfterTrigger, FileTrigger, QueueTrigger, WebhookTrigger {
  /** What it is called in definitions, in tables and in runs: {@code queue}, ... */
  String kind();
}
