package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.StartLimits;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.definition.SetDecision;
import dev.millrace.scheduler.engine.Plan;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Patterns;
import dev.millrace.scheduler.trigger.PlannedTriggers;
import dev.millrace.scheduler.trigger.Ticker;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import org.jdbi.v3.core.Handle;

/**
 * A definition that somebody wants in force. Immutable.
 *
 * @param json its canonical text
 * @param use the version of a pattern that it was made of, or null
 * @param pattern that pattern's key, or null
 * @param written what its author wrote, where a pattern was used, or null
 */
record Wanted(
    JobDefinition definition,
    String json,
    String hash,
    Patterns.Use use,
    Long pattern,
    String written) {
  /** Reads commands that hold definitions, digit by digit: what they say has a fingerprint. */
  static final ObjectMapper JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  /**
   * Reads a command's {@code {"definition": {...}, "pattern": {"namespace": "default", "name":
   * "copy", "version": 2}, "written": {...}}}; the last two are absent where no pattern was used.
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
        made
            ? new Patterns.Use(
                pattern.path("namespace").asText(),
                pattern.path("name").asText(),
                pattern.path("version").asInt())
            : null,
        null,
        made ? body.path("written").toString() : null);
  }

  /**
   * The same with the keys of their patterns.
   *
   * @throws IllegalArgumentException when one is not there any more, with a message for people
   */
  static List<Wanted> withPatterns(Handle tx, List<Wanted> all) {
    List<Patterns.Use> uses =
        all.stream().map(Wanted::use).filter(Objects::nonNull).distinct().toList();
    Map<Patterns.Use, Long> ids = Patterns.ids(tx, uses);
    return all.stream()
        .map(
            wanted -> {
              if (wanted.use != null && ids.get(wanted.use) == null) {
                throw new IllegalArgumentException(
                    "the pattern "
                        + wanted.use.name()
                        + "@"
                        + wanted.use.version()
                        + ", which job '"
                        + wanted.definition.id()
                        + "' was made of, is not there any more");
              }
              return wanted.with(ids.get(wanted.use));
            })
        .toList();
  }

  Wanted with(Long key) {
    return new Wanted(definition, json, hash, use, key, written);
  }

  Integer patternVersion() {
    return use == null ? null : use.version();
  }

  JobBatches.Name name() {
    return new JobBatches.Name(definition.namespace(), definition.id());
  }

  /** As a set decides on it. */
  SetDecision.Want want() {
    return new SetDecision.Want(name(), hash, mark(pattern, patternVersion()));
  }

  /** Tells versions of patterns apart. */
  static String mark(Long pattern, Integer version) {
    return pattern == null ? null : pattern + "@" + version;
  }

  /** True when exactly this is in force. */
  boolean isInForce(JobBatches.Known known) {
    return known.hash().equals(hash)
        && Objects.equals(known.pattern(), pattern)
        && Objects.equals(known.patternVersion(), patternVersion());
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
    FileRules.judge(definition);
    for (PlannedTriggers.Planned trigger : PlannedTriggers.of(definition)) {
      trigger.judge();
      Ticker.firstTick(trigger, now);
    }
  }
}
