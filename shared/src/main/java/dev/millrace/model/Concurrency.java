package dev.millrace.model;

/**
 * How many runs of a job with one key may be open at once; the others wait in PENDING. Immutable.
 *
 * @param key a CEL expression whose value is the key, or null for one key for the job
 * @param limit >= 1
 */
public record Concurrency(String key, int limit) {}
