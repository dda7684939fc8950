package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.JobDefinition;
import java.io.IOException;

/**
 * Reads what other systems write to {@code millrace.triggers}, by hand or by a program of any
 * language. Stateless; any thread.
 */
public final class StartRequestCodec {
  private StartRequestCodec() {}

  public static Decoded<StartRequest> decode(byte[] message) {
    Reading reading = new Reading();
    return Wire.readByHand(message, reading::field, reading::finish);
  }

  /** Of one message. */
  private static final class Reading {
    private String namespace;
    private String job;
    private String params;
    private String key;
    private String reason;
    private String orchestration;
    private String reply;

    private boolean field(String name, JsonParser json) throws IOException {
      switch (name) {
        case "namespace" -> namespace = text(name, json);
        case "job" -> job = text(name, json);
        case "key" -> key = text(name, json);
        case "reason" -> reason = text(name, json);
        case "orchestration" -> orchestration = text(name, json);
        case "reply" -> reply = text(name, json);
        case "params" -> {
          if (json.currentToken() != JsonToken.VALUE_NULL) {
            Wire.expect(json, JsonToken.START_OBJECT, name);
          }
          params = Wire.readRaw(json);
        }
        default -> {
          return false;
        }
      }
      return true;
    }

    private static String text(String name, JsonParser json) throws IOException {
      JsonToken token = json.currentToken();
      if (token == JsonToken.VALUE_NULL) {
        return null;
      }
      if (token == JsonToken.VALUE_STRING || token.isNumeric()) {
        return json.getText();
      }
      throw new IllegalArgumentException(name + " must be a text");
    }

    /** No column can hold it. */
    private static void refuseNul(String name, String text) {
      if (text != null && text.indexOf('\0') >= 0) {
        throw new IllegalArgumentException(name + " has a NUL character; leave it out");
      }
    }

    private StartRequest finish() {
      if (job == null || job.isBlank()) {
        throw new IllegalArgumentException(
            "field job is missing; send {\"job\": \"ship-order\", \"params\": {}}");
      }
      refuseNul("job", job);
      refuseNul("namespace", namespace);
      refuseNul("reason", reason);
      refuseNul("orchestration", orchestration);
      String wrong = StartRequest.problemOfKey(key);
      if (wrong != null) {
        throw new IllegalArgumentException(wrong);
      }
      if (reason != null && reason.length() > StartRequest.REASON_CHARS_MAX) {
        throw new IllegalArgumentException(
            "reason has more than " + StartRequest.REASON_CHARS_MAX + " characters");
      }
      if (reply != null && !reply.equals("run") && !reply.equals("outcome")) {
        throw new IllegalArgumentException("reply is '" + reply + "'; possible: run, outcome");
      }
      return new StartRequest(
          namespace == null ? JobDefinition.DEFAULT_NAMESPACE : namespace,
          job,
          params == null ? "{}" : params,
          key,
          reason,
          orchestration,
          "outcome".equals(reply));
    }
  }
}
