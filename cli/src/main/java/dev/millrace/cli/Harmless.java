package dev.millrace.cli;

import java.util.regex.Pattern;

/**
 * Text of jobs, errors and logs for a terminal: a name with an escape sequence in it must not move
 * the cursor, set the title or paint over what is true. Stateless.
 */
final class Harmless {
  private static final Pattern CONTROL =
      Pattern.compile("[\\x00-\\x08\\x0b-\\x1f\\x7f-\\x9f\\u202a-\\u202e\\u2066-\\u2069]");
  private static final Pattern COLOR = Pattern.compile("\\x1b\\[[0-9;]{0,32}m");
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

  /** Also the colours that programs write, when they are wanted; they end with the line. */
  static String log(String line, boolean colors) {
    String[] parts = COLOR.split(line, -1);
    if (parts.length == 1) {
      return text(line);
    }
    StringBuilder shown = new StringBuilder();
    var found = COLOR.matcher(line);
    for (String part : parts) {
      shown.append(text(part));
      if (found.find() && colors) {
        shown.append(found.group());
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
