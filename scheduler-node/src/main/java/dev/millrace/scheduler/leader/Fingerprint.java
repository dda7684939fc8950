package dev.millrace.scheduler.leader;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.HexFormat;
import java.util.Locale;
import java.util.regex.Pattern;

/**
 * Tells errors apart by what they say and not by which file, row or minute they say it of. Pure and
 * stateless.
 */
final class Fingerprint {
  private static final int CHARS_MAX = 2_000;
  private static final int BYTES = 8;

  /** In this order: what is longer and more special goes first. */
  private static final Pattern VARIABLE =
      Pattern.compile(
          "\\b[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}\\b"
              + "|\\d{4}-\\d\\d-\\d\\d[t ]\\d\\d:\\d\\d(:\\d\\d)?(\\.\\d+)?(z|[+-]\\d\\d:?\\d\\d)?"
              + "|\\b0[0-9a-hjkmnp-tv-z]{12}\\b"
              + "|'[^']{1,200}'|\"[^\"]{1,200}\""
              + "|(?:/[\\w.@%+-]+){2,}"
              + "|\\b0x[0-9a-f]+\\b|\\b[0-9a-f]*\\d[0-9a-f]{6,}\\b"
              + "|\\d+(\\.\\d+)*");

  private Fingerprint() {}

  /** 16 hexadecimal digits. */
  static String of(String job, String stage, String errorClass, String error) {
    String text = error == null ? "" : error;
    String kept = text.substring(0, Math.min(text.length(), CHARS_MAX)).toLowerCase(Locale.ROOT);
    String shape = VARIABLE.matcher(kept).replaceAll("#").replaceAll("\\s+", " ").strip();
    String whole = String.join("\n", job, stage, errorClass == null ? "" : errorClass, shape);
    try {
      byte[] hash =
          MessageDigest.getInstance("SHA-256").digest(whole.getBytes(StandardCharsets.UTF_8));
      return HexFormat.of().formatHex(hash, 0, BYTES);
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
