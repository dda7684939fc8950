package dev.millrace.scheduler.http;

import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.security.SecureRandom;
import java.util.Base64;
import java.util.Optional;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * A token as its owner has it: {@code mlr_ID_SECRET}. Immutable.
 *
 * @param id of its row
 * @param secret 256 random bits
 */
record TokenText(long id, String secret) {
  static final String PREFIX = "mlr_";
  private static final int SECRET_BYTES = 32;
  private static final Pattern FORM = Pattern.compile("mlr_(\\d{1,18})_([A-Za-z0-9_-]{43})");
  private static final SecureRandom RANDOM = new SecureRandom();

  static Optional<TokenText> parse(String text) {
    Matcher matcher = FORM.matcher(text);
    return matcher.matches()
        ? Optional.of(new TokenText(Long.parseLong(matcher.group(1)), matcher.group(2)))
        : Optional.empty();
  }

  /** 256 bits that nobody can guess. */
  static String newSecret() {
    byte[] bytes = new byte[SECRET_BYTES];
    RANDOM.nextBytes(bytes);
    return Base64.getUrlEncoder().withoutPadding().encodeToString(bytes);
  }

  /** SHA-256, which is enough for what cannot be guessed. */
  static byte[] hash(String secret) {
    try {
      return MessageDigest.getInstance("SHA-256").digest(secret.getBytes(StandardCharsets.UTF_8));
    } catch (NoSuchAlgorithmException e) {
      throw new IllegalStateException("every JDK has SHA-256", e);
    }
  }

  String text() {
    return PREFIX + id + "_" + secret;
  }

  @Override
  public String toString() {
    return PREFIX + id + "_***";
  }
}
