package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Webhook;
import java.util.ArrayList;
import java.util.List;

/** Webhooks in the canonical text, after the triggers of time. Stateless. */
final class WebhookJson {
  private WebhookJson() {}

  static void write(ArrayNode triggers, List<Webhook> webhooks) {
    for (Webhook webhook : webhooks) {
      ObjectNode node = triggers.addObject().putObject("webhook");
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
    }
  }

  static boolean isOne(JsonNode trigger) {
    return trigger.has("webhook");
  }

  static List<Webhook> read(JsonNode triggers) {
    List<Webhook> webhooks = new ArrayList<>();
    for (JsonNode trigger : triggers) {
      if (isOne(trigger)) {
        webhooks.add(one(trigger.get("webhook")));
      }
    }
    return webhooks;
  }

  private static Webhook one(JsonNode node) {
    List<String> secrets = new ArrayList<>();
    need(node, "secret").forEach(secret -> secrets.add(secret.asText()));
    return new Webhook(
        need(node, "name").asText(),
        secrets,
        Webhook.Scheme.valueOf(upper(need(node, "signature"))),
        need(node, "header").asText(),
        duration(node.get("window")),
        node.path("once").asBoolean(true),
        node.has("map") ? Json.write(node.get("map")) : null,
        StageRulesJson.source(node.get("key")),
        StageRulesJson.source(node.get("if")));
  }
}
