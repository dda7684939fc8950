package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.JsonNode;

/** What there is to ask about tokens, sessions and the audit log. Stateless. */
final class AccessCalls {
  private static final String TOKENS = "/tokens";

  private AccessCalls() {}

  /** Asks, and judges the status and the answer. */
  @FunctionalInterface
  interface Ask {
    JsonNode ask(String method, String path, String body, int status);
  }

  static void all(Ask api) {
    String wanted = "{\"name\":\"ci\",\"roles\":{\"default\":\"viewer\"}}";
    JsonNode made = api.ask("POST", TOKENS, wanted, 201);
    api.ask("POST", TOKENS, wanted, 409);
    api.ask("POST", TOKENS, "{\"name\":\"ci\",\"roles\":{\"default\":\"king\"}}", 400);
    api.ask("GET", TOKENS, "", 200);
    api.ask("GET", "/session", "", 200);
    String token = made.path("token").asText();
    api.ask("POST", "/session", "{\"token\":\"" + token + "\"}", 200);
    api.ask("DELETE", "/session", "", 200);
    api.ask("DELETE", TOKENS + "/" + made.path("id").asText(), "", 200);
    api.ask("DELETE", TOKENS + "/999", "", 404);
    api.ask("GET", "/audit?namespace=*", "", 200);
  }
}
