package dev.millrace.model;

/** A job's whole name. Immutable. */
public record JobRef(String namespace, String job) {
  /**
   * Reads how a job names another one.
   *
   * @param written {@code job} or {@code namespace/job}
   * @param own the namespace that a name without one means
   */
  public static JobRef of(String written, String own) {
    int slash = written.indexOf('/');
    return slash < 0
        ? new JobRef(own, written)
        : new JobRef(written.substring(0, slash), written.substring(slash + 1));
  }

  /** As somebody of that namespace writes it. */
  public String seenFrom(String other) {
    return namespace.equals(other) ? job : toString();
  }

  @Override
  public String toString() {
    return namespace + "/" + job;
  }
}
