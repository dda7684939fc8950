package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Ends a command with one clear line and, where there is one, a remedy. Immutable. */
sealed class UserError extends RuntimeException permits ServerAway {
  private static final long serialVersionUID = 1L;

  private final String remedy;
  private final int exitCode;
  private final transient JsonNode problem;

  UserError(String message, String remedy) {
    this(message, remedy, null);
  }

  /**
   * @param cause shown with {@code --debug} only
   */
  UserError(String message, String remedy, Throwable cause) {
    this(message, remedy, cause, ExitCode.FAILED, null);
  }

  /**
   * @param problem what the server said, or null
   */
  UserError(String message, String remedy, Throwable cause, int exitCode, JsonNode problem) {
    super(message, cause);
    this.remedy = remedy;
    this.exitCode = exitCode;
    this.problem = problem;
  }

  /** Words of the command line that do not fit each other. */
  static UserError misuse(String message, String remedy) {
    return new UserError(message, remedy, null, ExitCode.USAGE, null);
  }

  /** What the user can do, or empty. */
  String remedy() {
    return remedy;
  }

  int exitCode() {
    return exitCode;
  }

  /** For programs: the server's problem document, or one like it. */
  JsonNode problem() {
    if (problem != null) {
      return problem;
    }
    ObjectNode own = ApiClient.JSON.createObjectNode();
    own.put("type", "urn:millrace:problem:" + (exitCode == ExitCode.AWAY ? "away" : "cli"));
    own.put("title", exitCode == ExitCode.AWAY ? "No answer" : "Not done");
    return own.put("detail", getMessage()).put("remedy", remedy);
  }
}
