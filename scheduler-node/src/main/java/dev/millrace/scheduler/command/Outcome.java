package dev.millrace.scheduler.command;

/**
 * What became of a command, in the words of HTTP so that every surface says the same. Immutable.
 *
 * @param status 200, 201, 404, 409, 422 ...
 * @param body JSON text: what was made, or {@code {"detail": ..., ...}} telling why not and what to
 *     do
 */
public record Outcome(int status, String body) {}
