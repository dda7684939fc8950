package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.function.Function;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * The places in a pattern's text where a value goes when a job is loaded: {@code $[[ name ]]}.
 * Stateless.
 */
final class Holes {
  static final String OPEN = "$[[";
  private static final Pattern HOLE =
      Pattern.compile("\\$\\[\\[\\s*([a-zA-Z_][a-zA-Z0-9_-]{0,127})\\s*]]");
  private static final String CODE = "${{";

  private Holes() {}

  /**
   * One of them.
   *
   * @param code true inside an expression, where a value is written as the expression language
   *     writes it
   */
  record Hole(String name, int start, int end, boolean code) {}

  /**
   * All of them in order; empty when one is not written as it must be.
   *
   * @param allCode true when the text is an expression though it has no braces
   */
  static Optional<List<Hole>> of(String text, boolean allCode) {
    List<Hole> holes = new ArrayList<>();
    Matcher found = HOLE.matcher(text);
    int from = 0;
    for (int open = text.indexOf(OPEN); open >= 0; open = text.indexOf(OPEN, from)) {
      if (!found.find(open) || found.start() != open) {
        return Optional.empty();
      }
      boolean code = allCode || isCode(text, open);
      holes.add(new Hole(found.group(1), open, found.end(), code));
      from = found.end();
    }
    return Optional.of(holes);
  }

  /** The one hole that is all of a text, or null. */
  static Hole whole(String text, List<Hole> holes) {
    if (holes.size() != 1) {
      return null;
    }
    Hole only = holes.getFirst();
    boolean alone = text.substring(0, only.start).isBlank() && text.substring(only.end).isBlank();
    return alone ? only : null;
  }

  /** Braces and quotes within an expression do not end it, as where it is compiled. */
  private static boolean isCode(String text, int position) {
    int from = 0;
    for (int open = text.indexOf(CODE); open >= 0 && open < position; ) {
      int end = endOfCode(text, open + CODE.length());
      if (end > position) {
        return true;
      }
      from = end;
      open = text.indexOf(CODE, from);
    }
    return false;
  }

  private static int endOfCode(String text, int start) {
    int depth = 0;
    char quote = 0;
    for (int i = start; i < text.length(); i++) {
      char c = text.charAt(i);
      if (quote != 0) {
        if (c == '\\') {
          i++;
        } else if (c == quote) {
          quote = 0;
        }
      } else if (c == '"' || c == '\'') {
        quote = c;
      } else if (c == '{') {
        depth++;
      } else if (c == '}' && depth > 0) {
        depth--;
      } else if (c == '}' && text.startsWith("}}", i)) {
        return i + 2;
      }
    }
    return text.length();
  }

  /** The text with values in its holes; in an expression each is a literal of the language. */
  static String filled(String text, List<Hole> holes, Function<String, JsonNode> values) {
    StringBuilder filled = new StringBuilder();
    int from = 0;
    for (Hole hole : holes) {
      filled.append(text, from, hole.start);
      JsonNode value = values.apply(hole.name);
      filled.append(hole.code || value.isContainerNode() ? Json.write(value) : value.asText());
      from = hole.end;
    }
    return filled.append(text.substring(from)).toString();
  }
}
