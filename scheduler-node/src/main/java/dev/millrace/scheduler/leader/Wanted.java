package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.StartLimits;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.Objects;

/**
 * A definition that somebody wants in force. Immutable.
 *
 * @param json its canonical text
 * @param pattern the pattern that it was made of, or null
 * @param written what its author wrote, where a pattern was used, or null
 */
record Wanted(
    JobDefinition definition,
    String json,
    String hash,
    Long pattern,
    Integer patternVersion,
    String written) {

  /**
   * Reads a command's {@code {"definition": {...}, "pattern": {"id": "7", "version": 2}, "written":
   * {...}}}; the last two are absent where no pattern was used.
   *
   * @throws IllegalArgumentException when it cannot be read, with a message for people
   */
  static Wanted of(JsonNode body) {
    JobDefinition definition = DefinitionJson.fromJson(body.path("definition").toString());
    JsonNode pattern = body.path("pattern");
    boolean made = pattern.isObject();
    return new Wanted(
        definition,
        DefinitionJson.toJson(definition),
        DefinitionJson.hash(definition),
        made ? Long.valueOf(pattern.path("id").asText()) : null,
        made ? pattern.path("version").asInt() : null,
        made ? body.path("written").toString() : null);
  }

  JobBatches.Name name() {
    return new JobBatches.Name(definition.namespace(), definition.id());
  }

  /** True when exactly this is in force. */
  boolean isInForce(JobBatches.Known known) {
    return known.hash().equals(hash)
        && Objects.equals(known.pattern(), pattern)
        && Objects.equals(known.patternVersion(), patternVersion);
  }

  /**
   * What the inbox holds may come from any SQL client. A definition that cannot be compiled is
   * refused here; thrown later, inside the transaction, it would come again with every pass.
   *
   * @throws RuntimeException whatever is wrong with it
   */
  static void checkUsable(JobDefinition definition, long now) {
    if (new Plan(0, 1, definition).size() == 0) {
      throw new IllegalArgumentException("it has no stages");
    }
    StartLimits.require(definition);
    PlannedTriggers.of(definition).forEach(trigger -> Ticker.firstTick(trigger.definition(), now));
  }
}
