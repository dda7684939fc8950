package dev.millrace.scheduler.http;

import com.fasterxml.jackson.core.JsonParser;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.JsonToken;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.JsonReason;
import dev.millrace.definition.StartLimits;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.Acceptance;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * The body of a bulk start, read item by item, so that no tree of all of it is ever held. What is
 * wrong with one item is its own matter. Immutable.
 *
 * @param atomic all or none
 * @param answer whether the caller waits for what becomes of them
 */
record BulkBody(boolean atomic, boolean answer, String reason, List<Item> items) {
  static final int ITEMS_MAX = 10_000;
  static final int BYTES_MAX = 8 * 1024 * 1024;

  /** Of values that others follow. */
  private static final ObjectReader TREES =
      Json.MAPPER.reader().without(DeserializationFeature.FAIL_ON_TRAILING_TOKENS);

  private static final Set<String> KEYS = Set.of("items", "atomic", "wait", "reason");
  private static final Set<String> ITEM_KEYS = Set.of("job", "params", "key", "orchestration");

  /**
   * One start.
   *
   * @param orchestration the id under which its run belongs to others, or null
   * @param problem what is wrong with it, or null
   */
  record Item(String job, String params, String key, String orchestration, String problem) {}

  static BulkBody read(byte[] body) {
    try (JsonParser parser = Json.MAPPER.getFactory().createParser(Call.text(body))) {
      return read(parser);
    } catch (JsonProcessingException e) {
      var at = e.getLocation();
      String place =
          at == null ? "" : " (line " + at.getLineNr() + ", column " + at.getColumnNr() + ")";
      throw Problem.badRequest(
          "the body is not JSON as we take it: " + JsonReason.of(e) + place,
          "Send {\"items\": [{\"job\": \"...\", \"params\": {...}, \"key\": \"...\"}]}.");
    } catch (IOException e) {
      throw new UncheckedIOException("a text in memory can be read", e);
    }
  }

  private static BulkBody read(JsonParser parser) throws IOException {
    if (parser.nextToken() != JsonToken.START_OBJECT) {
      throw notABulk("the body is not a JSON object");
    }
    ObjectNode rest = Json.object();
    List<Item> items = null;
    for (String name = parser.nextFieldName(); name != null; name = parser.nextFieldName()) {
      parser.nextToken();
      if (!KEYS.contains(name)) {
        throw Problem.badRequest(
            "unknown key '" + Call.shortened(name) + "'", "Known keys: " + KEYS + ".");
      }
      if (name.equals("items")) {
        items = items(parser);
      } else {
        rest.set(name, TREES.readTree(parser));
      }
    }
    if (parser.nextToken() != null) {
      throw notABulk("there is something after the JSON object");
    }
    if (items == null || items.isEmpty()) {
      throw notABulk("there are no items");
    }
    return new BulkBody(
        flag(rest, "atomic", false), flag(rest, "wait", true), Call.reason(rest), items);
  }

  private static List<Item> items(JsonParser parser) throws IOException {
    if (parser.currentToken() != JsonToken.START_ARRAY) {
      throw notABulk("items is not a list");
    }
    List<Item> items = new ArrayList<>();
    while (parser.nextToken() != JsonToken.END_ARRAY) {
      if (items.size() == ITEMS_MAX) {
        throw notABulk("there are more than " + ITEMS_MAX + " items; send them in parts");
      }
      items.add(item(TREES.readTree(parser)));
    }
    return items;
  }

  private static Item item(JsonNode node) {
    if (!(node instanceof ObjectNode item)) {
      return wrong("the item is not an object");
    }
    for (String key : (Iterable<String>) item::fieldNames) {
      if (!ITEM_KEYS.contains(key)) {
        return wrong("unknown key '" + Call.shortened(key) + "'; known are " + ITEM_KEYS);
      }
    }
    JsonNode job = item.path("job");
    JsonNode params = item.has("params") ? item.get("params") : Json.object();
    JsonNode key = item.path("key");
    if (!job.isTextual() || job.asText().isEmpty() || job.asText().length() > 200) {
      return wrong("job is missing, or not a name");
    }
    if (!params.isObject()) {
      return wrong("params is not an object");
    }
    if (!key.isMissingNode() && !key.isNull() && !isKey(key)) {
      return wrong("key is not a text of 1 to " + Acceptance.KEY_CHARS_MAX + " characters");
    }
    if (job.asText().indexOf('\0') >= 0) {
      return wrong("job holds a NUL character");
    }
    JsonNode orchestration = item.path("orchestration");
    boolean belongs = !orchestration.isMissingNode() && !orchestration.isNull();
    if (belongs
        && !Command.isOrchestration(orchestration.isTextual() ? orchestration.asText() : "")) {
      return wrong(
          "orchestration is not a text of letters, digits, '_', '.', ':' and '-', at most 128");
    }
    String text = Json.write(params);
    Optional<String> tooLarge = StartLimits.ofParams(text);
    if (tooLarge.isPresent()) {
      return wrong("params: " + tooLarge.get());
    }
    boolean keyed = key.isTextual();
    if (keyed && text.contains("\\u0000")) {
      return wrong("params hold a NUL character, which cannot be kept with a key");
    }
    return new Item(
        job.asText(),
        text,
        keyed ? key.asText() : null,
        belongs ? orchestration.asText() : null,
        null);
  }

  private static boolean isKey(JsonNode key) {
    String text = key.isTextual() ? key.asText() : "";
    return !text.isBlank() && text.length() <= Acceptance.KEY_CHARS_MAX && text.indexOf('\0') < 0;
  }

  private static Item wrong(String problem) {
    return new Item(null, null, null, null, problem);
  }

  private static boolean flag(ObjectNode rest, String name, boolean otherwise) {
    JsonNode value = rest.get(name);
    if (value == null) {
      return otherwise;
    }
    if (!value.isBoolean()) {
      throw Problem.badRequest("'" + name + "' is true or false", "Correct it.");
    }
    return value.booleanValue();
  }

  private static Problem.Refused notABulk(String detail) {
    return Problem.badRequest(
        detail,
        "Send {\"items\": [{\"job\": \"...\", \"params\": {...}, \"key\": \"...\"}]}, 1 to "
            + ITEMS_MAX
            + " of them.");
  }
}
