package dev.millrace.expression;

import java.util.Map;
import java.util.Set;

/**
 * What names an expression may use, known when a definition is loaded. Immutable.
 *
 * @param params name to type: string, number, integer, boolean, object or array
 * @param stages ids of the stages whose results may be read
 * @param item whether {@code item} and {@code index} exist
 * @param error whether {@code error} exists, as in rules for retries
 * @param after jobs whose runs may be read, as in the params of an {@code after} trigger
 * @param about what there is to read about
 */
public record Scope(
    Map<String, String> params,
    Set<String> stages,
    boolean item,
    boolean error,
    Set<String> after,
    About about) {
  /** What an expression is about. Before there is a run, nothing of one can be read. */
  public enum About {
    /** A run, or one that is about to be made. */
    RUN,
    /** The same, and the {@code file} that starts it. */
    FILE,
    /** The call of a webhook: {@code body} and {@code headers}. */
    REQUEST,
    /** A message of a queue: {@code message}, {@code headers} and {@code properties}. */
    MESSAGE
  }

  public static final Scope NONE = new Scope(Map.of(), Set.of(), false, false);

  /** What a webhook may read. */
  public static final Scope REQUEST =
      new Scope(Map.of(), Set.of(), false, false, Set.of(), About.REQUEST);

  /** What a queue trigger may read. */
  public static final Scope MESSAGE =
      new Scope(Map.of(), Set.of(), false, false, Set.of(), About.MESSAGE);

  public Scope {
    params = Map.copyOf(params);
    stages = Set.copyOf(stages);
    after = Set.copyOf(after);
  }

  /** Of a run, in which no runs of other jobs may be read. */
  public Scope(Map<String, String> params, Set<String> stages, boolean item, boolean error) {
    this(params, stages, item, error, Set.of(), About.RUN);
  }

  /** The runs of these jobs may be read. */
  public static Scope ofAfter(Set<String> jobs) {
    return new Scope(Map.of(), Set.of(), false, false, jobs, About.RUN);
  }

  /** The file that starts the run may be read. */
  public static Scope ofFile() {
    return new Scope(Map.of(), Set.of(), false, false, Set.of(), About.FILE);
  }

  boolean file() {
    return about == About.FILE;
  }

  boolean ofRequest() {
    return about == About.REQUEST;
  }

  boolean ofMessage() {
    return about == About.MESSAGE;
  }

  public Scope withItem() {
    return new Scope(params, stages, true, error, after, about);
  }

  public Scope withError() {
    return new Scope(params, stages, item, true, after, about);
  }

  /** The same with other parameters. */
  public Scope withParams(Map<String, String> others) {
    return new Scope(others, stages, item, error, after, about);
  }

  /** The same with other stages. */
  public Scope withStages(Set<String> others) {
    return new Scope(params, others, item, error, after, about);
  }
}
