package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;

/**
 * Heartbeats of workers, and the leader's own loop-back message on the same queue. Stateless; any
 * thread.
 */
public final class HeartbeatCodec {
  private static final String HEARTBEAT = "worker.heartbeat";
  private static final String CANARY = "leader.canary";

  private HeartbeatCodec() {}

  /** What comes out of {@code millrace.heartbeats}. */
  public sealed interface Beat {
    record Worker(Heartbeat heartbeat) implements Beat {}

    /** The leader's own message came back: the broker is alive. */
    record Canary(String node, long number) implements Beat {}
  }

  public static byte[] encodeCanary(String node, long number) {
    return Wire.write(
        CANARY,
        json -> {
          json.writeStringField("node", node);
          json.writeNumberField("number", number);
        });
  }

  public static byte[] encode(Heartbeat beat) {
    return Wire.write(
        HEARTBEAT,
        json -> {
          json.writeStringField("worker", beat.worker());
          json.writeStringField("host", beat.host());
          json.writeNumberField("pid", beat.pid());
          json.writeStringField("version", beat.version());
          json.writeNumberField("startedAgoMillis", beat.startedAgoMillis());
          json.writeArrayFieldStart("pools");
          for (Heartbeat.PoolSlots pool : beat.pools()) {
            json.writeStartObject();
            json.writeStringField("pool", pool.pool());
            json.writeNumberField("slots", pool.slots());
            json.writeNumberField("free", pool.free());
            json.writeEndObject();
          }
          json.writeEndArray();
          json.writeArrayFieldStart("handlers");
          for (String handler : beat.handlers()) {
            json.writeString(handler);
          }
          json.writeEndArray();
          json.writeBooleanField("draining", beat.draining());
          json.writeArrayFieldStart("open");
          for (Heartbeat.Open open : beat.open()) {
            write(json, open);
          }
          json.writeEndArray();
        });
  }

  private static void write(JsonGenerator json, Heartbeat.Open open) throws IOException {
    json.writeStartObject();
    Wire.writeClaim(json, open.claim());
    if (open.percent() != null) {
      json.writeNumberField("percent", open.percent());
    }
    if (open.message() != null) {
      json.writeStringField("message", open.message());
    }
    writeCounters(json, open.counters());
    json.writeEndObject();
  }

  static void writeCounters(JsonGenerator json, Map<String, Long> counters) throws IOException {
    if (counters.isEmpty()) {
      return;
    }
    json.writeObjectFieldStart("counters");
    for (Map.Entry<String, Long> counter : counters.entrySet()) {
      json.writeNumberField(counter.getKey(), counter.getValue());
    }
    json.writeEndObject();
  }

  public static Decoded<Beat> decode(byte[] message) {
    var root = Wire.TREES.createObjectNode();
    return Wire.read(
        message,
        "",
        (name, json) -> {
          root.set(name, readTree(json));
          return true;
        },
        () -> {
          String type = root.path("type").asText();
          return switch (type) {
            case CANARY ->
                new Beat.Canary(root.path("node").asText(), root.path("number").asLong());
            case HEARTBEAT -> new Beat.Worker(heartbeat(root));
            default ->
                throw new IllegalArgumentException("type '" + type + "' does not belong here");
          };
        });
  }

  static JsonNode readTree(JsonParser json) throws IOException {
    return json.currentToken() == JsonToken.VALUE_NULL
        ? Wire.TREES.nullNode()
        : Wire.TREES.readTree(json);
  }

  private static Heartbeat heartbeat(JsonNode root) {
    String worker = root.path("worker").asText("");
    if (worker.isEmpty()) {
      throw new IllegalArgumentException("field worker is missing");
    }
    List<Heartbeat.PoolSlots> pools = new ArrayList<>();
    for (JsonNode pool : root.path("pools")) {
      pools.add(
          new Heartbeat.PoolSlots(
              pool.path("pool").asText(), pool.path("slots").asInt(), pool.path("free").asInt()));
    }
    List<String> handlers = new ArrayList<>();
    root.path("handlers").forEach(handler -> handlers.add(handler.asText()));
    List<Heartbeat.Open> open = new ArrayList<>();
    for (JsonNode entry : root.path("open")) {
      JsonNode claim = entry.path("claim");
      open.add(
          new Heartbeat.Open(
              new Claim(
                  RunId.parse(claim.path("run").asText(null)),
                  claim.path("stage").asText(),
                  claim.path("attempt").asInt()),
              entry.hasNonNull("percent") ? entry.get("percent").asInt() : null,
              entry.hasNonNull("message") ? entry.get("message").asText() : null,
              counters(entry.path("counters"))));
    }
    return new Heartbeat(
        worker,
        root.path("host").asText(""),
        root.path("pid").asLong(),
        root.path("version").asText(""),
        Math.clamp(root.path("startedAgoMillis").asLong(), 0, Wire.AGO_MILLIS_MAX),
        pools,
        handlers,
        root.path("draining").asBoolean(),
        open);
  }

  /** As far as they keep to the bounds: nothing is refused for a counter. */
  static Map<String, Long> counters(JsonNode object) {
    Map<String, Long> counters = new LinkedHashMap<>();
    for (Map.Entry<String, JsonNode> field : object.properties()) {
      JsonNode value = field.getValue();
      if (counters.size() < Heartbeat.COUNTERS_MAX
          && field.getKey().length() <= Heartbeat.COUNTER_NAME_CHARS_MAX
          && value.isNumber()
          && value.canConvertToLong()) {
        counters.put(field.getKey(), value.longValue());
      }
    }
    return counters;
  }
}
