package dev.millrace.scheduler.http;

import java.util.List;

/** Reads what a person wrote as a job. Any thread. */
@FunctionalInterface
public interface JobText {
  /** A definition, or everything that is wrong with the text. */
  sealed interface Result {
    /**
     * Nothing is wrong.
     *
     * @param canonicalJson a JSON object, as the database keeps it
     */
    record Ok(String namespace, String id, String canonicalJson) implements Result {}

    /** At least one flaw, in the order of the text. */
    record Bad(List<Flaw> flaws) implements Result {}
  }

  /** One thing that is wrong; line and column are 1-based, 0 when it has no place. */
  record Flaw(int line, int column, String path, String message) {}

  /**
   * @param namespace where the job goes when the text names no namespace, or null
   */
  Result read(String text, String sourceName, String namespace);
}
