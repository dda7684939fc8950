package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Claim;
import java.io.IOException;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;

/** {@code job.start}: a list of 1..64 starts for one pool. Stateless; any thread. */
public final class StartCodec {
  private static final String TYPE = "job.start";

  private StartCodec() {}

  public static byte[] encode(List<Start> starts) {
    return Wire.write(
        TYPE,
        json -> {
          json.writeArrayFieldStart("starts");
          for (Start start : starts) {
            write(json, start);
          }
          json.writeEndArray();
        });
  }

  public static Decoded<List<Start>> decode(byte[] message) {
    List<Start> starts = new ArrayList<>();
    return Wire.read(
        message,
        TYPE,
        (name, json) -> {
          if (!name.equals("starts")) {
            return false;
          }
          Wire.expect(json, JsonToken.START_ARRAY, "starts");
          while (json.nextToken() != JsonToken.END_ARRAY) {
            starts.add(readStart(json));
          }
          return true;
        },
        () -> {
          if (starts.isEmpty() || starts.size() > Start.BUNDLE_MAX) {
            throw new IllegalArgumentException(
                "starts must hold 1..64 entries, not " + starts.size());
          }
          return starts;
        });
  }

  private static void write(JsonGenerator json, Start start) throws IOException {
    json.writeStartObject();
    Wire.writeClaim(json, start.claim());
    json.writeStringField("job", start.job());
    json.writeStringField("namespace", start.namespace());
    json.writeStringField("handler", start.handler());
    writeUnlessEmpty(json, "with", start.with());
    writeUnlessEmpty(json, "params", start.params());
    writeUnlessEmpty(json, "inputs", start.inputs());
    Wire.writeRaw(json, "checkpoint", start.checkpoint());
    if (start.timeout() != null) {
      json.writeNumberField("timeoutMillis", start.timeout().toMillis());
    }
    if (start.scheduledFor() != null) {
      json.writeStringField("scheduledFor", start.scheduledFor().toString());
    }
    if (start.traceparent() != null) {
      json.writeStringField("traceparent", start.traceparent());
    }
    Wire.writeRaw(json, "item", start.item());
    if (start.index() >= 0) {
      json.writeNumberField("index", start.index());
    }
    if (start.heartbeatTimeout() != null) {
      json.writeNumberField("heartbeatTimeoutMillis", start.heartbeatTimeout().toMillis());
    }
    if (start.secrets() != null) {
      start.secrets().writeTo(json);
    }
    json.writeEndObject();
  }

  /** What is absent is read as empty. */
  private static void writeUnlessEmpty(JsonGenerator json, String name, String object)
      throws IOException {
    if (!"{}".equals(object)) {
      Wire.writeRaw(json, name, object);
    }
  }

  private static Start readStart(JsonParser json) throws IOException {
    Wire.expect(json, JsonToken.START_OBJECT, "starts[]");
    Fields fields = new Fields();
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      fields.read(name, json);
    }
    return fields.start();
  }

  /** A start as far as it has been read. */
  private static final class Fields {
    private Claim claim;
    private String job;
    private String namespace = "default";
    private String handler;
    private String with = "{}";
    private String params = "{}";
    private String inputs = "{}";
    private String checkpoint;
    private Duration timeout;
    private Instant scheduledFor;
    private String traceparent;
    private String item;
    private int index = Start.NO_ITEM;
    private Duration heartbeatTimeout;
    private StartSecrets secrets;

    void read(String name, JsonParser json) throws IOException {
      switch (name) {
        case "claim" -> claim = Wire.readClaim(json);
        case "job" -> job = json.getValueAsString();
        case "namespace" -> namespace = json.getValueAsString();
        case "handler" -> handler = json.getValueAsString();
        case "with" -> with = Wire.readRaw(json);
        case "params" -> params = Wire.readRaw(json);
        case "inputs" -> inputs = Wire.readRaw(json);
        case "checkpoint" -> checkpoint = Wire.readRaw(json);
        case "timeoutMillis" -> timeout = Duration.ofMillis(json.getValueAsLong());
        case "scheduledFor" -> scheduledFor = instant(json.getValueAsString());
        case "traceparent" -> traceparent = json.getValueAsString();
        case "item" -> item = Wire.readRaw(json);
        case "index" -> index = index(json);
        case "heartbeatTimeoutMillis" -> heartbeatTimeout = heartbeatTimeout(json);
        case "secrets" -> secrets = StartSecrets.read(json);
        default -> json.skipChildren();
      }
    }

    Start start() {
      if (claim == null || job == null || handler == null) {
        throw new IllegalArgumentException("a start needs claim, job and handler");
      }
      return new Start(
          claim,
          job,
          namespace,
          handler,
          with,
          params,
          inputs,
          checkpoint,
          timeout,
          scheduledFor,
          traceparent,
          item,
          index,
          heartbeatTimeout,
          secrets);
    }
  }

  private static int index(JsonParser json) throws IOException {
    Long index = Wire.readLong(json);
    return index == null ? Start.NO_ITEM : Math.clamp(index, Start.NO_ITEM, Integer.MAX_VALUE);
  }

  /** A bound of nothing would end every attempt: it is read as none. */
  private static Duration heartbeatTimeout(JsonParser json) throws IOException {
    Long millis = Wire.readLong(json);
    return millis == null || millis <= 0
        ? null
        : Duration.ofMillis(Math.min(millis, Wire.AGO_MILLIS_MAX));
  }

  private static Instant instant(String text) {
    try {
      return text == null ? null : Instant.parse(text);
    } catch (java.time.format.DateTimeParseException e) {
      throw new IllegalArgumentException(
          "scheduledFor '" + text + "' is not an ISO-8601 instant", e);
    }
  }
}
