package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;

/** What the leader says to workers. Stateless; any thread. */
public final class ControlCodec {
  private ControlCodec() {}

  public static byte[] encode(Control control) {
    return switch (control) {
      case Control.Cancel c ->
          Wire.write(
              "worker.cancel",
              json -> {
                Wire.writeClaim(json, c.claim());
                json.writeNumberField("graceMillis", c.graceMillis());
              });
      case Control.Drop d ->
          Wire.write(
              "worker.drop",
              json -> {
                Wire.writeClaim(json, d.claim());
                json.writeStringField("worker", d.worker());
              });
      case Control.Drain d ->
          Wire.write("worker.drain", json -> json.writeStringField("worker", d.worker()));
      case Control.Watch w ->
          Wire.write(
              "worker.watch",
              json -> {
                json.writeStringField("pool", w.pool());
                json.writeNumberField("epoch", w.epoch());
                json.writeArrayFieldStart("orders");
                for (WatchOrder order : w.orders()) {
                  write(json, order);
                }
                json.writeEndArray();
              });
      case Control.Archive a ->
          Wire.write(
              "worker.archive",
              json -> {
                json.writeStringField("worker", a.worker());
                json.writeStringField("order", Long.toString(a.order()));
                json.writeFieldName("file");
                FileNewsCodec.write(json, a.file());
                json.writeStringField("to", a.to());
              });
    };
  }

  private static void write(JsonGenerator json, WatchOrder order) throws IOException {
    json.writeStartObject();
    json.writeStringField("trigger", Long.toString(order.trigger()));
    json.writeStringField("path", order.path());
    json.writeNumberField("depth", order.depth());
    json.writeNumberField("stableForMillis", order.stableFor().toMillis());

    json.writeNumberField("minSize", order.minSize());
    json.writeNumberField("everyMillis", order.every().toMillis());
    json.writeEndObject();
  }

  public static Decoded<Control> decode(byte[] message) {
    Read read = new Read();
    return Wire.read(message, "", read::field, read::control);
  }

  /** A message as far as it has been read. */
  private static final class Read {
    private String type = "";
    private Claim claim;
    private String worker = "";
    private long graceMillis;
    private String pool = "";
    private long epoch;
    private JsonNode orders;
    private String order = "";
    private JsonNode file;
    private String to = "";

    boolean field(String name, JsonParser json) throws IOException {
      switch (name) {
        case "type" -> type = json.getValueAsString("");
        case "claim" ->
            claim = json.currentToken() == JsonToken.VALUE_NULL ? null : Wire.readClaim(json);
        case "worker" -> worker = json.getValueAsString("");
        case "graceMillis" -> graceMillis = Math.max(0, json.getValueAsLong());
        case "pool" -> pool = json.getValueAsString("");
        case "epoch" -> epoch = json.getValueAsLong();
        case "orders" -> orders = tree(json);
        case "order" -> order = json.getValueAsString("");
        case "file" -> file = tree(json);
        case "to" -> to = json.getValueAsString("");
        default -> {
          return false;
        }
      }
      return true;
    }

    private static JsonNode tree(JsonParser json) throws IOException {
      return json.currentToken() == JsonToken.VALUE_NULL ? null : Wire.TREES.readTree(json);
    }

    Control control() {
      return switch (type) {
        case "worker.cancel" -> new Control.Cancel(claimed(), graceMillis);
        case "worker.drop" -> new Control.Drop(claimed(), worker);
        case "worker.drain" -> new Control.Drain(worker);
        case "worker.watch" -> new Control.Watch(pool, epoch, orders());
        case "worker.archive" -> {
          if (file == null || to.isEmpty()) {
            throw new IllegalArgumentException("an order to archive needs file and to");
          }
          yield new Control.Archive(
              worker, FileNewsCodec.number("order", order), FileNewsCodec.mark(file), to);
        }
        default -> throw new IllegalArgumentException("type '" + type + "' does not belong here");
      };
    }

    private Claim claimed() {
      if (claim == null) {
        throw new IllegalArgumentException("field claim is missing");
      }
      return claim;
    }

    private List<WatchOrder> orders() {
      List<WatchOrder> found = new ArrayList<>();
      if (orders != null) {
        for (JsonNode node : orders) {
          found.add(
              new WatchOrder(
                  FileNewsCodec.number(node, "trigger"),
                  node.path("path").asText(),
                  node.path("depth").asInt(),
                  Duration.ofMillis(node.path("stableForMillis").asLong()),
                  node.path("minSize").asLong(),
                  Duration.ofMillis(node.path("everyMillis").asLong())));
        }
      }
      return found;
    }
  }
}
