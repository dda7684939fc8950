package dev.millrace.secret;

import java.io.ByteArrayOutputStream;
import java.security.GeneralSecurityException;
import java.security.InvalidKeyException;
import java.security.KeyFactory;
import java.security.KeyPair;
import java.security.KeyPairGenerator;
import java.security.PrivateKey;
import java.security.PublicKey;
import java.security.spec.InvalidKeySpecException;
import java.security.spec.X509EncodedKeySpec;
import java.util.Arrays;
import java.util.HexFormat;
import java.util.Optional;
import javax.crypto.KeyAgreement;

/**
 * What only whoever has made a pair of keys can read: X25519 with a key of each side that is used
 * once, HKDF, AES-GCM. Public keys travel as their 32 bytes (RFC 7748). Stateless; any thread.
 *
 * @param key public key of the sealing side
 * @param sealed nonce, ciphertext and tag
 */
public record SealedAnswer(byte[] key, byte[] sealed) {
  public static final int PUBLIC_KEY_BYTES = 32;

  private static final String ALGORITHM = "X25519";
  private static final String INFO = "millrace secrets 1";

  /** What stands before the 32 bytes in the encoding that the JDK reads. */
  private static final byte[] PREFIX = HexFormat.of().parseHex("302a300506032b656e032100");

  /** A pair for one request. */
  public static KeyPair newKeys() {
    try {
      return KeyPairGenerator.getInstance(ALGORITHM).generateKeyPair();
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has X25519", e);
    }
  }

  /** The public key as it travels. */
  public static byte[] publicKey(KeyPair keys) {
    byte[] encoded = keys.getPublic().getEncoded();
    return Arrays.copyOfRange(encoded, PREFIX.length, encoded.length);
  }

  /**
   * Seals for whoever has sent this public key.
   *
   * @param context what it belongs to; without the same it does not open
   * @throws IllegalArgumentException when it is no public key
   */
  public static SealedAnswer seal(byte[] theirs, byte[] plain, byte[] context) {
    KeyPair own = newKeys();
    byte[] ownPublic = publicKey(own);
    byte[] key = agreed(own.getPrivate(), theirs, theirs, ownPublic);
    return new SealedAnswer(ownPublic, AesGcm.seal(key, plain, context));
  }

  /** What was sealed for these keys; empty when it was not, or was changed. */
  public Optional<byte[]> open(KeyPair own, byte[] context) {
    try {
      byte[] agreed = agreed(own.getPrivate(), key, publicKey(own), key);
      return AesGcm.open(agreed, sealed, context);
    } catch (IllegalArgumentException e) {
      return Optional.empty();
    }
  }

  private static byte[] agreed(PrivateKey own, byte[] theirs, byte[] asker, byte[] answerer) {
    try {
      KeyAgreement agreement = KeyAgreement.getInstance(ALGORITHM);
      agreement.init(own);
      agreement.doPhase(read(theirs), true);
      ByteArrayOutputStream salt = new ByteArrayOutputStream();
      salt.writeBytes(asker);
      salt.writeBytes(answerer);
      return Hkdf.key(salt.toByteArray(), agreement.generateSecret(), INFO);
    } catch (InvalidKeyException | InvalidKeySpecException e) {
      throw new IllegalArgumentException("key is no X25519 public key", e);
    } catch (GeneralSecurityException e) {
      throw new IllegalStateException("every JDK has X25519", e);
    }
  }

  private static PublicKey read(byte[] key) throws GeneralSecurityException {
    if (key.length != PUBLIC_KEY_BYTES) {
      throw new InvalidKeySpecException("a public key has " + PUBLIC_KEY_BYTES + " bytes");
    }
    byte[] encoded = Arrays.copyOf(PREFIX, PREFIX.length + key.length);
    System.arraycopy(key, 0, encoded, PREFIX.length, key.length);
    return KeyFactory.getInstance(ALGORITHM).generatePublic(new X509EncodedKeySpec(encoded));
  }
}
