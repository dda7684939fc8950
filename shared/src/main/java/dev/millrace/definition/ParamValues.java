package dev.millrace.definition;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.DidYouMean;
import dev.millrace.model.ParamDefinition;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.function.Function;
import java.util.stream.Collectors;

/** Checks the parameters given to a run against the job's definitions. Stateless, any thread. */
public final class ParamValues {
  static final List<String> TYPES =
      List.of("string", "number", "integer", "boolean", "object", "array");

  private static final String SOURCE = "params";

  private ParamValues() {}

  /** What the run will see, or why it is refused. */
  public sealed interface Result {
    /** The given values and the defaults of the others, in the order of the definitions. */
    record Ok(String json) implements Result {}

    /** At least one problem. */
    record Bad(List<Problem> problems) implements Result {
      /** All of them on one line. */
      public String text() {
        return problems.stream()
            .map(problem -> problem.path() + ": " + problem.message())
            .collect(Collectors.joining("; "));
      }
    }
  }

  /**
   * Checks values and fills in defaults, but for those that depend on the run.
   *
   * @param givenJson a JSON object, or null or blank for no values
   */
  public static Result check(List<ParamDefinition> definitions, String givenJson) {
    Problems problems = new Problems(SOURCE);
    ObjectNode given = parse(problems, givenJson);
    if (given == null) {
      return new Result.Bad(problems.sorted());
    }
    ObjectNode merged = Json.object();
    Map<String, ParamDefinition> byName =
        definitions.stream().collect(Collectors.toMap(ParamDefinition::name, Function.identity()));
    given
        .fieldNames()
        .forEachRemaining(
            name -> {
              if (!byName.containsKey(name)) {
                String near = DidYouMean.phrase(name, byName.keySet());
                problems.add(0, 0, name, "the job has no such parameter" + near);
              }
            });
    definitions.forEach(definition -> one(problems, definition, given, merged));
    String json = Json.write(merged);
    StartLimits.ofParams(json).ifPresent(problem -> problems.add(0, 0, "params", problem));
    return problems.none() ? new Result.Ok(json) : new Result.Bad(problems.sorted());
  }

  /** What a run sees to which nothing is given. */
  static ObjectNode defaults(List<ParamDefinition> definitions) {
    ObjectNode defaults = Json.object();
    for (ParamDefinition definition : definitions) {
      if (definition.defaultJson() != null) {
        defaults.set(definition.name(), Json.parseTrusted(definition.defaultJson()));
      }
    }
    return defaults;
  }

  private static void one(
      Problems problems, ParamDefinition definition, ObjectNode given, ObjectNode merged) {
    JsonNode value = given.get(definition.name());
    if (value == null) {
      if (definition.required()) {
        problems.add(0, 0, definition.name(), "is required and was not given");
      } else if (definition.defaultJson() != null && !definition.isComputed()) {
        merged.set(definition.name(), Json.parseTrusted(definition.defaultJson()));
      }
      return;
    }
    if (!fits(value, definition.type())) {
      String kind = value.getNodeType().name().toLowerCase(java.util.Locale.ROOT);
      problems.add(
          0, 0, definition.name(), "must be of type " + definition.type() + ", not " + kind);
      return;
    }
    merged.set(definition.name(), value);
  }

  private static ObjectNode parse(Problems problems, String json) {
    if (json == null || json.isBlank()) {
      return Json.object();
    }
    if (json.length() > Json.TEXT_CHARS_MAX) {
      problems.add(0, 0, "", "longer than 1 MiB");
      return null;
    }
    try {
      JsonNode node = Json.parse(json);
      if (node instanceof ObjectNode object) {
        return object;
      }
      problems.add(0, 0, "", "must be a JSON object with a value per parameter");
    } catch (JsonProcessingException broken) {
      int line = broken.getLocation() == null ? 0 : broken.getLocation().getLineNr();
      int column = broken.getLocation() == null ? 0 : broken.getLocation().getColumnNr();
      problems.add(line, column, "", "not JSON: " + JsonReason.of(broken));
    }
    return null;
  }

  /**
   * What an expression gave, as a parameter of this type takes it: a text takes numbers and truth,
   * too.
   *
   * @return empty when it does not fit
   */
  public static Optional<JsonNode> taken(JsonNode value, String type) {
    boolean becomesText = type.equals("string") && (value.isNumber() || value.isBoolean());
    JsonNode taken = becomesText ? Json.text(value.asText()) : value;
    return fits(taken, type) ? Optional.of(taken) : Optional.empty();
  }

  static boolean fits(JsonNode value, String type) {
    return switch (type) {
      case "string" -> value.isTextual();
      case "number" -> value.isNumber();
      case "integer" -> value.isIntegralNumber();
      case "boolean" -> value.isBoolean();
      case "object" -> value.isObject();
      case "array" -> value.isArray();
      default -> false;
    };
  }
}
