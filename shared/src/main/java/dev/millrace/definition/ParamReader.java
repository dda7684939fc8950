package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.ParamDefinition;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;

/** Reads {@code params}. Stateless. */
final class ParamReader {
  private static final Set<String> UNSUPPORTED =
      Set.of("format", "enum", "min", "max", "pattern", "description", "schema");

  private ParamReader() {}

  static List<ParamDefinition> read(Problems problems, Fields job) {
    List<ParamDefinition> params = new ArrayList<>();
    Fields map = job.fields("params");
    if (map == null) {
      return params;
    }
    map.eachKey(
        entry -> {
          ParamDefinition param = one(problems, map, entry);
          if (param != null) {
            params.add(param);
          }
        });
    StartLimits.ofDefaults(Json.write(ParamValues.defaults(params))).ifPresent(map::problem);
    return params;
  }

  private static ParamDefinition one(Problems problems, Fields map, Doc.Entry entry) {
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

  private static ParamDefinition full(Fields fields, String name) {
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

  private static String defaultJson(Fields fields, Doc standard, String type) {
    JsonNode value = standard.toJson();
    if (type.equals("string") && standard instanceof Doc.Scalar scalar && scalar.textual()) {
      value = Json.text(scalar.text());
    }
    if (!ParamValues.fits(value, type)) {
      fields.problem(standard, "default", "must be of type " + type + ", as the parameter is");
      return null;
    }
    return Json.write(value);
  }
}
