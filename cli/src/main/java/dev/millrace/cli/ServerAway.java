package dev.millrace.cli;

/** The server does not answer now, and may do so a little later. Immutable. */
final class ServerAway extends UserError {
  private static final long serialVersionUID = 1L;

  ServerAway(String message, String remedy, Throwable cause) {
    super(message, remedy, cause);
  }
}
