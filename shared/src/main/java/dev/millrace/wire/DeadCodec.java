package dev.millrace.wire;

import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.CodingErrorAction;
import java.nio.charset.StandardCharsets;
import java.util.Arrays;
import java.util.Base64;

/**
 * What goes to {@code millrace.dead}: {@code dead.message}, a message that could not be read, with
 * the cause, and {@code dead.stage}, a stage that failed for good. Stateless; any thread.
 */
public final class DeadCodec {
  /** What is kept of a message that is larger. */
  public static final int BODY_BYTES_MAX = 64 * 1024;

  private DeadCodec() {}

  /**
   * @param queue where it was found
   * @param by who could not read it: a worker's or a node's id
   * @param cause what is wrong with it, for people
   */
  public static byte[] encode(String queue, String by, String cause, byte[] body) {
    return encode(new Found(queue, null, null), by, cause, body, body.length);
  }

  /**
   * Where a message was found.
   *
   * @param namespace of the job that is bound to the queue, null for none
   * @param job that is bound to it, null for none
   */
  public record Found(String queue, String namespace, String job) {}

  /**
   * @param by who could not use it: a worker's or a node's id
   * @param cause what is wrong with it, for people
   * @param body of it, or its beginning
   * @param bytes how many it had
   */
  public static byte[] encode(Found found, String by, String cause, byte[] body, int bytes) {
    byte[] kept = body.length > BODY_BYTES_MAX ? Arrays.copyOf(body, BODY_BYTES_MAX) : body;
    return Wire.write(
        "dead.message",
        json -> {
          json.writeStringField("queue", found.queue());
          if (found.job() != null) {
            json.writeStringField("namespace", found.namespace());
            json.writeStringField("job", found.job());
          }
          json.writeStringField("by", by);
          json.writeStringField("cause", cause);
          json.writeNumberField("bytes", bytes);
          String text = text(kept);
          if (text != null) {
            json.writeStringField("body", text);
          } else {
            json.writeStringField("bodyBase64", Base64.getEncoder().encodeToString(kept));
          }
        });
  }

  public static byte[] encode(DeadStage dead) {
    return Wire.write(
        "dead.stage",
        json -> {
          json.writeStringField("id", dead.id().toString());
          Wire.writeClaim(json, dead.claim());
          json.writeStringField("namespace", dead.namespace());
          json.writeStringField("job", dead.job());
          json.writeNumberField("version", dead.version());
          if (dead.item() >= 0) {
            json.writeNumberField("index", dead.item());
          }
          json.writeStringField("handler", dead.handler());
          json.writeStringField("pool", dead.pool());
          json.writeStringField("reason", dead.reason());
          if (dead.error() != null) {
            json.writeStringField("error", dead.error());
          }
          json.writeStringField("fingerprint", dead.fingerprint());
          json.writeNumberField("attempts", dead.attempts());
          if (dead.worker() != null) {
            json.writeStringField("worker", dead.worker());
          }
          json.writeStringField("firstFailed", dead.firstFailed().toString());
          json.writeStringField("lastFailed", dead.lastFailed().toString());
          Wire.writeRaw(json, "message", dead.message());
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
