package dev.millrace.definition;

/**
 * One thing that is wrong with a text somebody wrote, and where. Immutable.
 *
 * @param source the file's name, or what else the text came from
 * @param line 1-based, or 0 when the problem has no place in the text
 * @param column 1-based, or 0
 * @param path where in the structure, such as {@code stages[1].needs}; empty for the whole
 * @param message what is wrong and, where we know it, the remedy
 */
public record Problem(String source, int line, int column, String path, String message) {
  @Override
  public String toString() {
    String place = line > 0 ? ":" + line + ":" + column : "";
    String where = path.isEmpty() ? "" : path + ": ";
    return source + place + ": " + where + message;
  }
}
