package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.scheduler.store.ReadsFleet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.stream.StreamSupport;

/** Workers as the API understands them. Stateless; any thread. */
final class Fleet {
  private Fleet() {}

  /**
   * A worker.
   *
   * @param slots by pool
   */
  record Member(
      ReadsFleet.Worker row, Map<String, Integer> slots, List<String> handlers, boolean draining) {

    /** Pools are kept as {@code [{"pool": ..., "slots": ...}]}, handlers as a list of names. */
    static Member of(ReadsFleet.Worker row) {
      Map<String, Integer> slots = new LinkedHashMap<>();
      for (JsonNode pool : Json.stored(row.pools())) {
        slots.put(pool.path("pool").asText(), pool.path("slots").asInt());
      }
      List<String> handlers =
          StreamSupport.stream(Json.stored(row.handlers()).spliterator(), false)
              .map(JsonNode::asText)
              .toList();
      return new Member(row, slots, handlers, row.draining());
    }

    boolean serves(String pool) {
      return slots.containsKey(pool);
    }
  }
}
