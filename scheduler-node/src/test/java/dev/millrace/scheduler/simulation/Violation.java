package dev.millrace.scheduler.simulation;

/** An invariant does not hold. Any thread. */
final class Violation extends AssertionError {
  private static final long serialVersionUID = 1;

  private final String invariant;

  Violation(String invariant, String what) {
    super(invariant + ": " + what);
    this.invariant = invariant;
  }

  String invariant() {
    return invariant;
  }
}
