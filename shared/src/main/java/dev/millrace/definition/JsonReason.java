package dev.millrace.definition;

import com.fasterxml.jackson.core.JsonProcessingException;
import java.util.regex.Pattern;

/** Says in one line, and without the parser's inner life, why something is not JSON. Stateless. */
public final class JsonReason {
  private static final Pattern SOURCE = Pattern.compile("\\[Source: [^;\\]]*; ([^\\]]*)\\]");

  private JsonReason() {}

  /**
   * For example {@code Unexpected end-of-input: expected close marker for Object (start marker at
   * line: 1, column: 1)}.
   */
  public static String of(JsonProcessingException broken) {
    String message = broken.getOriginalMessage();
    String first = message == null ? "" : message.lines().findFirst().orElse("");
    return first.isEmpty() ? "unreadable" : SOURCE.matcher(first).replaceAll("$1");
  }
}
