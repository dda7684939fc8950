package dev.millrace.wire;

import dev.millrace.model.Claim;
import java.util.List;

/**
 * One message on {@code millrace.logs}. Immutable.
 *
 * @param worker the id of the worker that speaks
 */
public record LogLines(String worker, List<Line> lines) {
  /**
   * @param number 1, 2, 3 ... inside the claim: with it, a line delivered twice is stored once
   * @param stream {@code stdout}, {@code stderr} or {@code system}
   * @param agoMillis how long before the message was sent the line was written
   * @param text without the line end, at most {@link Wire#LOG_LINE_CHARS_MAX} characters
   */
  public record Line(Claim claim, long number, String stream, long agoMillis, String text) {}
}
