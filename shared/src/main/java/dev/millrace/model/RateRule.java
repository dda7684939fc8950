package dev.millrace.model;

import java.time.Duration;

/**
 * So many starts in so much time, for each key. Immutable.
 *
 * @param key a CEL expression whose value is the key, or null for one rate for the stage
 * @param limit starts (>= 1)
 * @param per the time
 */
public record RateRule(String key, int limit, Duration per) {}
