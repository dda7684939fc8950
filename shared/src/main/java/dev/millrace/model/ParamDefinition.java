package dev.millrace.model;

/**
 * One parameter of a job. Immutable.
 *
 * @param type string, number, integer, boolean, object or array, the words of JSON Schema
 * @param required a run without it is refused
 * @param defaultJson the default as JSON text, whose strings may hold expressions, or null
 * @param secret its value is never shown
 */
public record ParamDefinition(
    String name, String type, boolean required, String defaultJson, boolean secret) {
  /** True when the default depends on the run. */
  public boolean isComputed() {
    return defaultJson != null && defaultJson.contains("${{");
  }
}
