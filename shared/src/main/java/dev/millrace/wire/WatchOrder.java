package dev.millrace.wire;

import java.time.Duration;

/**
 * What a worker is to look for below its own folders, and when a file is whole. Immutable.
 *
 * @param trigger names it in what the worker tells
 * @param depth levels of folders, or 0 for as deep as the pattern is written
 */
public record WatchOrder(
    long trigger, String path, int depth, Duration stableFor, long minSize, Duration every) {
  /** In one message at the most. */
  public static final int BATCH_MAX = 100;
}
