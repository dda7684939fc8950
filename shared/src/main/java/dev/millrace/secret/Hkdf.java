package dev.millrace.secret;

import java.nio.charset.StandardCharsets;
import java.security.GeneralSecurityException;
import javax.crypto.Mac;
import javax.crypto.spec.SecretKeySpec;

/** HKDF with SHA-256 (RFC 5869), for keys of 32 bytes. Stateless; any thread. */
public final class Hkdf {
  private static final String MAC = "HmacSHA256";

  private Hkdf() {}

  /**
   * A key of 32 bytes.
   *
   * @param info what it is for: another use gets another key
   */
  public static byte[] key(byte[] salt, byte[] input, String info) {
    byte[] whole = info.getBytes(StandardCharsets.UTF_8);
    byte[] first = new byte[whole.length + 1];
    System.arraycopy(whole, 0, first, 0, whole.length);
    first[whole.length] = 1;
    return mac(mac(salt, input), first);
  }

  /** HMAC-SHA-256. */
  public static byte[] mac(byte[] key, byte[] text) {
    try {
      Mac mac = Mac.getInstance(MAC);
      mac.init(new SecretKeySpec(key, MAC));
      return mac.doFinal(text);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has HMAC with SHA-256", e);
    }
  }
}
