package dev.millrace.worker;

/** A secret that an attempt refers to cannot be had. The message names it, never a value. */
final class SecretException extends Exception {
  private static final long serialVersionUID = 1L;
  private final boolean retryable;

  /**
   * @param retryable another attempt may get it without any change
   */
  SecretException(String message, boolean retryable) {
    super(message);
    this.retryable = retryable;
  }

  boolean isRetryable() {
    return retryable;
  }
}
