package dev.millrace.scheduler.simulation;

import java.util.List;

/** One world from one seed, and how it went. Stateless; any thread. */
final class Simulation {
  /**
   * How a world went.
   *
   * @param invariant null when everything holds
   * @param hash of all that happened
   */
  record Result(long seed, String invariant, String what, long hash, List<String> trace) {
    boolean holds() {
      return invariant == null;
    }
  }

  private Simulation() {}

  static Result run(long seed, Mutant mutant, boolean traced) {
    World world = new World(seed, mutant, traced);
    String invariant = null;
    String what = null;
    try {
      world.run();
    } catch (Violation violation) {
      invariant = violation.invariant();
      what = violation.getMessage();
    } catch (IllegalStateException refused) {
      invariant = "I5"; // the engine itself refuses
      what = String.valueOf(refused.getMessage());
    }
    return new Result(seed, invariant, what, world.trace.hash(), world.trace.lines());
  }
}
