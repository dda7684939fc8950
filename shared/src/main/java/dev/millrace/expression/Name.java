package dev.millrace.expression;

import dev.cel.common.types.CelType;
import dev.cel.common.types.ListType;
import dev.cel.common.types.MapType;
import dev.cel.common.types.NullableType;
import dev.cel.common.types.SimpleType;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Objects;
import java.util.stream.Collectors;
import java.util.stream.Stream;

/**
 * Something that an expression reads, such as {@code stages.scrape.output}. Immutable.
 *
 * @param root the first word
 * @param key a parameter, a stage, a job, or a field of run, error, file and properties; null for
 *     all of it
 * @param field a field of a stage or a job's run; null for all of them
 * @param type what the checker may assume
 */
record Name(Root root, String key, String field, CelType type) {
  /** The first words that exist. */
  enum Root {
    PARAMS,
    STAGES,
    RUN,
    ERROR,
    AFTER,
    FILE,
    ITEM,
    INDEX,
    BODY,
    MESSAGE,
    HEADERS,
    PROPERTIES
  }

  static final MapType ANYTHING_BY_NAME = MapType.create(SimpleType.STRING, SimpleType.DYN);

  private static final NullableType TEXT_OR_NULL = NullableType.create(SimpleType.STRING);
  private static final NullableType INT_OR_NULL = NullableType.create(SimpleType.INT);

  private static final Map<String, CelType> STAGE_TYPES =
      Map.of(
          "output", SimpleType.DYN,
          "state", SimpleType.STRING,
          "exit_code", INT_OR_NULL,
          "error", TEXT_OR_NULL,
          "error_class", TEXT_OR_NULL,
          "items", SimpleType.INT,
          "completed", SimpleType.INT,
          "failed", SimpleType.INT);

  private static final Map<String, CelType> RUN_TYPES =
      Map.of(
          "id", SimpleType.STRING,
          "job", SimpleType.STRING,
          "namespace", SimpleType.STRING,
          "scheduled_for", SimpleType.TIMESTAMP,
          "created_at", SimpleType.TIMESTAMP,
          "attempt", SimpleType.INT,
          "trigger", SimpleType.STRING);

  private static final Map<String, CelType> ERROR_TYPES =
      Map.of(
          "class", TEXT_OR_NULL,
          "exit_code", INT_OR_NULL,
          "message", TEXT_OR_NULL,
          "attempt", SimpleType.INT);

  private static final Map<String, CelType> AFTER_TYPES =
      Map.of("run", TEXT_OR_NULL, "state", TEXT_OR_NULL, "output", SimpleType.DYN);

  private static final Map<String, CelType> FILE_TYPES =
      Map.of(
          "path", SimpleType.STRING,
          "name", SimpleType.STRING,
          "size", SimpleType.INT,
          "modified", SimpleType.TIMESTAMP);

  static final List<String> FILE_FIELDS = FILE_TYPES.keySet().stream().sorted().toList();
  static final List<String> AFTER_FIELDS = AFTER_TYPES.keySet().stream().sorted().toList();

  /** What AMQP says about a message beside its body. */
  private static final Map<String, CelType> PROPERTY_TYPES =
      Map.ofEntries(
          Map.entry("queue", SimpleType.STRING),
          Map.entry("exchange", SimpleType.STRING),
          Map.entry("routing_key", SimpleType.STRING),
          Map.entry("redelivered", SimpleType.BOOL),
          Map.entry("message_id", TEXT_OR_NULL),
          Map.entry("correlation_id", TEXT_OR_NULL),
          Map.entry("reply_to", TEXT_OR_NULL),
          Map.entry("type", TEXT_OR_NULL),
          Map.entry("app_id", TEXT_OR_NULL),
          Map.entry("user_id", TEXT_OR_NULL),
          Map.entry("content_type", TEXT_OR_NULL),
          Map.entry("content_encoding", TEXT_OR_NULL),
          Map.entry("priority", INT_OR_NULL),
          Map.entry("timestamp", SimpleType.TIMESTAMP));

  static final List<String> STAGE_FIELDS = STAGE_TYPES.keySet().stream().sorted().toList();
  static final List<String> RUN_FIELDS = RUN_TYPES.keySet().stream().sorted().toList();
  static final List<String> ERROR_FIELDS = ERROR_TYPES.keySet().stream().sorted().toList();
  static final List<String> PROPERTY_FIELDS = PROPERTY_TYPES.keySet().stream().sorted().toList();

  static Name params() {
    return new Name(Root.PARAMS, null, null, ANYTHING_BY_NAME);
  }

  static Name param(String name, String type) {
    return new Name(Root.PARAMS, name, null, paramType(type));
  }

  static Name stage(String id) {
    return new Name(Root.STAGES, id, null, ANYTHING_BY_NAME);
  }

  static Name stage(String id, String field) {
    return new Name(Root.STAGES, id, field, STAGE_TYPES.get(field));
  }

  static Name run(String field) {
    return new Name(Root.RUN, field, null, RUN_TYPES.get(field));
  }

  static Name error(String field) {
    return new Name(Root.ERROR, field, null, ERROR_TYPES.get(field));
  }

  static Name after(String job) {
    return new Name(Root.AFTER, job, null, ANYTHING_BY_NAME);
  }

  static Name after(String job, String field) {
    return new Name(Root.AFTER, job, field, AFTER_TYPES.get(field));
  }

  static Name file(String field) {
    return new Name(Root.FILE, field, null, FILE_TYPES.get(field));
  }

  static Name item() {
    return new Name(Root.ITEM, null, null, SimpleType.DYN);
  }

  static Name body() {
    return new Name(Root.BODY, null, null, SimpleType.DYN);
  }

  static Name index() {
    return new Name(Root.INDEX, null, null, SimpleType.INT);
  }

  static Name message() {
    return new Name(Root.MESSAGE, null, null, SimpleType.DYN);
  }

  static Name headers() {
    return new Name(Root.HEADERS, null, null, ANYTHING_BY_NAME);
  }

  static Name property(String field) {
    return new Name(Root.PROPERTIES, field, null, PROPERTY_TYPES.get(field));
  }

  private static CelType paramType(String type) {
    return switch (type) {
      case "string" -> SimpleType.STRING;
      case "number" -> SimpleType.DOUBLE;
      case "integer" -> SimpleType.INT;
      case "boolean" -> SimpleType.BOOL;
      case "object" -> ANYTHING_BY_NAME;
      case "array" -> ListType.create(SimpleType.DYN);
      default -> SimpleType.DYN;
    };
  }

  /**
   * What the checked expression calls it. Without dots, because CEL would take a selection from an
   * identifier {@code params} for an identifier {@code params.x}.
   */
  String identifier() {
    return Stream.of(root.name(), key, field)
        .filter(Objects::nonNull)
        .map(part -> part.replace('.', ',').replace('/', ';'))
        .collect(Collectors.joining("/"));
  }

  /** As people write it. */
  @Override
  public String toString() {
    String first = root.name().toLowerCase(Locale.ROOT);
    return first + (key == null ? "" : "." + key) + (field == null ? "" : "." + field);
  }
}
