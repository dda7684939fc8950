package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.WebhookTrigger;
import java.util.ArrayList;
import java.util.List;

/** A webhook in the canonical text. Stateless. */
final class WebhookJson {
  private WebhookJson() {}

  static ObjectNode write(WebhookTrigger webhook) {
    ObjectNode trigger = Json.object();
    ObjectNode node = trigger.putObject(WebhookTrigger.KIND);
    node.put("name", webhook.name());
    ArrayNode secrets = node.putArray("secret");
    webhook.secrets().forEach(secrets::add);
    node.put("signature", lower(webhook.scheme())).put("header", webhook.header());
    StageRulesJson.put(node, "window", webhook.window());
    if (!webhook.once()) {
      node.put("once", false);
    }
    if (webhook.mapJson() != null) {
      node.set("map", Json.parseTrusted(webhook.mapJson()));
    }
    StageRulesJson.put(node, "key", webhook.key());
    StageRulesJson.put(node, "if", webhook.condition());
    return trigger;
  }

  /** Of what stands below {@code webhook}. */
  static WebhookTrigger read(JsonNode node) {
    List<String> secrets = new ArrayList<>();
    need(node, "secret").forEach(secret -> secrets.add(secret.asText()));
    return new WebhookTrigger(
        need(node, "name").asText(),
        secrets,
        WebhookTrigger.Scheme.valueOf(upper(need(node, "signature"))),
        need(node, "header").asText(),
        duration(node.get("window")),
        node.path("once").asBoolean(true),
        node.has("map") ? Json.write(node.get("map")) : null,
        StageRulesJson.source(node.get("key")),
        StageRulesJson.source(node.get("if")));
  }
}
