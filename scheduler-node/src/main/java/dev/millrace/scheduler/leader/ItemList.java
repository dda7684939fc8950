package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import dev.millrace.scheduler.store.FanItems;
import java.util.ArrayList;
import java.util.List;

/** The list of a fan-out, cut into pieces and put together again. Stateless. */
final class ItemList {
  private static final ObjectMapper JSON = new ObjectMapper();

  private ItemList() {}

  static List<FanItems.Piece> pieces(String listJson, int size) {
    JsonNode list = read(listJson);
    List<FanItems.Piece> pieces = new ArrayList<>();
    for (int first = 0; first < list.size(); first += size) {
      ArrayNode piece = JSON.createArrayNode();
      for (int i = first; i < Math.min(list.size(), first + size); i++) {
        piece.add(list.get(i));
      }
      pieces.add(new FanItems.Piece(first, piece.toString()));
    }
    return pieces;
  }

  /** Adds those of a piece that are in the range, each as JSON text. */
  static void addTo(List<String> items, FanItems.Piece piece, int from, int until) {
    JsonNode list = read(piece.itemsJson());
    for (int i = 0; i < list.size(); i++) {
      int number = piece.first() + i;
      if (number >= from && number < until) {
        items.add(list.get(i).toString());
      }
    }
  }

  private static JsonNode read(String json) {
    try {
      return JSON.readTree(json);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("the stored list of a fan-out is not JSON", e);
    }
  }
}
