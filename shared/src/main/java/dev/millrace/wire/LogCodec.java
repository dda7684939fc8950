package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Claim;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/** {@code job.log}: lines that stages wrote. Stateless; any thread. */
public final class LogCodec {
  private static final String TYPE = "job.log";

  private LogCodec() {}

  public static byte[] encode(LogLines lines) {
    return Wire.write(
        TYPE,
        json -> {
          json.writeStringField("worker", lines.worker());
          json.writeArrayFieldStart("lines");
          for (LogLines.Line line : lines.lines()) {
            json.writeStartObject();
            Wire.writeClaim(json, line.claim());
            json.writeNumberField("number", line.number());
            json.writeStringField("stream", line.stream());
            json.writeNumberField("agoMillis", line.agoMillis());
            json.writeStringField("text", line.text());
            json.writeEndObject();
          }
          json.writeEndArray();
        });
  }

  public static Decoded<LogLines> decode(byte[] message) {
    List<LogLines.Line> lines = new ArrayList<>();
    String[] worker = {""};
    return Wire.read(
        message,
        TYPE,
        (name, json) -> {
          switch (name) {
            case "worker" -> worker[0] = json.getValueAsString("");
            case "lines" -> {
              Wire.expect(json, JsonToken.START_ARRAY, "lines");
              while (json.nextToken() != JsonToken.END_ARRAY) {
                lines.add(readLine(json));
              }
            }
            default -> {
              return false;
            }
          }
          return true;
        },
        () -> new LogLines(worker[0], lines));
  }

  private static LogLines.Line readLine(JsonParser json) throws IOException {
    Wire.expect(json, JsonToken.START_OBJECT, "lines[]");
    Claim claim = null;
    long number = 0;
    String stream = "stdout";
    long agoMillis = 0;
    String text = "";
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "claim" -> claim = Wire.readClaim(json);
        case "number" -> number = json.getValueAsLong();
        case "stream" -> stream = json.getValueAsString("stdout");
        case "agoMillis" -> agoMillis = Math.clamp(json.getValueAsLong(), 0, Wire.AGO_MILLIS_MAX);
        case "text" -> text = json.getValueAsString("");
        default -> json.skipChildren();
      }
    }
    if (claim == null || number < 1) {
      throw new IllegalArgumentException("a log line needs claim and number >= 1");
    }
    return new LogLines.Line(claim, number, stream, agoMillis, text);
  }
}
