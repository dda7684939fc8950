package dev.millrace.settings;

/**
 * Bounds of the hot path. Immutable.
 *
 * @param batchMax facts in one transaction
 * @param windowMin least stages of one pool at the broker
 * @param windowMax most stages of one pool at the broker
 * @param bundleMax starts in one message
 */
public record EngineSettings(int batchMax, int windowMin, int windowMax, int bundleMax) {
  private static final int BUNDLE_LIMIT = 64;

  static EngineSettings read(Values values) {
    EngineSettings settings =
        new EngineSettings(
            values.integer("engine.batch-max", 1, 10_000),
            values.integer("engine.window-min", 1, 100_000),
            values.integer("engine.window-max", 1, 1_000_000),
            values.integer("engine.bundle-max", 1, BUNDLE_LIMIT));
    values.require(
        settings.windowMin <= settings.windowMax,
        "engine.window-min is above engine.window-max",
        "engine.window-min",
        "engine.window-max");
    return settings;
  }
}
