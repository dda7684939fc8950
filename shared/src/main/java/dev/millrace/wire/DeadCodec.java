package dev.millrace.wire;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.time.Instant;
import java.util.Arrays;
import java.util.Base64;

/**
 * {@code dead.message}: a message that could not be read, with the cause, for {@code
 * millrace.dead}. Stateless; any thread.
 */
public final class DeadCodec {
  /** What is kept of a message that is larger. */
  public static final int BODY_BYTES_MAX = 64 * 1024;

  private DeadCodec() {}

  /**
   * A stage that failed for good.
   *
   * @param item number of the item whose run it is, or null
   * @param message what the last attempt was started with, as JSON text
   */
  public record DeadStage(
      String id,
      String run,
      String namespace,
      String job,
      int version,
      String stage,
      Integer item,
      String reason,
      String error,
      String fingerprint,
      int attempts,
      String worker,
      Instant firstFailed,
      Instant lastFailed,
      String message) {}

  /** {@code dead.stage}: for other systems that want to know what failed for good. */
  public static byte[] encodeStage(DeadStage dead) {
    return Wire.write(
        "dead.stage",
        json -> {
          json.writeStringField("id", dead.id());
          json.writeStringField("run", dead.run());
          json.writeStringField("namespace", dead.namespace());
          json.writeStringField("job", dead.job());
          json.writeNumberField("version", dead.version());
          json.writeStringField("stage", dead.stage());
          if (dead.item() != null) {
            json.writeNumberField("item", dead.item());
          }
          json.writeStringField("reason", dead.reason());
          json.writeStringField("error", dead.error());
          json.writeStringField("fingerprint", dead.fingerprint());
          json.writeNumberField("attempts", dead.attempts());
          json.writeStringField("worker", dead.worker());
          json.writeStringField("firstFailed", dead.firstFailed().toString());
          json.writeStringField("lastFailed", dead.lastFailed().toString());
          Wire.writeRaw(json, "message", dead.message());
        });
  }

  /**
   * @param queue where it was found
   * @param by who could not read it: a worker's or a node's id
   * @param cause what is wrong with it, for people
   */
  public static byte[] encode(String queue, String by, String cause, byte[] body) {
    byte[] kept = body.length > BODY_BYTES_MAX ? Arrays.copyOf(body, BODY_BYTES_MAX) : body;
    return Wire.write(
        "dead.message",
        json -> {
          json.writeStringField("queue", queue);
          json.writeStringField("by", by);
          json.writeStringField("cause", cause);
          json.writeNumberField("bytes", body.length);
          String text = text(kept);
          if (text != null) {
            json.writeStringField("body", text);
          } else {
            json.writeStringField("bodyBase64", Base64.getEncoder().encodeToString(kept));
          }
        });
  }

  /** As text when it is UTF-8, else null. */
  private static String text(byte[] bytes) {
    try {
      return StandardCharsets.UTF_8
          .newDecoder()
          .onMalformedInput(CodingErrorAction.REPORT)
          .onUnmappableCharacter(CodingErrorAction.REPORT)
          .decode(ByteBuffer.wrap(bytes))
          .toString();
    } catch (CharacterCodingException e) {
      return null;
    }
  }
}
