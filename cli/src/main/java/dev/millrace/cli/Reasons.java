package dev.millrace.cli;

import java.util.LinkedHashSet;
import java.util.Set;

/**
 * Says why something failed in one line: the messages of an exception and its causes. Stateless.
 */
final class Reasons {
  private static final int CAUSES_MAX = 5;

  private Reasons() {}

  static String of(Throwable failure) {
    Set<String> messages = new LinkedHashSet<>();
    Throwable cause = failure;
    for (int depth = 0; cause != null && depth < CAUSES_MAX; depth++, cause = cause.getCause()) {
      String message = cause.getMessage();
      String said = message == null ? cause.getClass().getSimpleName() : message.strip();
      // A wrapper repeats its cause as "Class: message".
      if (messages.stream().noneMatch(earlier -> earlier.contains(said))) {
        messages.removeIf(earlier -> said.contains(earlier));
        messages.add(said);
      }
    }
    return String.join(": ", messages);
  }
}
