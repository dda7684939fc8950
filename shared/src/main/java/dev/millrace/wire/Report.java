package dev.millrace.wire;

import dev.millrace.model.Claim;

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
   */
  record Finished(
      Claim claim,
      Outcome outcome,
      long ranMillis,
      Integer exitCode,
      String errorClass,
      String error,
      String output)
      implements Report {}
}
