package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Claim;

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
    };
  }

  public static Decoded<Control> decode(byte[] message) {
    Claim[] claim = new Claim[1];
    String[] type = {""};
    String[] worker = {""};
    long[] graceMillis = {0};
    return Wire.read(
        message,
        "",
        (name, json) -> {
          switch (name) {
            case "type" -> type[0] = json.getValueAsString("");
            case "claim" ->
                claim[0] =
                    json.currentToken() == JsonToken.VALUE_NULL ? null : Wire.readClaim(json);
            case "worker" -> worker[0] = json.getValueAsString("");
            case "graceMillis" -> graceMillis[0] = Math.max(0, json.getValueAsLong());
            default -> {
              return false;
            }
          }
          return true;
        },
        () -> {
          if (claim[0] == null && !type[0].equals("worker.drain")) {
            throw new IllegalArgumentException("field claim is missing");
          }
          return switch (type[0]) {
            case "worker.cancel" -> new Control.Cancel(claim[0], graceMillis[0]);
            case "worker.drop" -> new Control.Drop(claim[0], worker[0]);
            case "worker.drain" -> new Control.Drain(worker[0]);
            default ->
                throw new IllegalArgumentException("type '" + type[0] + "' does not belong here");
          };
        });
  }
}
