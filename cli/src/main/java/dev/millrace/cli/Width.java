package dev.millrace.cli;

/** Text that has to fit. Stateless. */
final class Width {
  private Width() {}

  /** The text, or its beginning and an ellipsis. */
  static String cut(String text, int most) {
    if (text.length() <= most) {
      return text;
    }
    return most < 1 ? "" : text.substring(0, most - 1) + "…";
  }

  /** Of a text that has no line ends; filled with spaces or cut. */
  static String exactly(String text, int columns) {
    String cut = cut(text, columns);
    return cut + " ".repeat(columns - cut.length());
  }
}
