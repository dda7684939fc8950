package dev.millrace.worker;

import dev.millrace.wire.ArtifactAnswer;
import java.io.IOException;

/** An artifact could not be stored or read; the message says why. */
public final class ArtifactException extends IOException {
  private static final long serialVersionUID = 1L;

  private final ArtifactAnswer.Refusal why;

  ArtifactException(ArtifactAnswer.Refusal why, String message) {
    super(message);
    this.why = why;
  }

  /** {@code UNAVAILABLE} when nobody answered in time. */
  public ArtifactAnswer.Refusal why() {
    return why;
  }

  /** True when another attempt may succeed without any change to the job. */
  public boolean isRetryable() {
    return switch (why) {
      case UNAVAILABLE, HASH, INCOMPLETE, UNKNOWN -> true;
      case EXPIRED, TOO_LARGE, QUOTA, EXISTS, MALFORMED -> false;
    };
  }
}
