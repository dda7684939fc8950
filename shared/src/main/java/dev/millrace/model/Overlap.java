package dev.millrace.model;

/**
 * What happens when a run of a job is asked for while another one of it is open. Immutable.
 *
 * @param waitingMax for {@link Kind#QUEUE}: how many may wait (>= 1), else 0
 */
public record Overlap(Kind kind, int waitingMax) {
  /** The policies. */
  public enum Kind {
    /** They run side by side. */
    ALLOW,
    /** The new one is not made; the ledger or the answer says so. */
    SKIP,
    /** The new one waits in PENDING; beyond the bound it is skipped. */
    QUEUE,
    /** The open one is stopped, the new one starts when it has ended. */
    CANCEL_RUNNING,
    /** One may wait; whatever else comes is counted into that one. */
    COALESCE
  }

  public static final Overlap ALLOW = new Overlap(Kind.ALLOW, 0);
}
