package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import dev.millrace.model.Claim;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;

/**
 * {@code artifact.*}: requests of workers and the answers to them. Bytes travel as base64 inside
 * the JSON. Stateless; any thread.
 */
public final class ArtifactCodec {
  private ArtifactCodec() {}

  public static byte[] encode(ArtifactRequest request) {
    return switch (request) {
      case ArtifactRequest.Begin begin ->
          Wire.write(
              "artifact.begin",
              json -> {
                Wire.writeClaim(json, begin.claim());
                json.writeStringField("name", begin.name());
                json.writeStringField("mediaType", begin.mediaType());
                json.writeNumberField("size", begin.size());
                json.writeStringField("sha256", begin.sha256());
              });
      case ArtifactRequest.Chunk chunk ->
          Wire.write(
              "artifact.chunk",
              json -> {
                json.writeStringField("artifact", chunk.artifact());
                json.writeNumberField("number", chunk.number());
                json.writeBinaryField("data", chunk.data());
              });
      case ArtifactRequest.End end ->
          Wire.write("artifact.end", json -> json.writeStringField("artifact", end.artifact()));
      case ArtifactRequest.Get get ->
          Wire.write(
              "artifact.get",
              json -> {
                json.writeStringField("artifact", get.artifact());
                json.writeNumberField("number", get.number());
              });
    };
  }

  public static byte[] encode(ArtifactAnswer answer) {
    return switch (answer) {
      case ArtifactAnswer.Begun begun ->
          Wire.write("artifact.begun", json -> json.writeStringField("artifact", begun.artifact()));
      case ArtifactAnswer.Took took ->
          Wire.write(
              "artifact.took",
              json -> {
                json.writeStringField("artifact", took.artifact());
                json.writeNumberField("number", took.number());
              });
      case ArtifactAnswer.Stored stored ->
          Wire.write("artifact.stored", json -> stored.reference().writeTo(json));
      case ArtifactAnswer.Data data ->
          Wire.write(
              "artifact.data",
              json -> {
                data.reference().writeTo(json);
                json.writeNumberField("number", data.number());
                json.writeBinaryField("data", data.data());
              });
      case ArtifactAnswer.Refused refused -> encodeRefused(refused);
    };
  }

  private static byte[] encodeRefused(ArtifactAnswer.Refused refused) {
    return Wire.write(
        "artifact.refused",
        json -> {
          json.writeStringField("why", text(refused.why()));
          json.writeStringField("message", refused.message());
          if (!refused.missing().isEmpty()) {
            json.writeArrayFieldStart("missing");
            for (int number : refused.missing()) {
              json.writeNumber(number);
            }
            json.writeEndArray();
          }
        });
  }

  public static Decoded<ArtifactRequest> decodeRequest(byte[] message) {
    Fields fields = new Fields();
    return Wire.read(message, "", fields::read, fields::request);
  }

  public static Decoded<ArtifactAnswer> decodeAnswer(byte[] message) {
    Fields fields = new Fields();
    return Wire.read(message, "", fields::read, fields::answer);
  }

  private static String text(ArtifactAnswer.Refusal why) {
    return why.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static ArtifactAnswer.Refusal refusal(String text) {
    for (ArtifactAnswer.Refusal why : ArtifactAnswer.Refusal.values()) {
      if (text(why).equals(text)) {
        return why;
      }
    }
    // A newer node's reason: whatever it is, it was no success.
    return ArtifactAnswer.Refusal.MALFORMED;
  }

  /** All fields that any of these messages has; one message's. */
  private static final class Fields {
    private String type = "";
    private Claim claim;
    private String artifact;
    private String name;
    private String mediaType;
    private long size = -1;
    private String sha256;
    private int number = -1;
    private byte[] data;
    private String why = "";
    private String message = "";
    private final List<Integer> missing = new ArrayList<>();

    boolean read(String field, JsonParser json) throws IOException {
      switch (field) {
        case "type" -> type = json.getValueAsString("");
        case "claim" -> claim = Wire.readClaim(json);
        case "artifact" -> artifact = json.getValueAsString();
        case "name" -> name = json.getValueAsString();
        case "mediaType" -> mediaType = json.getValueAsString();
        case "size" -> size = json.getValueAsLong(-1);
        case "sha256" -> sha256 = json.getValueAsString();
        case "number" -> number = json.getValueAsInt(-1);
        case "data" -> data = json.getBinaryValue();
        case "why" -> why = json.getValueAsString("");
        case "message" -> message = json.getValueAsString("");
        case "missing" -> readMissing(json);
        default -> {
          return false;
        }
      }
      return true;
    }

    private void readMissing(JsonParser json) throws IOException {
      Wire.expect(json, JsonToken.START_ARRAY, "missing");
      while (json.nextToken() != JsonToken.END_ARRAY) {
        if (missing.size() < ArtifactAnswer.Refused.MISSING_MAX) {
          missing.add(json.getValueAsInt());
        }
      }
    }

    ArtifactRequest request() {
      return switch (type) {
        case "artifact.begin" -> new ArtifactRequest.Begin(claim, name, mediaType, size, sha256);
        case "artifact.chunk" -> new ArtifactRequest.Chunk(artifact, number, data);
        case "artifact.end" -> new ArtifactRequest.End(artifact);
        case "artifact.get" -> new ArtifactRequest.Get(artifact, number);
        default -> throw new IllegalArgumentException("type '" + type + "' does not belong here");
      };
    }

    ArtifactAnswer answer() {
      return switch (type) {
        case "artifact.begun" -> new ArtifactAnswer.Begun(requiredId());
        case "artifact.took" -> new ArtifactAnswer.Took(requiredId(), number);
        case "artifact.stored" -> new ArtifactAnswer.Stored(reference());
        case "artifact.data" -> new ArtifactAnswer.Data(reference(), number, requiredData());
        case "artifact.refused" -> new ArtifactAnswer.Refused(refusal(why), message, missing);
        default -> throw new IllegalArgumentException("type '" + type + "' is no answer");
      };
    }

    private String requiredId() {
      ArtifactReference.requireId(artifact);
      return artifact;
    }

    private byte[] requiredData() {
      if (data == null) {
        throw new IllegalArgumentException("data is missing");
      }
      return data;
    }

    private ArtifactReference reference() {
      return new ArtifactReference(artifact, name, mediaType, size, sha256);
    }
  }
}
