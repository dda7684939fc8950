package dev.millrace.model;

/**
 * The right to end one attempt. Whoever reports the end of an attempt shows its claim; attempt
 * numbers are never reused, so a late report of an old attempt can be told from one of the current
 * attempt. Immutable.
 *
 * @param run the run's id
 * @param stage the stage's id inside the job, as written in the definition
 * @param attempt 1 for the first try
 */
public record Claim(RunId run, String stage, int attempt) {
  @Override
  public String toString() {
    return run + "/" + stage + "/" + attempt;
  }
}
