package dev.millrace.scheduler.leader;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.regex.Pattern;

/**
 * Tells which failures are the same one: a hash of job, stage, class and error, in which everything
 * that is another one each time is replaced. Pure and stateless.
 */
final class Fingerprint {
  /** What tells errors apart stands at their beginning; the rest is a trace of calls. */
  private static final int ERROR_CHARS_MAX = 1_000;

  private static final int BYTES = 8;

  /**
   * Everything that varies, in one pass: an instant, a quoted value, an address, a UUID, the value
   * in a query, what stands below a directory of people or of temporary files, a part of a path
   * with a digit, and any other word with one: numbers, hex, ids. No alternative can match in more
   * than one way, so the time is linear.
   */
  private static final Pattern VARIABLE =
      Pattern.compile(
          """
          \\d{4}-\\d{2}-\\d{2}(?:[T\\x20]\\d{2}:\\d{2}(?::\\d{2}(?:[.,]\\d++)?+)?+(?:Z|[+-]\\d{2}:?\\d{2})?+)?+
          |(?<!\\w)'[^'\\n]*+'(?!\\w)
          |"[^"\\n]*+"
          |`[^`\\n]*+`
          |(?<![\\w.+-])[\\w.+-]++@[\\w-]++(?:\\.[\\w-]++)++
          |(?<!\\w)\\p{XDigit}{8}-(?:\\p{XDigit}{4}-){3}\\p{XDigit}{12}(?!\\w)
          |(?<=[?&][\\w.-]{1,40}=)[^&\\s"']++
          |(?<=/(?:home|Users|tmp)/)[^/\\s"',;:)\\]]++
          |(?<=[/\\\\])(?=[^/\\\\\\s"',;:)\\]\\d]*+\\d)[^/\\\\\\s"',;:)\\]]++
          |(?<!\\w)(?=[^\\W\\d]*+\\d)\\w++(?:[.,]\\d++)*+
          """,
          Pattern.COMMENTS);

  private static final Pattern BLANKS = Pattern.compile("\\s++");

  private Fingerprint() {}

  /**
   * @param errorClass may be null, as may the error
   */
  static String of(String job, String stage, String errorClass, String error) {
    String text = String.join("\0", job, stage, String.valueOf(errorClass), pattern(error));
    byte[] hash = sha256().digest(text.getBytes(StandardCharsets.UTF_8));
    return HexFormat.of().formatHex(hash, 0, BYTES);
  }

  /** The error without what varies. */
  static String pattern(String error) {
    if (error == null) {
      return "";
    }
    String head = error.length() > ERROR_CHARS_MAX ? error.substring(0, ERROR_CHARS_MAX) : error;
    String replaced = VARIABLE.matcher(head).replaceAll("*");
    return BLANKS.matcher(replaced).replaceAll(" ").strip();
  }

  private static MessageDigest sha256() {
    try {
      return MessageDigest.getInstance("SHA-256");
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }
}
