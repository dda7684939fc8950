package dev.millrace.scheduler.trigger;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Misfire;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.store.Backfills;
import java.time.DateTimeException;
import java.time.Duration;
import java.time.Instant;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** What the body of a backfill's command says. Immutable. */
public sealed interface BackfillAsk {
  ObjectMapper JSON = new ObjectMapper();
  Pattern RATE = Pattern.compile("([1-9][0-9]{0,4})/(s|m|h)");
  int PARALLEL_STANDARD = 1;
  int PARALLEL_MAX = 1_000;

  /** At which its runs wait for a worker when nothing is said: behind all others. */
  int PRIORITY_STANDARD = 0;

  int PRIORITY_MAX = 9;

  /**
   * One is to be made.
   *
   * @param ask its trigger is 0 when the job's only one is meant
   */
  record Create(Backfills.Ask ask) implements BackfillAsk {}

  /** One is to be in this state. */
  record Move(long id, String state) implements BackfillAsk {}

  /** It cannot be understood. */
  record Unclear(String why, String remedy) implements BackfillAsk {}

  /** Reads a command. */
  static BackfillAsk of(Command command) {
    try {
      JsonNode body = JSON.readTree(command.body());
      return command.kind().equals(Command.Kind.BACKFILL_MOVE) ? move(body) : create(body);
    } catch (JsonProcessingException e) {
      return new Unclear("the body is not JSON", "send an object");
    }
  }

  private static BackfillAsk move(JsonNode body) {
    try {
      return new Move(RunId.parse(body.path("id").asText()).value(), body.path("to").asText());
    } catch (IllegalArgumentException e) {
      return new Unclear(
          "'" + body.path("id").asText() + "' is not the id of a backfill",
          "GET /api/v1/backfills lists them");
    }
  }

  /** Reads what a new one is to be; the first thing that is wrong is told. */
  static BackfillAsk create(JsonNode body) {
    long[] range = new long[2];
    int i = 0;
    for (String key : new String[] {"from", "to"}) {
      try {
        range[i++] = Ticker.microsOf(Instant.parse(body.path(key).asText()));
      } catch (DateTimeException | ArithmeticException e) {
        return new Unclear(
            "'" + key + "' is not an instant: '" + body.path(key).asText() + "'",
            "send one like 2026-03-08T07:00:00Z");
      }
    }
    if (range[1] <= range[0]) {
      return new Unclear(
          "'to' is " + body.path("to").asText() + ", which is not after 'from'", "swap them?");
    }
    JsonNode params = body.path("params");
    if (!params.isMissingNode() && !params.isObject()) {
      return new Unclear("params is not an object", "send {\"params\": {\"name\": value}}");
    }
    if (!isWhole(body.path("maxParallel"), 1, PARALLEL_MAX)) {
      return new Unclear(
          "'maxParallel' is " + body.path("maxParallel") + "; possible are 1 to " + PARALLEL_MAX,
          "send a number, or leave it out: then it is " + PARALLEL_STANDARD);
    }
    if (!isWhole(body.path("priority"), 0, PRIORITY_MAX)) {
      return new Unclear(
          "'priority' is " + body.path("priority") + "; possible are 0 to " + PRIORITY_MAX,
          "send a number, or leave it out: then it is " + PRIORITY_STANDARD);
    }
    String rate = body.path("rate").isNull() ? null : body.path("rate").asText(null);
    long between = rate == null ? 0 : microsBetween(rate);
    if (rate != null && between == 0) {
      return new Unclear("'rate' is '" + rate + "'", "send one like 10/s, 30/m or 100/h");
    }
    return trigger(body, range, rate, between);
  }

  private static BackfillAsk trigger(JsonNode body, long[] range, String rate, long between) {
    String trigger = body.path("trigger").asText("0");
    if (!trigger.matches("[0-9]{1,18}")) {
      return new Unclear(
          "'trigger' is '" + trigger + "', which is no id of one",
          "GET /api/v1/jobs/{job} shows them");
    }
    return new Create(
        new Backfills.Ask(
            Long.parseLong(trigger),
            range[0],
            range[1],
            body.path("params").isObject() ? body.path("params").toString() : "{}",
            body.path("maxParallel").asInt(PARALLEL_STANDARD),
            rate,
            between,
            body.path("priority").asInt(PRIORITY_STANDARD),
            body.path("rerun").asBoolean()));
  }

  private static boolean isWhole(JsonNode value, int least, int most) {
    return value.isMissingNode()
        || value.isNull()
        || (value.isInt() && value.asInt() >= least && value.asInt() <= most);
  }

  /** 0 when it is no rate. */
  private static long microsBetween(String rate) {
    Matcher matcher = RATE.matcher(rate);
    if (!matcher.matches()) {
      return 0;
    }
    Duration per =
        switch (matcher.group(2)) {
          case "s" -> Duration.ofSeconds(1);
          case "m" -> Duration.ofMinutes(1);
          default -> Duration.ofHours(1);
        };
    return new Misfire.Pace(Integer.parseInt(matcher.group(1)), per).microsBetween();
  }
}
