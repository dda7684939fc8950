package dev.millrace.system;

import dev.millrace.testing.Witness;

/** The jobs that the tests run, as JSON. Stateless. */
final class Jobs {
  static final String[] POOLS = {
    "--pool", "fast", "--slots", "16", "--pool", "slow", "--slots", "8"
  };

  private Jobs() {}

  /** Three stages in a row that do nothing. */
  static String chain(String id) {
    return """
    {"id": "%s", "stages": [
      {"id": "a", "run": "noop", "pool": "fast"},
      {"id": "b", "run": "noop", "pool": "fast", "needs": ["a"]},
      {"id": "c", "run": "noop", "pool": "fast", "needs": ["b"]}]}
    """
        .formatted(id);
  }

  /** Three stages in a row, each a program that tells the witness when it starts and ends. */
  static String witnessed(String id, Witness witness, double seconds) {
    String script =
        word(witness, Witness.Moment.START)
            + "; sleep "
            + seconds
            + "; "
            + word(witness, Witness.Moment.END);
    String with = "{\"shell\": \"" + script.replace("\\", "\\\\").replace("\"", "\\\"") + "\"}";
    return """
    {"id": "%s", "stages": [
      {"id": "a", "run": "command", "pool": "slow", "with": %s},
      {"id": "b", "run": "command", "pool": "slow", "with": %s, "needs": ["a"]},
      {"id": "c", "run": "command", "pool": "slow", "with": %s, "needs": ["b"]}]}
    """
        .formatted(id, with, with, with);
  }

  private static String word(Witness witness, Witness.Moment moment) {
    return witness.shell("$MILLRACE_RUN", "$MILLRACE_STAGE", "$MILLRACE_ATTEMPT", moment);
  }
}
