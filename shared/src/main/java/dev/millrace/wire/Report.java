package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.time.Duration;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/** What a worker says about a claim. Immutable. */
public sealed interface Report {
  Claim claim();

  record Started(Claim claim) implements Report {}

  /**
   * @param checkpoint JSON text, at most {@link Wire#VALUE_BYTES_MAX}; the next attempt gets it
   */
  record Checkpoint(Claim claim, String checkpoint) implements Report {}

  /**
   * @param ranMillis how long the attempt ran by the worker's monotonic clock. A finish may come
   *     without its start when both happened within one flush of the reporter; then this tells when
   *     it started.
   * @param exitCode the process's exit code, or null where there is none
   * @param errorClass null when completed; else a short class that retry rules can name, such as
   *     {@code exit:1}, {@code timeout}, {@code config}, {@code crash}
   * @param error null when completed; else what went wrong, for people
   * @param output JSON text, at most {@link Wire#VALUE_BYTES_MAX}, or null
   * @param retryable false when another attempt would fail the same way, whatever the retry rules
   *     say; true where there is nothing to say
   * @param retryAfter no other attempt before so much time is over, or null; kept within 0 and
   *     {@link #RETRY_AFTER_MAX}
   * @param counters what the attempt counted until its end, within the bounds of {@link Heartbeat}
   */
  record Finished(
      Claim claim,
      Outcome outcome,
      long ranMillis,
      Integer exitCode,
      String errorClass,
      String error,
      String output,
      boolean retryable,
      Duration retryAfter,
      Map<String, Long> counters)
      implements Report {
    /** Nobody is made to wait longer, whatever a server asks for. */
    public static final Duration RETRY_AFTER_MAX = Duration.ofDays(30);

    public Finished {
      if (retryAfter != null && retryAfter.isNegative()) {
        retryAfter = Duration.ZERO;
      } else if (retryAfter != null && retryAfter.compareTo(RETRY_AFTER_MAX) > 0) {
        retryAfter = RETRY_AFTER_MAX;
      }
      counters = Collections.unmodifiableMap(new LinkedHashMap<>(counters));
    }

    /** Of an attempt that counted nothing. */
    public Finished(
        Claim claim,
        Outcome outcome,
        long ranMillis,
        Integer exitCode,
        String errorClass,
        String error,
        String output,
        boolean retryable,
        Duration retryAfter) {
      this(
          claim,
          outcome,
          ranMillis,
          exitCode,
          errorClass,
          error,
          output,
          retryable,
          retryAfter,
          Map.of());
    }

    /** With nothing to say about another attempt. */
    public Finished(
        Claim claim,
        Outcome outcome,
        long ranMillis,
        Integer exitCode,
        String errorClass,
        String error,
        String output) {
      this(claim, outcome, ranMillis, exitCode, errorClass, error, output, true, null);
    }
  }
}
