package dev.millrace.wire;

import com.fasterxml.jackson.core.JsonGenerator;
import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonToken;
import java.io.IOException;
import java.util.ArrayList;
import java.util.List;

/**
 * What a start says of secrets; none of them is in it. Immutable.
 *
 * @param at JSON pointers to the texts of {@code with} that hold references; only these are read
 *     for them
 * @param names of the stored secrets that they refer to, sorted
 * @param params names of params whose values are to be hidden in whatever the attempt says
 * @param grant lets whoever holds the claim ask a scheduler node for the stored ones, or null
 */
public record StartSecrets(List<String> at, List<String> names, List<String> params, String grant) {
  private static final int MAX = 1_000;

  public StartSecrets {
    at = List.copyOf(at);
    names = List.copyOf(names);
    params = List.copyOf(params);
  }

  StartSecrets granted(String newGrant) {
    return new StartSecrets(at, names, params, newGrant);
  }

  int chars() {
    int chars = 128;
    for (List<String> texts : List.of(at, names, params)) {
      chars += texts.stream().mapToInt(text -> text.length() + 3).sum();
    }
    return chars;
  }

  void writeTo(JsonGenerator json) throws IOException {
    json.writeObjectFieldStart("secrets");
    write(json, "at", at);
    write(json, "names", names);
    write(json, "params", params);
    if (grant != null) {
      json.writeStringField("grant", grant);
    }
    json.writeEndObject();
  }

  private static void write(JsonGenerator json, String name, List<String> texts)
      throws IOException {
    if (!texts.isEmpty()) {
      json.writeArrayFieldStart(name);
      for (String text : texts) {
        json.writeString(text);
      }
      json.writeEndArray();
    }
  }

  static StartSecrets read(JsonParser json) throws IOException {
    if (json.currentToken() == JsonToken.VALUE_NULL) {
      return null;
    }
    Wire.expect(json, JsonToken.START_OBJECT, "secrets");
    List<String> at = List.of();
    List<String> names = List.of();
    List<String> params = List.of();
    String grant = null;
    while (json.nextToken() == JsonToken.FIELD_NAME) {
      String name = json.currentName();
      json.nextToken();
      switch (name) {
        case "at" -> at = texts(json, name);
        case "names" -> names = texts(json, name);
        case "params" -> params = texts(json, name);
        case "grant" -> grant = json.getValueAsString();
        default -> json.skipChildren();
      }
    }
    return new StartSecrets(at, names, params, grant);
  }

  /** A list of texts. */
  static List<String> texts(JsonParser json, String name) throws IOException {
    Wire.expect(json, JsonToken.START_ARRAY, name);
    List<String> texts = new ArrayList<>();
    while (json.nextToken() != JsonToken.END_ARRAY) {
      if (json.currentToken() != JsonToken.VALUE_STRING || texts.size() == MAX) {
        throw new IllegalArgumentException(name + " must hold at most " + MAX + " texts");
      }
      texts.add(json.getText());
    }
    return texts;
  }
}
