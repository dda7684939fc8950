package dev.millrace.scheduler.engine;

/** An attempt that a later one replaces; the stage as it was, and how it ended. Immutable. */
public record Superseded(
    int index,
    Stage stage,
    String worker,
    String outcome,
    long finishedAt,
    Integer exitCode,
    String errorClass,
    String error) {}
