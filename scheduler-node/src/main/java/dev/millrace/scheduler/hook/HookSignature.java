package dev.millrace.scheduler.hook;

import dev.millrace.model.WebhookTrigger;
import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import java.security.MessageDigest;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Base64;
import java.util.HexFormat;
import java.util.List;
import java.util.Optional;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/**
 * Judges the signature of a call. Compares in constant time, and with every secret, whichever fits.
 * Stateless; any thread.
 */
public final class HookSignature {
  private static final String ALGORITHM = "HmacSHA256";
  private static final String GITHUB_PREFIX = "sha256=";
  private static final int HEADER_CHARS_MAX = 1_000;

  private HookSignature() {}

  /** What is thought of a call. */
  public sealed interface Verdict {
    /**
     * It comes from who knows the secret.
     *
     * @param id equal for equal calls and for no others
     */
    record Genuine(String id) implements Verdict {}

    /** It does, but when it was signed is further from now than the window. */
    record OutOfTime(Duration off) implements Verdict {}

    record Wrong() implements Verdict {}
  }

  /** What a header says: when, and the signatures that it gives, in bytes. */
  private record Shown(String signedSeconds, List<byte[]> signatures) {}

  /**
   * @param header the value of the webhook's header, or null
   * @param body as it came
   */
  public static Verdict judge(
      WebhookTrigger webhook, List<byte[]> secrets, String header, byte[] body, Instant now) {
    Optional<Shown> shown = header == null ? Optional.empty() : shown(webhook.scheme(), header);
    byte[] genuine = null;
    for (byte[] secret : secrets) {
      byte[] mac = mac(secret, shown.map(Shown::signedSeconds).orElse(null), body);
      for (byte[] signature : shown.map(Shown::signatures).orElse(List.of())) {
        if (MessageDigest.isEqual(mac, signature)) {
          genuine = mac;
        }
      }
    }
    if (genuine == null) {
      return new Verdict.Wrong();
    }
    if (webhook.scheme().signsTime()) {
      Instant signed = Instant.ofEpochSecond(Long.parseLong(shown.get().signedSeconds()));
      Duration off = Duration.between(signed, now).abs();
      if (off.compareTo(webhook.window()) > 0) {
        return new Verdict.OutOfTime(off);
      }
    }
    return new Verdict.Genuine(HexFormat.of().formatHex(genuine));
  }

  /** So that a call of a webhook that is not there takes as long. */
  public static void pretend(byte[] body) {
    mac(new byte[] {1}, null, body);
  }

  private static byte[] mac(byte[] secret, String signedSeconds, byte[] body) {
    try {
      Mac mac = Mac.getInstance(ALGORITHM);
      mac.init(new SecretKeySpec(secret, ALGORITHM));
      if (signedSeconds != null) {
        mac.update((signedSeconds + ".").getBytes(StandardCharsets.US_ASCII));
      }
      return mac.doFinal(body);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has " + ALGORITHM, e);
    }
  }

  private static Optional<Shown> shown(WebhookTrigger.Scheme scheme, String header) {
    if (header.length() > HEADER_CHARS_MAX) {
      return Optional.empty();
    }
    String text = header.strip();
    return switch (scheme) {
      case GITHUB ->
          text.startsWith(GITHUB_PREFIX)
              ? hex(text.substring(GITHUB_PREFIX.length())).map(HookSignature::untimed)
              : Optional.empty();
      case HEX -> hex(text).map(HookSignature::untimed);
      case BASE64 -> base64(text).map(HookSignature::untimed);
      case STRIPE -> timed(text);
    };
  }

  private static Shown untimed(byte[] signature) {
    return new Shown(null, List.of(signature));
  }

  /** {@code t=1735689600,v1=5257a869...,v1=...}; other parts are for others. */
  private static Optional<Shown> timed(String text) {
    String seconds = null;
    List<byte[]> signatures = new ArrayList<>();
    for (String part : text.split(",", -1)) {
      String field = part.strip();
      if (field.matches("t=[0-9]{1,12}")) {
        if (seconds != null) {
          return Optional.empty();
        }
        seconds = field.substring(2);
      } else if (field.startsWith("v1=")) {
        hex(field.substring(3)).ifPresent(signatures::add);
      }
    }
    return seconds == null ? Optional.empty() : Optional.of(new Shown(seconds, signatures));
  }

  private static Optional<byte[]> hex(String text) {
    try {
      return Optional.of(HexFormat.of().parseHex(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static Optional<byte[]> base64(String text) {
    try {
      return Optional.of(Base64.getDecoder().decode(text));
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }
}
