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
 * @param file whether {@code file} exists, as in the params of a {@code file} trigger
 */
public record Scope(
    Map<String, String> params,
    Set<String> stages,
    boolean item,
    boolean error,
    Set<String> after,
    boolean file) {
  public static final Scope NONE = new Scope(Map.of(), Set.of(), false, false);

  public Scope {
    params = Map.copyOf(params);
    stages = Set.copyOf(stages);
    after = Set.copyOf(after);
  }

  /** A scope in which no runs of other jobs may be read. */
  public Scope(Map<String, String> params, Set<String> stages, boolean item, boolean error) {
    this(params, stages, item, error, Set.of(), false);
  }

  /** The runs of these jobs may be read. */
  public static Scope ofAfter(Set<String> jobs) {
    return new Scope(Map.of(), Set.of(), false, false, jobs, false);
  }

  /** The file that starts the run may be read. */
  public static Scope ofFile() {
    return new Scope(Map.of(), Set.of(), false, false, Set.of(), true);
  }

  public Scope withItem() {
    return new Scope(params, stages, true, error, after, file);
  }

  public Scope withError() {
    return new Scope(params, stages, item, true, after, file);
  }

  /** The same with other parameters. */
  public Scope withParams(Map<String, String> others) {
    return new Scope(others, stages, item, error, after, file);
  }
}
