package dev.millrace.scheduler.hook;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.WebhookTrigger;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.NullSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Signatures as those who invented them compute them, and what is not one. */
class HookSignatureTest {
  private static final Instant NOW = Instant.ofEpochSecond(1_735_689_600);
  private static final byte[] BODY = bytes("Hello, World!");

  /** GitHub's own example, from "Validating webhook deliveries". */
  private static final byte[] SECRET = bytes("It's a Secret to Everybody");

  private static final String HEX =
      "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17";

  private static byte[] bytes(String text) {
    return text.getBytes(StandardCharsets.UTF_8);
  }

  private static WebhookTrigger webhook(WebhookTrigger.Scheme scheme) {
    return new WebhookTrigger(
        "webhook",
        List.of("${env:S}"),
        scheme,
        scheme.header(),
        scheme.signsTime() ? Duration.ofMinutes(5) : null,
        true,
        null,
        null,
        null);
  }

  private static HookSignature.Verdict judge(WebhookTrigger.Scheme scheme, String header) {
    return HookSignature.judge(webhook(scheme), List.of(SECRET), header, BODY, NOW);
  }

  @Test
  void thePublishedExampleIsGenuine() {
    assertThat(judge(WebhookTrigger.Scheme.GITHUB, "sha256=" + HEX))
        .isEqualTo(new HookSignature.Verdict.Genuine(HEX));
    assertThat(judge(WebhookTrigger.Scheme.HEX, HEX.toUpperCase(java.util.Locale.ROOT)))
        .isEqualTo(new HookSignature.Verdict.Genuine(HEX));
    String base64 =
        java.util.Base64.getEncoder().encodeToString(java.util.HexFormat.of().parseHex(HEX));
    assertThat(judge(WebhookTrigger.Scheme.BASE64, base64))
        .isEqualTo(new HookSignature.Verdict.Genuine(HEX));
  }

  @ParameterizedTest
  @NullSource
  @ValueSource(
      strings = {
        "",
        "sha256=",
        "sha256=757107ea",
        "sha1=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e18",
        "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e1",
        "sha256=zz7107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
      })
  void everythingElseIsWrong(String header) {
    assertThat(judge(WebhookTrigger.Scheme.GITHUB, header))
        .isEqualTo(new HookSignature.Verdict.Wrong());
  }

  @Test
  void anotherBodyOrSecretIsWrong() {
    String header = "sha256=" + HEX;
    WebhookTrigger webhook = webhook(WebhookTrigger.Scheme.GITHUB);
    assertThat(HookSignature.judge(webhook, List.of(SECRET), header, bytes("Hello"), NOW))
        .isEqualTo(new HookSignature.Verdict.Wrong());
    assertThat(HookSignature.judge(webhook, List.of(bytes("else")), header, BODY, NOW))
        .isEqualTo(new HookSignature.Verdict.Wrong());
    assertThat(HookSignature.judge(webhook, List.of(), header, BODY, NOW))
        .isEqualTo(new HookSignature.Verdict.Wrong());
    assertThat(HookSignature.judge(webhook, List.of(bytes("new"), SECRET), header, BODY, NOW))
        .isInstanceOf(HookSignature.Verdict.Genuine.class);
  }

  /** HMAC-SHA256 of {@code 1735689600.Hello, World!}, computed with openssl 3.0. */
  private static final String TIMED =
      "2da9f41170d7fb23a31006212834f2f0b1647827b0825ac52063db7f6518d21a";

  @Test
  void aSignedTimeIsJudgedByTheWindow() {
    String good = "t=1735689600,v1=" + TIMED;
    assertThat(judge(WebhookTrigger.Scheme.STRIPE, good))
        .isEqualTo(new HookSignature.Verdict.Genuine(TIMED));
    assertThat(judge(WebhookTrigger.Scheme.STRIPE, "v0=aa, t=1735689600, v1=00,v1=" + TIMED))
        .isEqualTo(new HookSignature.Verdict.Genuine(TIMED));
    for (long off : new long[] {-300, 300}) {
      assertThat(at(good, NOW.plusSeconds(off))).isInstanceOf(HookSignature.Verdict.Genuine.class);
    }
    for (long off : new long[] {-301, 301, 86_400}) {
      assertThat(at(good, NOW.plusSeconds(off)))
          .isEqualTo(new HookSignature.Verdict.OutOfTime(Duration.ofSeconds(Math.abs(off))));
    }
  }

  private static HookSignature.Verdict at(String header, Instant now) {
    return HookSignature.judge(
        webhook(WebhookTrigger.Scheme.STRIPE), List.of(SECRET), header, BODY, now);
  }

  /** The time is part of what is signed: who changes it, breaks the signature. */
  @Test
  void aTimeThatWasChangedIsWrong() {
    for (String header :
        List.of(
            "t=1735689601,v1=" + TIMED,
            "v1=" + TIMED,
            "t=1735689600",
            "t=,v1=" + TIMED,
            "t=1735689600,t=1735689600,v1=" + TIMED,
            "t=99999999999999999999,v1=" + TIMED,
            "t=1735689600,v0=" + TIMED)) {
      assertThat(judge(WebhookTrigger.Scheme.STRIPE, header))
          .as(header)
          .isEqualTo(new HookSignature.Verdict.Wrong());
    }
  }
}
