package dev.millrace.scheduler.simulation;

/** One attempt of one stage of a run. Immutable. */
record Claim(long run, int stage, int attempt) {
  /** What an execution by this worker puts out: nobody else puts out the same. */
  String output(String worker) {
    return "\"" + run + "/" + stage + "/" + attempt + "/" + worker + "\"";
  }
}
