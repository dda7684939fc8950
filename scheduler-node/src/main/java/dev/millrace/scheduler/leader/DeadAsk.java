package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.DeadLetters;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.TimeUnit;

/**
 * What a command about dead letters asks, read. Anybody may write into the inbox: nothing of it is
 * believed.
 */
sealed interface DeadAsk {
  ObjectMapper JSON = new ObjectMapper();

  /** Letters that one command may name. */
  int IDS_MAX = 500;

  int RATE_STANDARD = 10;
  int RATE_MAX = 1_000;

  /** These letters, each for itself. */
  record These(List<Long> ids) implements DeadAsk {}

  /**
   * This one.
   *
   * @param params what is to be another value, or null to leave all as it is
   */
  record One(long id, ObjectNode params) implements DeadAsk {}

  /** All that match, at a rate. */
  record Matching(DeadLetters.Filter filter, int perSecond) implements DeadAsk {}

  /** A redrive of many is to end. */
  record Cancel(long id) implements DeadAsk {}

  /** A redrive of many is to go on. */
  record Step(long id) implements DeadAsk {}

  /** It cannot be read. */
  record Unclear(String why) implements DeadAsk {}

  static DeadAsk of(Command command) {
    try {
      JsonNode body = JSON.readTree(command.body());
      if (body.has("ids")) {
        return these(body.get("ids"));
      }
      if (body.has("id")) {
        JsonNode params = body.path("params");
        return new One(id(body.get("id")), params instanceof ObjectNode object ? object : null);
      }
      if (body.has("filter")) {
        int rate = body.path("rate").asInt(RATE_STANDARD);
        return rate < 1 || rate > RATE_MAX
            ? new Unclear("rate is 1 to " + RATE_MAX + " a second, not " + rate)
            : new Matching(filter(command.namespace(), body.get("filter")), rate);
      }
      if (body.has("cancel")) {
        return new Cancel(id(body.get("cancel")));
      }
      if (body.has("step")) {
        return new Step(id(body.get("step")));
      }
      return new Unclear("it says neither ids nor a filter");
    } catch (JsonProcessingException e) {
      return new Unclear("the body is not JSON");
    } catch (IllegalArgumentException | DateTimeException e) {
      return new Unclear(e.getMessage());
    }
  }

  private static DeadAsk these(JsonNode list) {
    Set<Long> ids = new LinkedHashSet<>();
    for (JsonNode one : list) {
      ids.add(id(one));
    }
    return ids.isEmpty() || ids.size() > IDS_MAX
        ? new Unclear("ids has 1 to " + IDS_MAX + " ids, not " + ids.size())
        : new These(new ArrayList<>(ids));
  }

  private static long id(JsonNode node) {
    try {
      return RunId.parse(node.asText()).value();
    } catch (IllegalArgumentException e) {
      throw new IllegalArgumentException("'" + node.asText() + "' is not the id of one", e);
    }
  }

  private static DeadLetters.Filter filter(String namespace, JsonNode node) {
    JsonNode run = node.path("run");
    return new DeadLetters.Filter(
        namespace,
        run.isTextual() ? id(run) : 0,
        node.path("job").textValue(),
        node.path("stage").textValue(),
        node.path("fingerprint").textValue(),
        node.path("error").textValue(),
        micros(node.path("since")),
        micros(node.path("until")));
  }

  private static long micros(JsonNode node) {
    if (!node.isTextual()) {
      return 0;
    }
    Instant at = Instant.parse(node.textValue());
    return TimeUnit.SECONDS.toMicros(at.getEpochSecond())
        + TimeUnit.NANOSECONDS.toMicros(at.getNano());
  }
}
