package dev.millrace.worker;

import dev.millrace.wire.Report;
import java.time.Duration;

/** How a handler ended. Immutable. */
public sealed interface Result {
  Result COMPLETED = new Completed(null, null);

  /**
   * @param outputJson JSON text of at most 64 KiB that successors see, or null
   * @param exitCode a process's exit code, or null
   */
  record Completed(String outputJson, Integer exitCode) implements Result {}

  /**
   * @param errorClass short; retry rules name it, such as {@code exit:1} or {@code http:503}
   * @param message what went wrong, for people
   * @param exitCode a process's exit code, or null
   * @param retryable false when another attempt would fail the same way: there is none then,
   *     whatever the retry rules say
   * @param retryAfter no other attempt before so much time is over, or null; of more than {@link
   *     Report.Finished#RETRY_AFTER_MAX} only so much
   */
  record Failed(
      String errorClass, String message, Integer exitCode, boolean retryable, Duration retryAfter)
      implements Result {
    public Failed(String errorClass, String message, Integer exitCode) {
      this(errorClass, message, exitCode, true, null);
    }

    /** Another attempt makes sense after this time, such as a server asked for. */
    public Failed withRetryAfter(Duration time) {
      return new Failed(errorClass, message, exitCode, retryable, time);
    }

    /** Another attempt makes no sense. */
    public Failed notRetryable() {
      return new Failed(errorClass, message, exitCode, false, retryAfter);
    }
  }

  static Result completed() {
    return COMPLETED;
  }

  static Result completed(String outputJson) {
    return new Completed(outputJson, null);
  }

  static Failed failed(String errorClass, String message) {
    return new Failed(errorClass, message, null);
  }
}
