package dev.millrace.model;

import java.time.Duration;

/**
 * Starts a run for each file that is like a pattern and that nobody writes any more. Immutable.
 *
 * @param path an absolute pattern
 * @param depth levels of folders that are looked at, or 0 for as deep as the pattern is written
 * @param stableFor neither size nor time of a file have changed for so long
 * @param minAge so long ago it was written
 * @param minSize bytes that it has at least
 * @param archiveTo the folder that it is moved to when its run is COMPLETED, or null
 * @param pool whose workers look at their file system, or null for that of the scheduler's nodes
 * @param every how often somebody looks
 * @param params what it gives its runs: a JSON object as text whose strings may hold expressions
 */
public record FileTrigger(
    String path,
    int depth,
    Duration stableFor,
    Duration minAge,
    long minSize,
    String archiveTo,
    String pool,
    Duration every,
    String params)
    implements EventTrigger {
  public static final String KIND = "file";
  public static final Duration STABLE_FOR_USUAL = Duration.ofSeconds(5);
  public static final Duration EVERY_USUAL = Duration.ofSeconds(5);

  @Override
  public String kind() {
    return KIND;
  }
}
