package dev.millrace.definition;

import static dev.millrace.definition.DefinitionJson.duration;
import static dev.millrace.definition.DefinitionJson.lower;
import static dev.millrace.definition.DefinitionJson.need;
import static dev.millrace.definition.DefinitionJson.upper;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Dst;
import dev.millrace.model.Exclusion;
import dev.millrace.model.Misfire;
import dev.millrace.model.TriggerDefinition;
import dev.millrace.model.TriggerDefinition.Mode;
import dev.millrace.model.TriggerDefinition.Past;
import dev.millrace.model.TriggerRules;
import java.time.DayOfWeek;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDate;
import java.time.MonthDay;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.EnumSet;
import java.util.List;

/** Triggers in the canonical text; their rules each only where they are used. Stateless. */
final class TriggerJson {
  private TriggerJson() {}

  static ObjectNode write(TriggerDefinition trigger) {
    ObjectNode node = Json.object();
    switch (trigger) {
      case TriggerDefinition.Cron cron -> {
        node.put("cron", cron.expression());
        node.put("timezone", cron.zone().getId());
        dst(node, cron.dst());
      }
      case TriggerDefinition.At at -> {
        node.put("at", at.instant().toString());
        if (at.past() != Past.MISFIRE) {
          node.put("past", lower(at.past()));
        }
      }
      case TriggerDefinition.Every every -> every(node, every);
      case TriggerDefinition.Giving giving -> {
        return write(giving.trigger()).set("params", Json.parseTrusted(giving.params()));
      }
    }
    boolean said =
        (trigger instanceof TriggerDefinition.At at && at.past() == Past.RUN)
            || (trigger instanceof TriggerDefinition.Every every
                && every.mode() == Mode.FIXED_DELAY);
    if (!said) {
      misfire(node, trigger.misfire());
    }
    rules(node, trigger.rules());
    return node;
  }

  private static void every(ObjectNode node, TriggerDefinition.Every every) {
    node.put("every", every.interval().toString());
    if (every.anchor() != null) {
      node.put("anchor", every.anchor().toString());
    }
    if (!every.phase().isZero()) {
      node.put("phase", every.phase().toString());
    }
    if (every.mode() != Mode.FIXED_RATE) {
      node.put("mode", lower(every.mode()));
    }
    if (!every.zone().equals(TriggerDefinition.UTC)) {
      node.put("timezone", every.zone().getId());
    }
  }

  static void dst(ObjectNode node, Dst dst) {
    if (!dst.equals(Dst.DEFAULT)) {
      node.putObject("dst").put("gap", lower(dst.gap())).put("overlap", lower(dst.overlap()));
    }
  }

  private static void misfire(ObjectNode node, Misfire misfire) {
    if (misfire.equals(Misfire.NONE) || misfire.equals(Misfire.LATEST)) {
      node.put("misfire", misfire.equals(Misfire.NONE) ? "none" : "latest");
      return;
    }
    if (misfire.equals(Misfire.ALL)) {
      node.put("misfire", "all");
      return;
    }
    ObjectNode limits = node.putObject("misfire");
    if (misfire.within() != null) {
      limits.put("within", misfire.within().toString());
    }
    if (misfire.atMost() != Misfire.UNLIMITED) {
      limits.put("at-most", misfire.atMost());
    }
    if (misfire.pace() != null) {
      limits.put("rate", rate(misfire.pace()));
    }
  }

  private static String rate(Misfire.Pace pace) {
    String unit =
        switch ((int) pace.per().toSeconds()) {
          case 1 -> "s";
          case 60 -> "m";
          case 3600 -> "h";
          default -> throw new IllegalArgumentException("a rate per " + pace.per());
        };
    return pace.ticks() + "/" + unit;
  }

  private static void rules(ObjectNode node, TriggerRules rules) {
    if (rules.from() != null) {
      node.put("from", rules.from().toString());
    }
    if (rules.until() != null) {
      node.put("until", rules.until().toString());
    }
    if (!rules.except().isEmpty()) {
      ArrayNode except = node.putArray("except");
      rules.except().forEach(exclusion -> exclusion(except, exclusion));
    }
    if (!rules.jitter().isZero()) {
      node.put("jitter", rules.jitter().toString());
    }
  }

