package dev.millrace.secret;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import java.nio.charset.StandardCharsets;
import java.security.KeyPair;
import java.util.HexFormat;
import org.junit.jupiter.api.Test;

/** Only whoever asked can read an answer, and only for what was asked. */
class SealedAnswerTest {
  private static final byte[] CONTEXT = bytes("claim");
  private static final byte[] VALUE = bytes("{\"db\":\"hunter22\"}");

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  @Test
  void whoeverAskedReadsIt() {
    KeyPair keys = SealedAnswer.newKeys();
    SealedAnswer answer = SealedAnswer.seal(SealedAnswer.publicKey(keys), VALUE, CONTEXT);
    assertThat(answer.open(keys, CONTEXT)).hasValue(VALUE);
    assertThat(new String(answer.sealed(), StandardCharsets.ISO_8859_1)).doesNotContain("hunter");
    assertThat(SealedAnswer.seal(SealedAnswer.publicKey(keys), VALUE, CONTEXT).sealed())
        .isNotEqualTo(answer.sealed());
  }

  @Test
  void nobodyElseDoes() {
    KeyPair keys = SealedAnswer.newKeys();
    SealedAnswer answer = SealedAnswer.seal(SealedAnswer.publicKey(keys), VALUE, CONTEXT);
    assertThat(answer.open(SealedAnswer.newKeys(), CONTEXT)).isEmpty();
    assertThat(answer.open(keys, bytes("another claim"))).isEmpty();
    byte[] changed = answer.sealed().clone();
    changed[changed.length - 1] ^= 1;
    assertThat(new SealedAnswer(answer.key(), changed).open(keys, CONTEXT)).isEmpty();
    assertThat(new SealedAnswer(answer.key(), new byte[3]).open(keys, CONTEXT)).isEmpty();
    assertThat(new SealedAnswer(new byte[32], answer.sealed()).open(keys, CONTEXT)).isEmpty();
  }

  @Test
  void aKeyThatIsNoneIsRefused() {
    for (byte[] key : new byte[][] {{}, new byte[31], new byte[33], new byte[32]}) {
      assertThatThrownBy(() -> SealedAnswer.seal(key, VALUE, CONTEXT))
          .isInstanceOf(IllegalArgumentException.class)
          .hasMessage("key is no X25519 public key");
    }
  }

  /** RFC 5869, test case 1. */
  @Test
  void hkdfIsThatOfTheRfc() {
    HexFormat hex = HexFormat.of();
    byte[] key =
        Hkdf.key(
            hex.parseHex("000102030405060708090a0b0c"),
            hex.parseHex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"),
            new String(hex.parseHex("7031"), StandardCharsets.UTF_8));
    assertThat(key).hasSize(32);
    // Its info is no UTF-8; what it extracts is the key that the expansion begins with.
    byte[] extracted =
        Hkdf.mac(
            hex.parseHex("000102030405060708090a0b0c"),
            hex.parseHex("0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b"));
    assertThat(hex.formatHex(extracted))
        .isEqualTo("077709362c2e32df0ddc3f0dc47bba6390b6c73bb50f9c3122ec844ad7c2b3e5");
    assertThat(key).isEqualTo(Hkdf.mac(extracted, new byte[] {'p', '1', 1}));
  }
}
