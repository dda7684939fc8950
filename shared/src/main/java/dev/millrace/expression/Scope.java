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
 * @param request whether there is a request instead of a run: {@code body} and {@code headers} and
 *     nothing else
 */
public record Scope(
    Map<String, String> params,
    Set<String> stages,
    boolean item,
    boolean error,
    boolean request) {
  public static final Scope NONE = new Scope(Map.of(), Set.of(), false, false);

  /** Of a run. */
  public Scope(Map<String, String> params, Set<String> stages, boolean item, boolean error) {
    this(params, stages, item, error, false);
  }

  /** Of the call of a webhook. */
  public static Scope ofRequest() {
    return new Scope(Map.of(), Set.of(), false, false, true);
  }

  public Scope {
    params = Map.copyOf(params);
    stages = Set.copyOf(stages);
  }

  public Scope withItem() {
    return new Scope(params, stages, true, error, request);
  }

  public Scope withError() {
    return new Scope(params, stages, item, true, request);
  }
}
