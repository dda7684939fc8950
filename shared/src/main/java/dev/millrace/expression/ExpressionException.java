package dev.millrace.expression;

/** What is wrong with an expression or its evaluation, in words for the author of a job. */
public final class ExpressionException extends RuntimeException {
  private static final long serialVersionUID = 1L;

  /** The offset is unknown, or the expression is well formed and met a value it cannot use. */
  static final int NOWHERE = -1;

  private final int position;

  /** About values that no single expression is wrong for. */
  public ExpressionException(String message) {
    this(message, NOWHERE);
  }

  /** The same problem, with the place where it was met. */
  public ExpressionException(String message, ExpressionException cause) {
    this(message, NOWHERE, cause);
  }

  ExpressionException(String message, int position) {
    super(message);
    this.position = position;
  }

  ExpressionException(String message, int position, Throwable cause) {
    super(message, cause);
    this.position = position;
  }

  /** A 0-based offset, in {@code char}s, into the expression's source; or -1. */
  public int position() {
    return position;
  }
}
