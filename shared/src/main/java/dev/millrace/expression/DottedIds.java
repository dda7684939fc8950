package dev.millrace.expression;

import java.util.Comparator;
import java.util.Optional;
import java.util.Set;
import java.util.regex.Pattern;

/**
 * Finds the mistake of writing {@code stages.web-scrape}, which CEL reads as a subtraction and
 * complains about in ways that do not help. Stateless, any thread.
 */
final class DottedIds {
  private static final Pattern PLAIN = Pattern.compile("[A-Za-z_][A-Za-z0-9_]*");

  private DottedIds() {}

  /** To be asked about a source that is known to be wrong. */
  static Optional<ExpressionException> explain(String source, Scope scope) {
    return find(source, "stages", scope.stages())
        .or(() -> find(source, "after", scope.after()))
        .or(() -> find(source, "params", scope.params().keySet()));
  }

  private static Optional<ExpressionException> find(String source, String root, Set<String> known) {
    return known.stream()
        .filter(name -> !PLAIN.matcher(name).matches())
        .filter(name -> source.contains(root + "." + name))
        .max(Comparator.comparingInt(String::length))
        .map(
            name ->
                new ExpressionException(
                    "write "
                        + (root + "[\"" + name + "\"]")
                        + "; after a dot, '"
                        + name
                        + "' does not read as one name",
                    source.indexOf(root + "." + name)));
  }
}
