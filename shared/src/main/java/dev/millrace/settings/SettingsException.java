package dev.millrace.settings;

import java.util.List;

/** The settings are wrong; every problem is in it. Immutable. */
public final class SettingsException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  private final transient List<String> problems;

  SettingsException(List<String> problems) {
    super(
        (problems.size() == 1 ? "1 problem" : problems.size() + " problems")
            + " with the settings; nothing was started\n  "
            + String.join("\n  ", problems));
    this.problems = List.copyOf(problems);
  }

  /** One line each; secrets are not in them. */
  public List<String> problems() {
    return problems;
  }
}
