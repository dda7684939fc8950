package dev.millrace.cli;

/** Ends a command with one clear line and, where there is one, a remedy. Immutable. */
sealed class UserError extends RuntimeException permits ServerAway {
  private static final long serialVersionUID = 1L;

  private final String remedy;

  UserError(String message, String remedy) {
    this(message, remedy, null);
  }

  /**
   * @param cause shown with {@code --debug} only
   */
  UserError(String message, String remedy, Throwable cause) {
    super(message, cause);
    this.remedy = remedy;
  }

  /** What the user can do, or empty. */
  String remedy() {
    return remedy;
  }
}
