package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.util.JsonGeneratorDelegate;
import java.io.IOException;

/**
 * Texts without halves of characters: a surrogate without its other half has no UTF-8, and becomes
 * U+FFFD. A command may write one, and nobody could send it on. Stateless; any thread.
 */
public final class WellFormed {
  private static final char REPLACEMENT = '\uFFFD';
  private static final String ESCAPED_REPLACEMENT = "\\ufffd";

  /** A backslash, a u and four digits. */
  private static final int ESCAPE_CHARS = 6;

  private WellFormed() {}

  /** The same text when it is well-formed, as nearly all are. */
  public static String text(String text) {
    int bad = text == null ? -1 : unpaired(text, 0);
    if (bad < 0) {
      return text;
    }
    StringBuilder clean = new StringBuilder(text);
    while (bad >= 0) {
      clean.setCharAt(bad, REPLACEMENT);
      bad = unpaired(text, bad + 1);
    }
    return clean.toString();
  }

  /** Where the first half without its other half is, -1 for nowhere. */
  private static int unpaired(String text, int from) {
    int at = from;
    while (at < text.length()) {
      char c = text.charAt(at);
      boolean pair =
          Character.isHighSurrogate(c)
              && at + 1 < text.length()
              && Character.isLowSurrogate(text.charAt(at + 1));
      if (Character.isSurrogate(c) && !pair) {
        return at;
      }
      at += pair ? 2 : 1;
    }
    return -1;
  }

  /** The same for JSON text, where a half may also be written as an escape. */
  public static String json(String json) {
    String text = text(json);
    return text == null || text.indexOf("\\u") < 0 ? text : withoutEscapedHalves(text);
  }

  private static String withoutEscapedHalves(String json) {
    StringBuilder clean = null;
    int copied = 0;
    int at = json.indexOf('\\');
    while (at >= 0) {
      int length = 2; // a backslash escapes what follows it, also a backslash
      int unit = escaped(json, at);
      if (unit >= 0) {
        length = ESCAPE_CHARS;
        if (Character.isSurrogate((char) unit)) {
          int next = escaped(json, at + ESCAPE_CHARS);
          if (next >= 0 && Character.isSurrogatePair((char) unit, (char) next)) {
            length += ESCAPE_CHARS;
          } else {
            clean = clean == null ? new StringBuilder(json.length()) : clean;
            clean.append(json, copied, at).append(ESCAPED_REPLACEMENT);
            copied = at + ESCAPE_CHARS;
          }
        }
      }
      at = json.indexOf('\\', at + length);
    }
    return clean == null ? json : clean.append(json, copied, json.length()).toString();
  }

  /** The UTF-16 unit that is escaped there, or -1. */
  private static int escaped(String json, int at) {
    if (at + ESCAPE_CHARS > json.length()
        || json.charAt(at) != '\\'
        || json.charAt(at + 1) != 'u') {
      return -1;
    }
    int unit = 0;
    for (int i = at + 2; i < at + ESCAPE_CHARS; i++) {
      int digit = Character.digit(json.charAt(i), 16);
      if (digit < 0) {
        return -1;
      }
      unit = unit * 16 + digit;
    }
    return unit;
  }

  /** Writes well-formed texts only. */
  static final class Generator extends JsonGeneratorDelegate {
    Generator(JsonGenerator to) {
      super(to, false);
    }

    @Override
    public void writeString(String value) throws IOException {
      super.writeString(text(value));
    }

    @Override
    public void writeRawValue(String value) throws IOException {
      super.writeRawValue(json(value));
    }
  }
}
