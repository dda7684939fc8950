package dev.millrace.definition;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.Doc.Kind;
import dev.millrace.expression.DidYouMean;
import dev.millrace.model.ParamDefinition;
import java.math.BigInteger;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;

/**
 * Makes a job of a pattern: the pattern's text with values in its holes, over it what the job says
 * itself. Every part knows both places that it comes from. Confined to one thread.
 */
final class Expansion {
  /** What a job says for itself, beside what it may put in place of the pattern's. */
  private static final Set<String> OF_THE_USE = Set.of("uses", "with");

  /** What a job and its pattern both may say a part of. */
  private static final Set<String> MERGED = Set.of("labels", "metadata");

  /**
   * A value of a parameter.
   *
   * @param doc where the job gives it, or null
   * @param sure false for a sample, which stands for any value
   */
  private record Value(JsonNode json, Doc doc, boolean sure) {}

  private final PatternDefinition pattern;
  private final Places places;
  private final Map<String, Value> values;

  /** Where the job says that it uses the pattern; null for a sample. */
  private final Doc use;

  private final String label;

  private Expansion(
      PatternDefinition pattern, Places places, Map<String, Value> values, Doc use, String label) {
    this.pattern = pattern;
    this.places = places;
    this.values = values;
    this.use = use;
    this.label = label;
  }

  /** True for a key whose text is an expression even without braces. */
  static boolean isCondition(String key, String path) {
    return key.equals("if") && !path.contains("with");
  }

  /** A job that stands for all that can be made of the pattern. */
  static Doc.Mapping sample(PatternDefinition pattern, Places places) {
    Map<String, Value> values = new HashMap<>();
    for (ParamDefinition param : pattern.params()) {
      if (param.defaultJson() != null) {
        values.put(param.name(), new Value(Json.parseTrusted(param.defaultJson()), null, true));
      } else {
        values.put(param.name(), new Value(sample(param), null, false));
      }
    }
    Expansion sample = new Expansion(pattern, places, values, null, "");
    Doc name = pattern.root().get("pattern");
    List<Doc.Entry> entries = new ArrayList<>();
    entries.add(new Doc.Entry("id", name.line(), name.column(), name));
    sample.addPattern(entries, Set.of());
    return new Doc.Mapping(entries, pattern.root().line(), pattern.root().column());
  }

  private static JsonNode sample(ParamDefinition param) {
    return switch (param.type()) {
      case "number", "integer" -> Json.number(BigInteger.ONE);
      case "boolean" -> Json.bool(true);
      case "object" -> Json.object();
      case "array" -> Json.array();
      default -> Json.text("sample");
    };
  }

  /**
   * The job that a text means which uses a pattern; what is wrong with the values is told.
   *
   * @param found what {@code uses} names
   */
  static Doc.Mapping of(
      Problems problems, Doc.Mapping job, PatternSource.Found found, Places places) {
    PatternDefinition pattern = found.pattern();
    String label = pattern.name() + "@" + found.version();
    Doc use = job.get("uses");
    Map<String, Value> values = values(problems, job, pattern, use, label);
    Expansion expansion = new Expansion(pattern, places, values, use, label);
    List<Doc.Entry> entries = new ArrayList<>();
    Set<String> own = new HashSet<>();
    for (Doc.Entry entry : job.entries()) {
      if (!OF_THE_USE.contains(entry.key())) {
        own.add(entry.key());
        entries.add(expansion.merged(entry));
      }
    }
    expansion.addPattern(entries, own);
    return new Doc.Mapping(entries, job.line(), job.column());
  }

  /** What both say a part of is put together; the job's word counts. */
  private Doc.Entry merged(Doc.Entry own) {
    if (!MERGED.contains(own.key())
        || !(own.value() instanceof Doc.Mapping mine)
        || !(pattern.root().get(own.key()) instanceof Doc.Mapping theirs)) {
      return own;
    }
    Map<String, Doc.Entry> all = new LinkedHashMap<>();
    theirs.entries().forEach(entry -> all.put(entry.key(), copied(entry, own.key())));
    mine.entries().forEach(entry -> all.put(entry.key(), entry));
    Doc.Mapping both = new Doc.Mapping(List.copyOf(all.values()), mine.line(), mine.column());
    return new Doc.Entry(own.key(), own.line(), own.column(), both);
  }

