package dev.millrace.settings;

import java.util.Map;

/**
 * Where settings come from besides their defaults. Flags are above the environment, the environment
 * is above the file. Immutable.
 *
 * @param environment as of the process
 * @param flags by file key ({@code http.port}), and {@code config} for the properties file
 */
public record SettingsInput(Map<String, String> environment, Map<String, String> flags) {
  public static final String CONFIG_FLAG = "config";
  public static final String CONFIG_ENV = "MILLRACE_CONFIG";

  public SettingsInput {
    environment = Map.copyOf(environment);
    flags = Map.copyOf(flags);
  }

  /** What this process was started with. */
  public static SettingsInput ofProcess(Map<String, String> flags) {
    return new SettingsInput(System.getenv(), flags);
  }

  /** Names only: values may be secret. */
  @Override
  public String toString() {
    return "SettingsInput[environment="
        + environment.size()
        + " names, flags="
        + flags.keySet()
        + "]";
  }
}
