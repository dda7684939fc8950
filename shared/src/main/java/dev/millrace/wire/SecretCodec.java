package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonParser;
import dev.millrace.model.Claim;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.Locale;

/** {@code secret.get} and what is answered. Stateless; any thread. */
public final class SecretCodec {
  private static final String GET = "secret.get";
  private static final String SEALED = "secret.sealed";
  private static final String REFUSED = "secret.refused";

  private SecretCodec() {}

  public static byte[] encode(SecretRequest request) {
    return Wire.write(
        GET,
        json -> {
          Wire.writeClaim(json, request.claim());
          json.writeStringField("worker", request.worker());
          json.writeStringField("namespace", request.namespace());
          json.writeArrayFieldStart("names");
          for (String name : request.names()) {
            json.writeString(name);
          }
          json.writeEndArray();
          json.writeStringField("grant", request.grant());
          json.writeBinaryField("key", request.key());
        });
  }

  public static byte[] encode(SecretAnswer answer) {
    return switch (answer) {
      case SecretAnswer.Sealed sealed ->
          Wire.write(
              SEALED,
              json -> {
                json.writeBinaryField("key", sealed.key());
                json.writeBinaryField("sealed", sealed.sealed());
              });
      case SecretAnswer.Refused refused ->
          Wire.write(
              REFUSED,
              json -> {
                json.writeStringField("why", text(refused.why()));
                json.writeStringField("message", refused.message());
              });
    };
  }

  public static Decoded<SecretRequest> decodeRequest(byte[] message) {
    Fields fields = new Fields();
    return Wire.read(message, GET, fields::read, fields::request);
  }

  public static Decoded<SecretAnswer> decodeAnswer(byte[] message) {
    Fields fields = new Fields();
    return Wire.read(message, "", fields::read, fields::answer);
  }

  /** What a sealed answer belongs to: it opens for this attempt of this worker only. */
  public static byte[] context(Claim claim, String worker, String namespace) {
    return String.join(
            "\n",
            "millrace.secrets/1",
            claim.run().toString(),
            claim.stage(),
            Integer.toString(claim.attempt()),
            worker,
            namespace)
        .getBytes(StandardCharsets.UTF_8);
  }

  private static String text(SecretAnswer.Refusal why) {
    return why.name().toLowerCase(Locale.ROOT).replace('_', '-');
  }

  private static SecretAnswer.Refusal refusal(String text) {
    for (SecretAnswer.Refusal why : SecretAnswer.Refusal.values()) {
      if (text(why).equals(text)) {
        return why;
      }
    }
    // A newer node's reason: whatever it is, it was no success.
    return SecretAnswer.Refusal.MALFORMED;
  }

  /** All fields that any of these messages has; one message's. */
  private static final class Fields {
    private String type = "";
    private Claim claim;
    private String worker;
    private String namespace;
    private List<String> names = List.of();
    private String grant;
    private byte[] key;
    private byte[] sealed;
    private String why = "";
    private String message = "";

    boolean read(String field, JsonParser json) throws IOException {
      switch (field) {
        case "type" -> type = json.getValueAsString("");
        case "claim" -> claim = Wire.readClaim(json);
        case "worker" -> worker = json.getValueAsString();
        case "namespace" -> namespace = json.getValueAsString();
        case "names" -> names = StartSecrets.texts(json, field);
        case "grant" -> grant = json.getValueAsString();
        case "key" -> key = json.getBinaryValue();
        case "sealed" -> sealed = json.getBinaryValue();
        case "why" -> why = json.getValueAsString("");
        case "message" -> message = json.getValueAsString("");
        default -> {
          return false;
        }
      }
      return true;
    }

    SecretRequest request() {
      return new SecretRequest(claim, worker, namespace, names, grant, key);
    }

    SecretAnswer answer() {
      return switch (type) {
        case SEALED -> new SecretAnswer.Sealed(key, sealed);
        case REFUSED -> new SecretAnswer.Refused(refusal(why), message);
        default -> throw new IllegalArgumentException("type '" + type + "' is no answer");
      };
    }
  }
}
