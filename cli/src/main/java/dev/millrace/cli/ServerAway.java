package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;

/** The server does not answer now, and may do so a little later. Immutable. */
final class ServerAway extends UserError {
  private static final long serialVersionUID = 1L;

  ServerAway(String message, String remedy, Throwable cause) {
    this(message, remedy, cause, null);
  }

  /**
   * @param problem what the server said of it, or null
   */
  ServerAway(String message, String remedy, Throwable cause, JsonNode problem) {
    super(message, remedy, cause, ExitCode.AWAY, problem);
  }
}
