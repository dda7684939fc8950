package dev.millrace.scheduler.store;

import java.util.List;

/**
 * Which runs a list wants; all of it must be so. Immutable.
 *
 * @param namespace null for every one
 * @param job a job's id, or null
 * @param states one of these; empty for any
 * @param open only those that have not ended
 * @param children those too that stages of other runs wait for
 * @param labels those of its job
 * @param from ids from here; 0 for all
 * @param to ids below; Long.MAX_VALUE for all
 * @param error what an error of one of its stages contains, in upper or lower case; or null
 * @param trigger what kind of trigger started it, or null
 * @param orchestration the id under which it was started, or null
 */
public record RunFilter(
    String namespace,
    Long job,
    List<String> states,
    boolean open,
    boolean children,
    List<Label> labels,
    long from,
    long to,
    String error,
    String trigger,
    String orchestration) {
  /**
   * A label.
   *
   * @param value null for any
   */
  public record Label(String key, String value) {}

  /** All runs of a namespace that somebody or something asked for. */
  public static RunFilter of(String namespace) {
    return new RunFilter(
        namespace, null, List.of(), false, false, List.of(), 0, Long.MAX_VALUE, null, null, null);
  }

  /** The same for runs of one job. */
  public RunFilter of(long other) {
    return new RunFilter(
        namespace, other, states, open, children, labels, from, to, error, trigger, orchestration);
  }

  /** The same for runs that go on. */
  public RunFilter openOnly() {
    return new RunFilter(
        namespace, job, states, true, children, labels, from, to, error, trigger, orchestration);
  }

  /** The same for runs in one of these states. */
  public RunFilter in(List<String> others) {
    return new RunFilter(
        namespace, job, others, open, children, labels, from, to, error, trigger, orchestration);
  }

  /** True when runs of jobs with its labels need not be wanted. */
  boolean picky() {
    return !states.isEmpty() || open || error != null || trigger != null || labels.size() > 1;
  }
}
