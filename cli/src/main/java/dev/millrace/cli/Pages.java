package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;

/** Lists that come in pages. Stateless. */
final class Pages {
  private static final int PAGE_SIZE = 200;
  private static final int ITEMS_MAX = 10_000;

  private Pages() {}

  /** All items, up to a bound; {@code next} tells where more are. */
  static ObjectNode all(ApiClient client, String path) throws InterruptedException {
    return upTo(client, path, ITEMS_MAX);
  }

  static ObjectNode upTo(ApiClient client, String path, int itemsMax) throws InterruptedException {
    ObjectNode result = ApiClient.JSON.createObjectNode();
    ArrayNode items = result.putArray("items");
    String next = null;
    do {
      int limit = Math.min(PAGE_SIZE, itemsMax - items.size());
      String query = (path.contains("?") ? "&" : "?") + "limit=" + limit;
      String after = next == null ? "" : "&after=" + ApiClient.encoded(next);
      JsonNode page = client.get(path + query + after);
      page.path("items").forEach(items::add);
      next = page.path("next").isTextual() ? page.path("next").asText() : null;
    } while (next != null && items.size() < itemsMax);
    return result.put("next", next);
  }
}
