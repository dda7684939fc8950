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
 * @param message whether {@code message}, {@code headers} and {@code properties} exist and, because
 *     there is no run yet, nothing else
 */
public record Scope(
    Map<String, String> params, Set<String> stages, boolean item, boolean error, boolean message) {
  public static final Scope NONE = new Scope(Map.of(), Set.of(), false, false);

  /** What a queue trigger may read. */
  public static final Scope MESSAGE = new Scope(Map.of(), Set.of(), false, false, true);

  public Scope(Map<String, String> params, Set<String> stages, boolean item, boolean error) {
    this(params, stages, item, error, false);
  }

  public Scope {
    params = Map.copyOf(params);
    stages = Set.copyOf(stages);
  }

  public Scope withItem() {
    return new Scope(params, stages, true, error, message);
  }

  public Scope withError() {
    return new Scope(params, stages, item, true, message);
  }
}
