package dev.millrace.model;

import java.util.List;

/**
 * Which failures are tried again: by error class, by exit code ({@code exit:75}), or by a CEL
 * expression over {@code error}. Immutable.
 *
 * @param on when not empty, only these are tried again
 * @param unless these are not, whatever {@code on} says
 * @param condition a CEL expression without braces, or null; false is not tried again
 */
public record RetryMatch(List<String> on, List<String> unless, String condition) {
  public static final RetryMatch ALL = new RetryMatch(List.of(), List.of(), null);

  public RetryMatch {
    on = List.copyOf(on);
    unless = List.copyOf(unless);
  }

  /**
   * By class alone: a pattern is a class, or a class prefix with a star such as {@code http:5*}.
   */
  public boolean allows(String errorClass) {
    return (on.isEmpty() || matches(on, errorClass)) && !matches(unless, errorClass);
  }

  private static boolean matches(List<String> patterns, String errorClass) {
    String known = errorClass == null ? "" : errorClass;
    for (String pattern : patterns) {
      boolean prefix = pattern.endsWith("*");
      if (prefix
          ? known.startsWith(pattern.substring(0, pattern.length() - 1))
          : known.equals(pattern)) {
        return true;
      }
    }
    return false;
  }
}