  private void addPattern(List<Doc.Entry> entries, Set<String> own) {
    for (Doc.Entry entry : pattern.root().entries()) {
      switch (entry.key()) {
        case "pattern", "namespace" -> {}
        case "params" -> entries.add(params(entry));
        default -> {
          if (!own.contains(entry.key())) {
            entries.add(copied(entry, ""));
          }
        }
      }
    }
  }

  /** Those that are read when a run starts; what the job gives becomes their default. */
  private Doc.Entry params(Doc.Entry written) {
    List<Doc.Entry> params = new ArrayList<>();
    for (Doc.Entry entry : ((Doc.Mapping) written.value()).entries()) {
      if (!pattern.loadTime().contains(entry.key())) {
        params.add(param(entry));
      }
    }
    int line = place(written.line(), written.column(), null, true);
    return new Doc.Entry("params", line, 1, new Doc.Mapping(params, line, 1));
  }

  private Doc.Entry param(Doc.Entry entry) {
    int line = place(entry.line(), entry.column(), null, true);
    Value value = values.get(entry.key());
    if (value == null || value.doc == null) {
      return new Doc.Entry(entry.key(), line, 1, plain(entry.value()));
    }
    ParamDefinition param = PatternReader.byName(pattern).get(entry.key());
    List<Doc.Entry> parts = new ArrayList<>();
    parts.add(new Doc.Entry("type", line, 1, text(param.type(), line)));
    parts.add(new Doc.Entry("default", line, 1, filled(value, entry.value(), true)));
    return new Doc.Entry(entry.key(), line, 1, new Doc.Mapping(parts, line, 1));
  }

  private static Doc.Scalar text(String text, int line) {
    return new Doc.Scalar(text, Kind.TEXT, true, line, 1);
  }

  /** The same at its place in the pattern, without a look at holes: a parameter has none. */
  private Doc plain(Doc doc) {
    int line = place(doc.line(), doc.column(), null, true);
    return switch (doc) {
      case Doc.Mapping map ->
          new Doc.Mapping(
              map.entries().stream()
                  .map(
                      entry ->
                          new Doc.Entry(
                              entry.key(),
                              place(entry.line(), entry.column(), null, true),
                              1,
                              plain(entry.value())))
                  .toList(),
              line,
              1);
      case Doc.Sequence list ->
          new Doc.Sequence(list.items().stream().map(this::plain).toList(), line, 1);
      case Doc.Scalar scalar ->
          new Doc.Scalar(scalar.text(), scalar.kind(), scalar.textual(), line, 1);
    };
  }

  private Doc.Entry copied(Doc.Entry entry, String path) {
    String own = DocParser.child(path, entry.key());
    return new Doc.Entry(
        entry.key(),
        place(entry.line(), entry.column(), null, true),
        1,
        copied(entry.value(), own, isCondition(entry.key(), path)));
  }

  private Doc copied(Doc doc, String path, boolean code) {
    return switch (doc) {
      case Doc.Mapping map ->
          new Doc.Mapping(
              map.entries().stream().map(entry -> copied(entry, path)).toList(),
              place(doc.line(), doc.column(), null, true),
              1);
      case Doc.Sequence list ->
          new Doc.Sequence(
              list.items().stream().map(item -> copied(item, path + "[]", false)).toList(),
              place(doc.line(), doc.column(), null, true),
              1);
      case Doc.Scalar scalar -> scalar(scalar, code);
    };
  }

  private Doc scalar(Doc.Scalar scalar, boolean code) {
    List<Holes.Hole> holes = Holes.of(scalar.text(), code).orElse(List.of());
    if (holes.isEmpty()) {
      int line = place(scalar.line(), scalar.column(), null, true);
      return new Doc.Scalar(scalar.text(), scalar.kind(), scalar.textual(), line, 1);
    }
    Value first = values.get(holes.getFirst().name());
    boolean sure = holes.stream().allMatch(hole -> values.get(hole.name()).sure);
    Holes.Hole whole = Holes.whole(scalar.text(), holes);
    if (whole != null) {
      return filled(first, scalar, sure);
    }
    String text = Holes.filled(scalar.text(), holes, name -> values.get(name).json);
    int line = place(scalar.line(), scalar.column(), first.doc, sure);
    return new Doc.Scalar(text, Kind.TEXT, true, line, 1);
  }

  /** A value in place of a hole. */
  private Doc filled(Value value, Doc hole, boolean sure) {
    return built(value.json, place(hole.line(), hole.column(), value.doc, sure));
  }

