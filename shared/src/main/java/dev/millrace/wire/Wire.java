package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonLocation;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.core.StreamReadFeature;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;

/**
 * JSON of protocol version 1, and what all its codecs share. Written by hand on the streaming API:
 * starts and reports are the hot path. Stateless; any thread.
 */
public final class Wire {
  public static final int VERSION = 1;

  /** A message is refused above this. */
  public static final int MESSAGE_BYTES_MAX = 256 * 1024;

  /** An output or a checkpoint is refused above this. */
  public static final int VALUE_BYTES_MAX = 64 * 1024;

  /** Nothing that a worker tells of is longer ago than ten years; more would not fit an instant. */
  static final long AGO_MILLIS_MAX = 10L * 366 * 86_400_000;

  public static final int LOG_LINE_CHARS_MAX = 8_192;
  private static final int DEPTH_MAX = 64;

  /** That none was read yet, where one has to be. */
  private static final int VERSION_NEEDED = -1;

  static final JsonFactory JSON =
      JsonFactory.builder()
          // readRaw copies from it; causes show only the first line of an error, without it.
          .enable(StreamReadFeature.INCLUDE_SOURCE_IN_LOCATION)
          .streamReadConstraints(
              StreamReadConstraints.builder()
                  .maxNestingDepth(DEPTH_MAX)
                  .maxStringLength(MESSAGE_BYTES_MAX)
                  .maxDocumentLength(MESSAGE_BYTES_MAX)
                  .build())
          .build();

  static final ObjectMapper TREES = new ObjectMapper(JSON);

  private Wire() {}

  /** Writes one message of the given type. */
  static byte[] write(String type, Body body) {
    ByteArrayOutputStream out = new ByteArrayOutputStream(1024);
    try (JsonGenerator json = new WellFormed.Generator(JSON.createGenerator(out))) {
      json.writeStartObject();
      json.writeNumberField("v", VERSION);
      json.writeStringField("type", type);
      body.writeTo(json);
      json.writeEndObject();
    } catch (IOException e) {
      throw new UncheckedIOException("writing to memory", e);
    }
    return out.toByteArray();
  }

  /**
   * Reads one message: checks size, syntax, version and type, hands each other field to the reader.
   *
   * @param type the type that is expected here; "" takes any and hands {@code type} to the reader
   */
  static <T> Decoded<T> read(byte[] bytes, String type, FieldReader fields, Finish<T> finish) {
    return read(bytes, type, VERSION_NEEDED, fields, finish);
  }

  /** The same of what people write by hand: version and type may be left out. */
  static <T> Decoded<T> readByHand(byte[] bytes, FieldReader fields, Finish<T> finish) {
    return read(bytes, "", VERSION, fields, finish);
  }

  private static <T> Decoded<T> read(
      byte[] bytes, String type, int versionLeftOut, FieldReader fields, Finish<T> finish) {
    if (bytes.length > MESSAGE_BYTES_MAX) {
      return new Decoded.Bad<>(
          "message has " + bytes.length + " bytes, the limit is " + MESSAGE_BYTES_MAX);
    }
    try (JsonParser json = JSON.createParser(bytes)) {
      if (json.nextToken() != JsonToken.START_OBJECT) {
        return new Decoded.Bad<>("message is not a JSON object");
      }
      int version = versionLeftOut;
      boolean typed = type.isEmpty();
      while (json.nextToken() == JsonToken.FIELD_NAME) {
        String name = json.currentName();
        json.nextToken();
        if (name.equals("v")) {
          version = json.getValueAsInt(-1);
          if (version != VERSION) {
            return new Decoded.Bad<>(
                "version v=" + json.getText() + " is not understood here, only v=1 is");
          }
        } else if (name.equals("type") && !type.isEmpty()) {
          if (!type.equals(json.getText())) {
            return new Decoded.Bad<>(
                "type '" + json.getText() + "' does not belong here, expected '" + type + "'");
          }
          typed = true;
        } else if (!fields.read(name, json)) {
          json.skipChildren(); // unknown fields are a newer version's business
        }
      }
      if (version == VERSION_NEEDED) {
        return new Decoded.Bad<>("field v (the protocol version) is missing");
      }
      if (!typed) {
        return new Decoded.Bad<>("field type is missing, expected '" + type + "'");
      }
      if (json.nextToken() != null) {
        return new Decoded.Bad<>("something follows the JSON object");
      }
      return new Decoded.Ok<>(finish.get());
    } catch (IOException | IllegalArgumentException e) {
      return new Decoded.Bad<>(firstLine(e));
    }
  }

  @FunctionalInterface
  interface Body {
    void writeTo(JsonGenerator json) throws IOException;
  }

  @FunctionalInterface
  interface FieldReader {
    /** Reads the value at the parser, or returns false without moving it. */
    boolean read(String name, JsonParser json) throws IOException;
  }

  @FunctionalInterface
  interface Finish<T> {
    /**
     * @throws IllegalArgumentException when a required field was missing; the message names it
     */
    T get();
  }

  static void writeClaim(JsonGenerator json, Claim claim) throws IOException {
    json.writeObjectFieldStart("claim");
    json.writeStringField("run", claim.run().toString());
    json.writeStringField("stage", claim.stage());
    json.writeNumberField("attempt", claim.attempt());
    json.writeEndObject();
  }

  static Claim readClaim(JsonParser json) throws IOException {
    RunId run = null;
    String stage = null;
    int attempt = 0;
    expect(json, JsonToken.START_OBJECT, "claim");
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "run" -> run = RunId.parse(json.getValueAsString());
        case "stage" -> stage = json.getValueAsString();
        case "attempt" -> attempt = json.getValueAsInt();
        default -> json.skipChildren();
      }
    }
    if (run == null || stage == null || attempt < 1) {
      throw new IllegalArgumentException("claim needs run, stage and attempt >= 1");
    }
    return new Claim(run, stage, attempt);
  }

  /** The value at the parser as well-formed JSON text; null for JSON null. */
  static String readRaw(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    JsonLocation from = json.currentTokenLocation();
    if (json.currentToken().isStructStart()
        && from.getByteOffset() >= 0
        && from.contentReference().getRawContent() instanceof byte[] bytes) {
      // As it was written: numbers keep their digits, and no tree is built.
      json.skipChildren();
      int start = (int) from.getByteOffset();
      int end = (int) json.currentTokenLocation().getByteOffset() + 1;
      return WellFormed.json(new String(bytes, start, end - start, StandardCharsets.UTF_8));
    }
    return WellFormed.json(TREES.readTree(json).toString());
  }

  /** The number at the parser, or null when there is something else, which is passed over. */
  static Long readLong(JsonParser json) throws IOException {
    if (!json.currentToken().isNumeric()) {
      json.skipChildren();
      return null;
    }
    return json.getLongValue();
  }

  static void writeRaw(JsonGenerator json, String name, String rawOrNull) throws IOException {
    if (rawOrNull != null) {
      json.writeFieldName(name);
      json.writeRawValue(rawOrNull);
    }
  }

  static void expect(JsonParser json, JsonToken token, String name) {
    if (json.currentToken() != token) {
      throw new IllegalArgumentException(
          name + " must be " + (token == JsonToken.START_ARRAY ? "a list" : "an object"));
    }
  }

  private static String firstLine(Exception e) {
    String message = String.valueOf(e.getMessage());
    int end = message.indexOf('\n');
    return end < 0 ? message : message.substring(0, end);
  }
}
