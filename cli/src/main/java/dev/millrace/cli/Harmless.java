package dev.millrace.cli;

import java.util.regex.Pattern;

/**
 * Text of jobs, errors and logs for a terminal: a name with an escape sequence in it must not move
 * the cursor, set the title or paint over what is true. Stateless.
 */
final class Harmless {
  private static final Pattern CONTROL =
      Pattern.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]");

  /** Workers keep control characters as U+FFFD, so the escape of a colour may have become that. */
  private static final Pattern COLOR = Pattern.compile("[\\x1b\\ufffd]\\[[0-9;]{0,32}m");

  /** What workers leave of sequences for terminals: colours, erasing, moving the cursor. */
  private static final Pattern REMAINS = Pattern.compile("\\ufffd\\[[0-9;?]{0,32}[A-HJKSTfhlmsu]");

  private static final String RESET = "\u001b[0m";
  private static final int SIGNS = 0x2400;

  private Harmless() {}

  /** Control characters as signs, such as ␛; line ends and tabs stay. */
  static String text(String text) {
    if (!CONTROL.matcher(text).find()) {
      return text;
    }
    return CONTROL.matcher(text).replaceAll(found -> sign(found.group().charAt(0)));
  }

  /** A line of a log as its program wrote it, but for what is left of its colours. */
  static String piped(String line) {
    return REMAINS.matcher(line).replaceAll("");
  }

  /** Also the colours that programs write, when they are wanted; they end with the line. */
  static String log(String line, boolean colors) {
    String[] parts = COLOR.split(line, -1);
    if (parts.length == 1) {
      return text(piped(line));
    }
    StringBuilder shown = new StringBuilder();
    var found = COLOR.matcher(line);
    for (String part : parts) {
      shown.append(text(piped(part)));
      if (found.find() && colors) {
        shown.append('\u001b').append(found.group(), 1, found.group().length());
      }
    }
    return colors ? shown.append(RESET).toString() : shown.toString();
  }

  private static String sign(char control) {
    if (control < ' ') {
      return String.valueOf((char) (SIGNS + control));
    }
    return control == 0x7f ? "\u2421" : "\ufffd";
  }
}