  private static Doc built(JsonNode json, int line) {
    if (json.isObject()) {
      List<Doc.Entry> entries = new ArrayList<>();
      json.properties()
          .forEach(
              each ->
                  entries.add(new Doc.Entry(each.getKey(), line, 1, built(each.getValue(), line))));
      return new Doc.Mapping(entries, line, 1);
    }
    if (json.isArray()) {
      List<Doc> items = new ArrayList<>();
      json.forEach(item -> items.add(built(item, line)));
      return new Doc.Sequence(items, line, 1);
    }
    Kind kind =
        json.isTextual()
            ? Kind.TEXT
            : json.isBoolean()
                ? Kind.BOOLEAN
                : json.isIntegralNumber()
                    ? Kind.INTEGER
                    : json.isNumber() ? Kind.DECIMAL : Kind.EMPTY;
    return new Doc.Scalar(
        kind == Kind.EMPTY ? "" : json.asText(), kind, kind != Kind.EMPTY, line, 1);
  }

  /**
   * @param value where the value was written that stands there, or null
   */
  private int place(int line, int column, Doc value, boolean sure) {
    if (use == null) {
      return places.add(new Places.Place(line, column, "", sure));
    }
    Doc at = value == null ? use : value;
    String note =
        (value == null ? "in" : "put into")
            + " the pattern "
            + label
            + ", line "
            + line
            + ", column "
            + column;
    return places.add(new Places.Place(at.line(), at.column(), note, sure));
  }

  private static Map<String, Value> values(
      Problems problems, Doc.Mapping job, PatternDefinition pattern, Doc use, String label) {
    Map<String, ParamDefinition> known = PatternReader.byName(pattern);
    Map<String, Value> values = new HashMap<>();
    for (ParamDefinition param : pattern.params()) {
      if (param.defaultJson() != null) {
        values.put(param.name(), new Value(Json.parseTrusted(param.defaultJson()), null, true));
      }
    }
    if (job.get("with") instanceof Doc.Mapping with) {
      for (Doc.Entry entry : with.entries()) {
        ParamDefinition param = known.get(entry.key());
        if (param == null) {
          problems.add(
              entry.line(),
              entry.column(),
              "with." + entry.key(),
              "the pattern "
                  + label
                  + " has no such parameter"
                  + DidYouMean.phrase(entry.key(), known.keySet())
                  + (known.isEmpty() ? "" : "; it has " + String.join(", ", sorted(known))));
        } else {
          value(problems, param, entry, pattern.loadTime().contains(param.name()), label)
              .ifPresent(json -> values.put(param.name(), new Value(json, entry.value(), true)));
        }
      }
    } else if (job.get("with") != null) {
      problems.add(job.get("with"), "with", "must be a map of the pattern's parameters");
    }
    for (String name : sorted(known)) {
      boolean written = job.get("with") instanceof Doc.Mapping with && with.get(name) != null;
      if (pattern.loadTime().contains(name) && !values.containsKey(name)) {
        if (!written) {
          problems.add(
              use,
              "uses",
              "the pattern " + label + " needs the parameter '" + name + "'; write it in `with`");
        }
        values.put(name, new Value(sample(known.get(name)), null, false));
      }
    }
    return values;
  }

  private static Optional<JsonNode> value(
      Problems problems, ParamDefinition param, Doc.Entry entry, boolean atLoad, String label) {
    String path = "with." + param.name();
    if (param.secret()) {
      problems.add(
          entry.value(),
          path,
          "is secret in the pattern " + label + "; give it when a run starts, not in the job");
      return Optional.empty();
    }
    JsonNode json = entry.value().toJson();
    if (param.type().equals("string")
        && entry.value() instanceof Doc.Scalar scalar
        && scalar.textual()) {
      json = Json.text(scalar.text());
    }
    boolean later = !atLoad && Expressions.isWhole(entry.value()); // judged when it has a value
    if (!later && !ParamValues.fits(json, param.type())) {
      problems.add(
          entry.value(),
          path,
          "must be of type "
              + param.type()
              + ", as the pattern "
              + label
              + " says, not "
              + entry.value().kindName());
      return Optional.empty();
    }
    return Optional.of(json);
  }

  private static List<String> sorted(Map<String, ParamDefinition> known) {
    return known.keySet().stream().sorted().toList();
  }
}
