package dev.millrace.cli;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;

/** Words of the command line that mean more than themselves. Stateless. */
final class Words {
  private static final int BYTES_MAX = 8 << 20;

  private Words() {}

  static JsonNode json(String option, String text) {
    try {
      return ApiClient.JSON.readTree(text);
    } catch (JsonProcessingException e) {
      throw new UserError(
          option + " is not JSON: " + e.getOriginalMessage(),
          "Quote it, as in '{\"n\": 3}'.",
          e,
          ExitCode.USAGE,
          null);
    }
  }

  /** The word itself, what is in the file of {@code @FILE}, or all of stdin for {@code -}. */
  static String text(String word) {
    try {
      if (word.equals("-")) {
        return new String(System.in.readNBytes(BYTES_MAX), StandardCharsets.UTF_8);
      }
      return word.startsWith("@") ? Files.readString(Path.of(word.substring(1))) : word;
    } catch (IOException e) {
      throw new UserError("cannot read " + word + ": " + Reasons.of(e), "", e);
    }
  }
}
