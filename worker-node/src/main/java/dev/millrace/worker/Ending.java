package dev.millrace.worker;

import dev.millrace.wire.Outcome;

/** Why an attempt is ended before its handler has ended by itself. */
enum Ending {
  CANCELLED(Outcome.CANCELLED, "cancelled", "cancelled on request"),
  TIMED_OUT(Outcome.TIMED_OUT, "timeout", "did not end within its timeout"),
  SILENT(Outcome.TIMED_OUT, "heartbeat", "neither logged nor reported anything for too long"),
  LOST(Outcome.LOST, "lost", "the worker was cut off from the broker and ended the attempt itself"),
  RETURNED(Outcome.RETURNED, "returned", "the worker stops and hands the attempt back"),
  /** Somebody else owns the claim: nothing is reported. */
  DROPPED(null, "dropped", "the claim belongs to another worker");

  private final Outcome outcome;
  private final String errorClass;
  private final String message;

  Ending(Outcome outcome, String errorClass, String message) {
    this.outcome = outcome;
    this.errorClass = errorClass;
    this.message = message;
  }

  Outcome outcome() {
    return outcome;
  }

  String errorClass() {
    return errorClass;
  }

  String message() {
    return message;
  }
}
