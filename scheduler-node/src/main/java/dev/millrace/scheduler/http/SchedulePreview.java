package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Preview;
import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.store.ReadsFleet;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.Set;
import org.jdbi.v3.core.Jdbi;

/** The next ticks of a trigger that no job need have. Any thread. */
final class SchedulePreview {
  private static final Set<String> KEYS = Set.of("trigger", "n", "after", "job", "namespace");
  private static final int USUAL = 10;
  private static final int MOST = 1_000;

  /** What {@code H} is hashed from when no job is named. */
  private static final String JOB = "preview";

  private final Jdbi jdbi;

  SchedulePreview(Jdbi jdbi) {
    this.jdbi = jdbi;
  }

  void ofCron(Call call) {
    String cron = call.query("cron");
    if (cron == null || cron.isBlank()) {
      throw TimeRange.invalid("'cron' is missing", "Send ?cron=0%209%20*%20*%20MON.");
    }
    ObjectNode trigger = Json.object().put("cron", cron);
    String zone = call.query("timezone");
    if (zone != null) {
      trigger.put("timezone", zone);
    }
    String n = call.query("n");
    Instant after = TimeRange.instant(call, "after", null);
    String job = call.query("job");
    answer(call, job == null ? JOB : job, call.namespace(), trigger, count(n), after);
  }

  void ofTrigger(Call call) {
    ObjectNode body = call.object(KEYS);
    JsonNode trigger = body.path("trigger");
    if (!trigger.isObject()) {
      throw TimeRange.invalid(
          "'trigger' is missing, or no object", "Send {\"trigger\": {\"cron\": \"0 9 * * MON\"}}.");
    }
    String after = text(body, "after", null);
    answer(
        call,
        text(body, "job", JOB),
        text(body, "namespace", JobDefinition.DEFAULT_NAMESPACE),
        trigger,
        count(body.hasNonNull("n") ? body.get("n").asText() : null),
        after == null ? null : TimeRange.instant("after", after));
  }

  private static String text(ObjectNode body, String key, String otherwise) {
    JsonNode value = body.path(key);
    if (value.isMissingNode() || value.isNull()) {
      return otherwise;
    }
    if (!value.isTextual()) {
      throw TimeRange.invalid("'" + key + "' is no text", "Send a string, or leave it out.");
    }
    return value.asText();
  }

  private static int count(String n) {
    if (n == null) {
      return USUAL;
    }
    if (!n.matches("[0-9]{1,4}") || Integer.parseInt(n) < 1 || Integer.parseInt(n) > MOST) {
      throw TimeRange.invalid(
          "'n' is '" + Call.shortened(n) + "'; possible are 1 to " + MOST,
          "Ask for the following ones with 'after'.");
    }
    return Integer.parseInt(n);
  }

  private void answer(
      Call call, String job, String namespace, JsonNode trigger, int count, Instant after) {
    JobDefinition definition =
        switch (DefinitionReader.readTrigger(Json.write(trigger), namespace, job)) {
          case DefinitionReader.Result.Ok ok -> ok.job();
          case DefinitionReader.Result.Bad bad ->
              throw DefinitionCommands.refused(
                  bad.problems(),
                  bad.problems().getFirst().path() + ": " + bad.problems().getFirst().message());
        };
    if (definition.triggers().isEmpty()) {
      throw TimeRange.invalid(
          "the trigger is not about time, so it plans no ticks",
          "Send one with `cron`, `every` or `at`.");
    }
    Instant begin = after == null ? jdbi.withHandle(ReadsFleet::databaseNow) : after;
    call.answer(200, preview(definition, count, begin));
  }

  private static ObjectNode preview(JobDefinition definition, int count, Instant after) {
    ObjectNode body = Json.object();
    try {
      Preview preview =
          Preview.of(definition.triggers().getFirst(), Schedule.seed(definition), after, count);
      body.put("resolved", preview.resolved());
      body.put("timezone", definition.triggers().getFirst().zone().getId());
      ArrayNode items = body.putArray("items");
      preview.lines().forEach(line -> items.add(item(line)));
      return body;
    } catch (DateTimeException | ArithmeticException e) {
      throw TimeRange.invalid(
          "its ticks go beyond the calendar: " + e.getMessage(), "Ask for fewer, or earlier ones.");
    }
  }

  static ObjectNode item(Preview.Line line) {
    Tick tick = line.tick();
    ObjectNode item = Json.object();
    item.put("at", line.due().toString()).put("plannedAt", tick.instant().toString());
    item.put("local", tick.local().toString()).put("offset", tick.offset().getId());
    item.put("disposition", tick.fires() ? "FIRED" : tick.fate().name());
    item.put("mark", tick.mark().name()).put("ticks", tick.count());
    item.put("why", line.why().isEmpty() ? null : line.why());
    return item;
  }
}
