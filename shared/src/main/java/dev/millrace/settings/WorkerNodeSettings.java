package dev.millrace.settings;

/** All settings of a worker node; it never sees a database. Immutable. */
public record WorkerNodeSettings(
    RabbitSettings rabbit, WorkerTimeouts timeouts, WorkerSettings worker) {
  /**
   * Reads and checks everything.
   *
   * @throws SettingsException with every problem
   */
  public static WorkerNodeSettings read(SettingsInput input) {
    Values values = new Values(input);
    WorkerNodeSettings settings =
        new WorkerNodeSettings(
            RabbitSettings.read(values), WorkerTimeouts.read(values), WorkerSettings.read(values));
    values.finish();
    return settings;
  }
}
