package dev.millrace.wire;

import dev.millrace.model.RunId;
import java.nio.charset.StandardCharsets;
import java.time.Instant;

/**
 * What goes to the {@code reply_to} of a message that starts a run: {@code start.answer}, and
 * {@code start.outcome} when the run has ended. Stateless; any thread.
 */
public final class StartAnswerCodec {
  private StartAnswerCodec() {}

  /**
   * The run is there.
   *
   * @param replayed true when an earlier message, or call, with that key has made it
   */
  public static String made(
      String namespace, String job, RunId run, String state, boolean replayed) {
    return text(
        Wire.write(
            "start.answer",
            json -> {
              json.writeStringField("namespace", namespace);
              json.writeStringField("job", job);
              json.writeStringField("run", run.toString());
              json.writeStringField("state", state);
              json.writeBooleanField("replayed", replayed);
            }));
  }

  /**
   * There is no run, and will be none.
   *
   * @param status as the API has it, 422 for what cannot be read
   */
  public static byte[] refused(int status, String detail, String remedy) {
    return Wire.write(
        "start.answer",
        json -> {
          json.writeObjectFieldStart("problem");
          json.writeNumberField("status", status);
          json.writeStringField("detail", detail);
          json.writeStringField("remedy", remedy);
          json.writeEndObject();
        });
  }

  /**
   * The run has ended.
   *
   * @param reason why it was stopped, or null
   */
  public static String ended(
      String namespace, String job, RunId run, String state, String reason, Instant finishedAt) {
    return text(
        Wire.write(
            "start.outcome",
            json -> {
              json.writeStringField("namespace", namespace);
              json.writeStringField("job", job);
              json.writeStringField("run", run.toString());
              json.writeStringField("state", state);
              if (reason != null) {
                json.writeStringField("reason", reason);
              }
              json.writeStringField("finishedAt", finishedAt.toString());
            }));
  }

  private static String text(byte[] json) {
    return new String(json, StandardCharsets.UTF_8);
  }
}
