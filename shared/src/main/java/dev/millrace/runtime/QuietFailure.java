package dev.millrace.runtime;

/** A failure whose message says everything: loops log it in one line, without a stack trace. */
public class QuietFailure extends RuntimeException {
  private static final long serialVersionUID = 1L;

  public QuietFailure(String message) {
    super(message);
  }

  public QuietFailure(String message, Throwable cause) {
    super(message, cause);
  }
}
