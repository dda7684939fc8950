package dev.millrace.worker;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.wire.Wire;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.Optional;

/** Checks JSON that handlers give before it goes into a message as it is. Stateless; any thread. */
final class JsonText {
  /** A message is refused below 64 levels; the value hangs a few levels down. */
  private static final int DEPTH_MAX = 56;

  private static final JsonFactory STRICT =
      JsonFactory.builder()
          .streamReadConstraints(StreamReadConstraints.builder().maxNestingDepth(DEPTH_MAX).build())
          .build();
  private static final ObjectMapper TREES = new ObjectMapper();

  private JsonText() {}

  /** What is wrong with it, with a remedy; empty when it can be sent. */
  static Optional<String> problem(String what, String json) {
    if (firstLoneSurrogate(json, json.length()) >= 0) {
      return Optional.of(what + " holds half a surrogate pair, which UTF-8 cannot carry");
    }
    int bytes = utf8Length(json);
    if (bytes > Wire.VALUE_BYTES_MAX) {
      return Optional.of(
          "%s has %d bytes, the limit is %d; store it as an artifact or a file and hand on where it is"
              .formatted(what, bytes, Wire.VALUE_BYTES_MAX));
    }
    try (JsonParser parser = STRICT.createParser(json)) {
      if (parser.nextToken() == null) {
        return Optional.of(what + " is empty, not JSON");
      }
      parser.skipChildren();
      if (parser.currentToken() == null || parser.nextToken() != null) {
        return Optional.of(what + " is more or less than one JSON value");
      }
      return Optional.empty();
    } catch (IOException e) {
      return Optional.of(what + " is not JSON: " + firstLine(e.getMessage()));
    }
  }

  static JsonNode tree(String json) {
    try {
      return TREES.readTree(json == null ? "{}" : json);
    } catch (IOException e) {
      throw new UncheckedIOException("the message was checked when it came", e);
    }
  }

  /** Bytes in UTF-8, without making them. */
  static int utf8Length(String text) {
    int bytes = 0;
    for (int i = 0; i < text.length(); i++) {
      char c = text.charAt(i);
      bytes += c < 0x80 ? 1 : c < 0x800 || Character.isSurrogate(c) ? 2 : 3;
    }
    return bytes;
  }

  /**
   * Text for people: bounded, and without characters that UTF-8, a database or a terminal choke on.
   */
  static String clean(String text, int charsMax) {
    if (text == null) {
      return null;
    }
    int length = Math.min(text.length(), charsMax);
    StringBuilder out = null;
    for (int i = 0; i < length; i++) {
      char c = text.charAt(i);
      if ((c < ' ' && c != '\n' && c != '\t')
          || (Character.isSurrogate(c) && isLone(text, i, length))) {
        out = out == null ? new StringBuilder(text.substring(0, length)) : out;
        out.setCharAt(i, '\uFFFD');
      }
    }
    if (out != null) {
      return out.toString();
    }
    return length == text.length() ? text : text.substring(0, length);
  }

  private static int firstLoneSurrogate(String text, int length) {
    for (int i = 0; i < length; i++) {
      if (Character.isSurrogate(text.charAt(i)) && isLone(text, i, length)) {
        return i;
      }
    }
    return -1;
  }

  private static boolean isLone(String text, int at, int length) {
    return Character.isHighSurrogate(text.charAt(at))
        ? at + 1 >= length || !Character.isLowSurrogate(text.charAt(at + 1))
        : at == 0 || !Character.isHighSurrogate(text.charAt(at - 1));
  }

  private static String firstLine(String message) {
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
