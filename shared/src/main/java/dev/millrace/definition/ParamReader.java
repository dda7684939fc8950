package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.ParamDefinition;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;

/** Reads {@code params}. Confined to one thread. */
final class ParamReader {
  private static final Set<String> UNSUPPORTED =
      Set.of("format", "enum", "min", "max", "pattern", "description", "schema");

  private final Problems problems;
  private final Fields job;
  private final List<ParamDefinition> params = new ArrayList<>();
  private final List<Default> defaults = new ArrayList<>();

  /**
   * A default that depends on the run.
   *
   * @param above the parameters that it may read, by name their types
   */
  record Default(Expressions expressions, Map<String, String> above) {}

  ParamReader(Problems problems, Fields job) {
    this.problems = problems;
    this.job = job;
  }

  /** Those of {@link #read} that have expressions in their defaults. */
  List<Default> defaults() {
    return defaults;
  }

  List<ParamDefinition> read() {
    Fields map = job.fields("params");
    if (map == null) {
      return params;
    }
    map.eachKey(
        entry -> {
          ParamDefinition param = one(map, entry);
          if (param != null) {
            params.add(param);
          }
        });
    StartLimits.ofDefaults(Json.write(ParamValues.defaults(params))).ifPresent(map::problem);
    return params;
  }

  private ParamDefinition one(Fields map, Doc.Entry entry) {
    String name = entry.key();
    String path = map.path(name);
    if (!name.matches("[a-zA-Z_][a-zA-Z0-9_-]{0,127}")) {
      problems.add(
          entry.line(),
          entry.column(),
          path,
          "a parameter's name has letters, digits, '_' and '-', and starts with a letter or '_'");
    }
    if (entry.value() instanceof Doc.Scalar) {
      String type = map.oneOf(name, ParamValues.TYPES);
      return type == null ? null : new ParamDefinition(name, type, false, null, false);
    }
    Fields fields = Fields.of(problems, entry.value(), path);
    return fields == null ? null : full(fields, name);
  }

  private ParamDefinition full(Fields fields, String name) {
    String type = fields.oneOf("type", ParamValues.TYPES);
    boolean typeWrong = type == null && fields.map().get("type") != null;
    Boolean required = fields.bool("required");
    Boolean secret = fields.bool("secret");
    Doc standard = fields.take("default");
    String kind = type == null ? "string" : type;
    String defaultJson = null;
    if (standard != null && !typeWrong) {
      defaultJson = defaultJson(fields, standard, kind);
    }
    if (standard != null && Boolean.TRUE.equals(required)) {
      fields.problem("is required and has a default; one of them is never used");
    }
    fields.finish(UNSUPPORTED);
    return new ParamDefinition(
        name, kind, Boolean.TRUE.equals(required), defaultJson, Boolean.TRUE.equals(secret));
  }

  private String defaultJson(Fields fields, Doc standard, String type) {
    Expressions expressions = new Expressions(false);
    JsonNode value = value(fields, standard, "default", type, expressions);
    if (!expressions.written().isEmpty()) {
      Map<String, String> above = new LinkedHashMap<>();
      params.forEach(param -> above.put(param.name(), param.type()));
      defaults.add(new Default(expressions, above));
    }
    return value == null ? null : Json.write(value);
  }

  /**
   * A value for a parameter of this type, or null with a problem. What is one expression is taken
   * as it is written: it is judged when it has a value.
   */
  static JsonNode value(
      Fields fields, Doc written, String key, String type, Expressions expressions) {
    expressions.value(written, fields.path(key), type);
    if (Expressions.isWhole(written)) {
      return Json.text(((Doc.Scalar) written).text());
    }
    boolean text = type.equals("string") && written instanceof Doc.Scalar s && s.textual();
    JsonNode value = text ? Json.text(((Doc.Scalar) written).text()) : written.toJson();
    if (!ParamValues.fits(value, type)) {
      fields.problem(written, key, "must be of type " + type + ", as the parameter is");
      return null;
    }
    return value;
  }
}
