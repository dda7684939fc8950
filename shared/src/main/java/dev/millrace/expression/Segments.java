package dev.millrace.expression;

import java.util.ArrayList;
import java.util.List;

/**
 * Splits a string into plain text and {@code ${{ expressions }}}. Braces and quotes within an
 * expression do not end it. Stateless, any thread.
 */
final class Segments {
  static final String OPEN = "${{";
  private static final String CLOSE = "}}";

  private Segments() {}

  /** A piece. */
  sealed interface Segment {
    record Plain(String text) implements Segment {}

    /**
     * An expression.
     *
     * @param source without the braces and the blanks around it
     * @param position of the source in the whole string
     */
    record Code(String source, int position) implements Segment {}
  }

  /**
   * All pieces in order.
   *
   * @throws ExpressionException when an expression does not end
   */
  static List<Segment> of(String text) {
    List<Segment> segments = new ArrayList<>();
    int from = 0;
    for (int open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, from)) {
      if (open > from) {
        segments.add(new Segment.Plain(text.substring(from, open)));
      }
      int start = open + OPEN.length();
      int end = end(text, start);
      if (end < 0) {
        throw new ExpressionException("'${{' has no '}}'", open);
      }
      segments.add(code(text, start, end));
      from = end + CLOSE.length();
    }
    if (from < text.length() || segments.isEmpty()) {
      segments.add(new Segment.Plain(text.substring(from)));
    }
    return segments;
  }

  /** The text or the one expression that is all of it; null for anything else. */
  static String only(String text) {
    String stripped = text.strip();
    if (!stripped.contains(OPEN)) {
      return text;
    }
    if (!stripped.startsWith(OPEN)) {
      return null;
    }
    int end = end(stripped, OPEN.length());
    return end == stripped.length() - CLOSE.length()
        ? stripped.substring(OPEN.length(), end).strip()
        : null;
  }

  private static Segment.Code code(String text, int start, int end) {
    String raw = text.substring(start, end);
    int blanks = raw.length() - raw.stripLeading().length();
    return new Segment.Code(raw.strip(), start + blanks);
  }

  /** Where the braces close that opened before {@code from}; -1 if nowhere. */
  private static int end(String text, int from) {
    int depth = 0;
    for (int at = from; at < text.length(); at++) {
      char c = text.charAt(at);
      if (c == '\'' || c == '"') {
        at = endOfString(text, at);
        if (at < 0) {
          return -1;
        }
      } else if (c == '{') {
        depth++;
      } else if (c == '}' && depth > 0) {
        depth--;
      } else if (text.startsWith(CLOSE, at)) {
        return at;
      }
    }
    return -1;
  }

  /** The last quote of a string of CEL; -1 if it does not end. */
  private static int endOfString(String text, int at) {
    String quote = text.substring(at, at + 1);
    if (text.startsWith(quote.repeat(3), at)) {
      quote = quote.repeat(3);
    }
    boolean raw = at > 0 && (text.charAt(at - 1) == 'r' || text.charAt(at - 1) == 'R');
    for (int next = at + quote.length(); next < text.length(); next++) {
      if (text.charAt(next) == '\\' && !raw) {
        next++;
      } else if (text.startsWith(quote, next)) {
        return next + quote.length() - 1;
      }
    }
    return -1;
  }
}