  private static void exclusion(ArrayNode list, Exclusion exclusion) {
    switch (exclusion) {
      case Exclusion.Days days when days.from().equals(days.until()) ->
          list.add(days.from().toString());
      case Exclusion.Days days ->
          list.addObject()
              .put("from", days.from().toString())
              .put("until", days.until().toString());
      case Exclusion.Yearly yearly -> list.add(yearly.day().toString().substring(2));
      case Exclusion.Period period ->
          list.addObject()
              .put("from", period.from().toString())
              .put("until", period.until().toString());
      case Exclusion.Weekdays weekdays -> {
        ArrayNode days = list.addObject().putArray("weekdays");
        weekdays.days().stream().sorted().forEach(day -> days.add(day.name().substring(0, 3)));
      }
      case Exclusion.Cron cron -> list.addObject().put("cron", cron.expression());
      case Exclusion.Holidays holidays -> list.addObject().put("holidays", holidays.code());
    }
  }

  static TriggerDefinition read(JsonNode node) {
    TriggerDefinition trigger = ticks(node);
    return node.has("params")
        ? new TriggerDefinition.Giving(trigger, Json.write(node.get("params")))
        : trigger;
  }

  private static TriggerDefinition ticks(JsonNode node) {
    TriggerRules rules = rules(node);
    if (node.has("cron")) {
      ZoneId zone = ZoneId.of(need(node, "timezone").asText());
      return new TriggerDefinition.Cron(node.get("cron").asText(), zone, dst(node), rules);
    }
    if (node.has("at")) {
      Past past = node.has("past") ? Past.valueOf(upper(node.get("past"))) : Past.MISFIRE;
      return new TriggerDefinition.At(Instant.parse(node.get("at").asText()), past, rules);
    }
    return new TriggerDefinition.Every(
        duration(need(node, "every")),
        instant(node.get("anchor")),
        node.has("phase") ? duration(node.get("phase")) : Duration.ZERO,
        node.has("mode") ? Mode.valueOf(upper(node.get("mode"))) : Mode.FIXED_RATE,
        node.has("timezone") ? ZoneId.of(node.get("timezone").asText()) : TriggerDefinition.UTC,
        rules);
  }

  static Dst dst(JsonNode node) {
    JsonNode dst = node.get("dst");
    return dst == null
        ? Dst.DEFAULT
        : new Dst(
            Dst.Gap.valueOf(upper(need(dst, "gap"))),
            Dst.Overlap.valueOf(upper(need(dst, "overlap"))));
  }

  private static TriggerRules rules(JsonNode node) {
    List<Exclusion> except = new ArrayList<>();
    node.path("except").forEach(exclusion -> except.add(exclusion(exclusion)));
    return new TriggerRules(
        misfire(node.get("misfire")),
        instant(node.get("from")),
        instant(node.get("until")),
        except,
        node.has("jitter") ? duration(node.get("jitter")) : Duration.ZERO);
  }

  private static Misfire misfire(JsonNode node) {
    if (node == null) {
      return Misfire.LATEST;
    }
    if (node.isObject()) {
      return new Misfire(
          duration(node.get("within")),
          node.has("at-most") ? node.get("at-most").asInt() : Misfire.UNLIMITED,
          node.has("rate") ? MisfireReader.pace(node.get("rate").asText()) : null);
    }
    return switch (node.asText()) {
      case "none" -> Misfire.NONE;
      case "latest" -> Misfire.LATEST;
      case "all" -> Misfire.ALL;
      default -> throw new IllegalArgumentException("'" + node.asText() + "' is no misfire policy");
    };
  }

  private static Exclusion exclusion(JsonNode node) {
    if (node.isTextual()) {
      String text = node.asText();
      if (text.length() < "2027-01-01".length()) {
        return new Exclusion.Yearly(MonthDay.parse("--" + text));
      }
      return new Exclusion.Days(LocalDate.parse(text), LocalDate.parse(text));
    }
    if (node.has("cron")) {
      return new Exclusion.Cron(node.get("cron").asText());
    }
    if (node.has("holidays")) {
      return new Exclusion.Holidays(node.get("holidays").asText());
    }
    if (node.has("weekdays")) {
      EnumSet<DayOfWeek> days = EnumSet.noneOf(DayOfWeek.class);
      node.get("weekdays").forEach(name -> days.add(weekday(name.asText())));
      return new Exclusion.Weekdays(days);
    }
    String from = need(node, "from").asText();
    String until = need(node, "until").asText();
    return from.indexOf('T') > 0
        ? new Exclusion.Period(Instant.parse(from), Instant.parse(until))
        : new Exclusion.Days(LocalDate.parse(from), LocalDate.parse(until));
  }

  private static DayOfWeek weekday(String name) {
    for (DayOfWeek day : DayOfWeek.values()) {
      if (day.name().startsWith(name)) {
        return day;
      }
    }
    throw new IllegalArgumentException("'" + name + "' is no weekday");
  }

  private static Instant instant(JsonNode node) {
    return node == null ? null : Instant.parse(node.asText());
  }
}
