package dev.millrace.expression;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.cel.common.values.NullValue;
import java.time.Instant;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;

/**
 * What the names stand for at one moment. A JSON text is parsed when something first reads it, and
 * once. Immutable, any thread, provided that its look-up of stages is.
 */
public final class Bindings {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private final String paramsJson;
  private final Map<String, JsonNode> run;
  private final Map<String, JsonNode> error;
  private final Map<String, JsonNode> file;
  private final Map<String, JsonNode> properties;
  private final JsonNode body;
  private final JsonNode message;
  private final JsonNode headers;
  private final Function<String, StageResult> stages;
  private final Map<String, UpstreamRun> after;
  private final String itemJson;
  private final int index;

  /** Of params and stages; shared with the bindings of the items. */
  private final Map<String, JsonNode> parsed;

  private final Map<String, JsonNode> parsedItem = new ConcurrentHashMap<>();

  /**
   * How a stage ended, or what is known of it so far. Immutable.
   *
   * @param state its state, as jobs are to see it
   * @param outputJson null for none
   * @param exitCode null for none
   * @param errorClass null for none
   * @param error null for none
   * @param items how many items it runs for
   */
  public record StageResult(
      String state,
      String outputJson,
      Integer exitCode,
      String errorClass,
      String error,
      int items,
      int completed,
      int failed) {}

  /**
   * The run of a job that another run comes after. Immutable.
   *
   * @param run its id
   * @param state how it ended
   * @param outputJson null for none
   */
  public record UpstreamRun(String run, String state, String outputJson) {
    /** A job that this time has no part in it. */
    static final UpstreamRun NONE = new UpstreamRun(null, null, null);
  }

  /** A file as it was found. Immutable. */
  public record FoundFile(String path, long size, Instant modified) {}

  private Bindings(Builder from, Map<String, JsonNode> parsed) {
    this.paramsJson = from.paramsJson;
    this.run = Map.copyOf(from.run);
    this.error = Map.copyOf(from.error);
    this.file = Map.copyOf(from.file);
    this.properties = Map.copyOf(from.properties);
    this.body = from.body;
    this.message = from.message;
    this.headers = from.headers;
    Map<String, StageResult> single = Map.copyOf(from.single);
    Function<String, StageResult> lookUp = from.lookUp;
    this.stages = id -> single.containsKey(id) ? single.get(id) : lookUp.apply(id);
    this.after = Map.copyOf(from.after);
    this.itemJson = from.itemJson;
    this.index = from.index;
    this.parsed = parsed;
  }

  public static Builder builder() {
    return new Builder();
  }

  /** The same for one item; what is parsed already is not parsed again. */
  public Bindings withItem(String json, int index) {
    Builder builder = new Builder();
    builder.paramsJson = paramsJson;
    builder.run.putAll(run);
    builder.error.putAll(error);
    builder.file.putAll(file);
    builder.lookUp = stages;
    builder.after.putAll(after);
    return new Bindings(builder.item(json, index), parsed);
  }

  JsonNode json(Name name) {
    return switch (name.root()) {
      case PARAMS -> name.key() == null ? params() : param(name);
      case STAGES -> name.field() == null ? wholeStage(name.key()) : stageField(name);
      case RUN -> given(run, name);
      case ERROR -> given(error, name);
      case FILE -> given(file, name);
      case AFTER -> name.field() == null ? wholeUpstream(name.key()) : upstreamField(name);
      case BODY -> outside(body);
      case MESSAGE -> outside(message);
      case HEADERS -> outside(headers);
      case PROPERTIES -> given(properties, name);
      case ITEM -> item();
      case INDEX -> {
        item();
        yield NODES.numberNode(index);
      }
    };
  }

  /** The value for CEL, of the type that the name declares. */
  Object value(Name name) {
    JsonNode json = json(name);
    if (json.isNull()) {
      return NullValue.NULL_VALUE;
    }
    return switch (name.type().kind()) {
      case TIMESTAMP -> Instant.parse(json.textValue());
      case DOUBLE -> json.doubleValue();
      case INT -> integer(name, json);
      default -> JsonValues.toCel(json);
    };
  }

  private static Object integer(Name name, JsonNode json) {
    if (!json.canConvertToLong()) {
      throw problem(name + " is " + json + ", which does not fit 64 bits");
    }
    return json.longValue();
  }

  private JsonNode params() {
    return parsed.computeIfAbsent("params", key -> JsonValues.parse(key, paramsJson));
  }

  private JsonNode param(Name name) {
    JsonNode value = params().get(name.key());
    if (value == null) {
      throw problem(name + " was not given; test it with has(" + name + ")");
    }
    return value;
  }

  private JsonNode item() {
    if (itemJson == null) {
      throw problem("there is no item here");
    }
    return parsedItem.computeIfAbsent("item", key -> JsonValues.parse(key, itemJson));
  }

  private JsonNode stageField(Name name) {
    StageResult result = result(name.key());
    return switch (name.field()) {
      case "output" -> output(name.key(), result);
      case "state" -> text(result.state());
      case "exit_code" -> number(result.exitCode());
      case "error" -> text(result.error());
      case "error_class" -> text(result.errorClass());
      case "items" -> number(result.items());
      case "completed" -> number(result.completed());
      case "failed" -> number(result.failed());
      default -> throw new IllegalStateException("a stage has no field " + name.field());
    };
  }

  private JsonNode wholeStage(String id) {
    ObjectNode whole = NODES.objectNode();
    Name.STAGE_FIELDS.forEach(field -> whole.set(field, stageField(Name.stage(id, field))));
    return whole;
  }

  private JsonNode output(String id, StageResult result) {
    return parsed.computeIfAbsent(
        "stages." + id, key -> JsonValues.parse(key + ".output", result.outputJson()));
  }

  private StageResult result(String id) {
    StageResult result = stages.apply(id);
    if (result == null) {
      throw problem("stage '" + id + "' has no result");
    }
    return result;
  }

  private JsonNode upstreamField(Name name) {
    UpstreamRun upstream = after.getOrDefault(name.key(), UpstreamRun.NONE);
    return switch (name.field()) {
      case "run" -> text(upstream.run());
      case "state" -> text(upstream.state());
      case "output" ->
          parsed.computeIfAbsent(
              "after." + name.key(),
              key -> JsonValues.parse(key + ".output", upstream.outputJson()));
      default -> throw new IllegalStateException("a run has no field " + name.field());
    };
  }

  private JsonNode wholeUpstream(String job) {
    ObjectNode whole = NODES.objectNode();
    Name.AFTER_FIELDS.forEach(field -> whole.set(field, upstreamField(Name.after(job, field))));
    return whole;
  }

  private static JsonNode given(Map<String, JsonNode> values, Name name) {
    JsonNode value = values.get(name.key());
    if (value == null) {
      throw problem(name + " is not known here");
    }
    return value;
  }

  private static JsonNode outside(JsonNode part) {
    if (part == null) {
      throw problem("there is no such thing here");
    }
    return part;
  }

  private static JsonNode text(String value) {
    return value == null ? NODES.nullNode() : NODES.textNode(value);
  }

  private static JsonNode number(Integer value) {
    return value == null ? NODES.nullNode() : NODES.numberNode(value.longValue());
  }

  private static ExpressionException problem(String message) {
    return new ExpressionException(message, ExpressionException.NOWHERE);
  }

  /** Confined to one thread. */
  public static final class Builder {
    private String paramsJson = "{}";
    private final Map<String, JsonNode> run = new HashMap<>();
    private final Map<String, JsonNode> error = new HashMap<>();
    private final Map<String, JsonNode> file = new HashMap<>();
    private final Map<String, JsonNode> properties = new HashMap<>();
    private JsonNode body;
    private JsonNode message;
    private JsonNode headers;
    private final Map<String, StageResult> single = new HashMap<>();
    private Function<String, StageResult> lookUp = id -> null;
    private final Map<String, UpstreamRun> after = new HashMap<>();
    private String itemJson;
    private int index;

    private Builder() {}

    public Builder params(String json) {
      this.paramsJson = json == null ? "{}" : json;
      return this;
    }

    /**
     * The run.
     *
     * @param trigger what started it: cron, at, every, plan, after, file, manual, job or item
     * @param scheduledForIso null for a run that no schedule started
     * @param attemptOrZero of the stage's item
     */
    public Builder run(
        String id,
        String job,
        String namespace,
        String trigger,
        String scheduledForIso,
        String createdAtIso,
        int attemptOrZero) {
      run.put("id", text(id));
      run.put("job", text(job));
      run.put("namespace", text(namespace));
      run.put("trigger", text(trigger));
      run.put("scheduled_for", text(scheduledForIso));
      run.put("created_at", text(createdAtIso));
      run.put("attempt", number(attemptOrZero));
      return this;
    }

    public Builder stage(String id, StageResult result) {
      single.put(id, result);
      return this;
    }

    /** Asked for stages that were not given one by one; null from it is for no result. */
    public Builder stages(Function<String, StageResult> lookUp) {
      this.lookUp = lookUp;
      return this;
    }

    /** The run of a job that this one comes after; jobs that are not given have none. */
    public Builder after(String job, UpstreamRun upstream) {
      after.put(job, upstream);
      return this;
    }

    /** The file that starts the run. */
    public Builder file(FoundFile found) {
      file.put("path", text(found.path()));
      file.put("name", text(found.path().substring(found.path().lastIndexOf('/') + 1)));
      file.put("size", NODES.numberNode(found.size()));
      file.put("modified", text(found.modified().toString()));
      return this;
    }

    public Builder item(String json, int index) {
      this.itemJson = json;
      this.index = index;
      return this;
    }

    /**
     * The call of a webhook; neither may be changed afterwards.
     *
     * @param headers by their names in lower case
     */
    public Builder request(JsonNode body, Map<String, String> headers) {
      ObjectNode all = NODES.objectNode();
      headers.forEach(all::put);
      this.body = body;
      this.headers = all;
      return this;
    }

    /** For rules of retries: how the attempt ended. */
    public Builder error(String errorClass, Integer exitCode, String message, int attempt) {
      error.put("class", text(errorClass));
      error.put("exit_code", number(exitCode));
      error.put("message", text(message));
      error.put("attempt", number(attempt));
      return this;
    }

    /**
     * A message of a queue.
     *
     * @param body any JSON value; what is none is taken as text
     * @param mustBeJson true when the message says that it is JSON
     * @param amqp its properties by name; one that is not there is null in expressions
     * @throws ExpressionException when it says that it is JSON and is not
     */
    public Builder message(
        String body, boolean mustBeJson, ObjectNode header, Map<String, JsonNode> amqp) {
      this.message = readBody(body, mustBeJson);
      this.headers = header;
      Name.PROPERTY_FIELDS.forEach(
          field -> properties.put(field, amqp.getOrDefault(field, NODES.nullNode())));
      return this;
    }

    private static JsonNode readBody(String body, boolean mustBeJson) {
      if (body.isBlank() && !mustBeJson) {
        return NODES.textNode(body);
      }
      try {
        JsonNode read = JsonValues.parse("message", body);
        if (!read.isMissingNode()) {
          return read;
        }
      } catch (ExpressionException notJson) {
        if (mustBeJson) {
          throw notJson;
        }
        return NODES.textNode(body);
      }
      throw problem("message is empty, but says that it is JSON");
    }

    public Bindings build() {
      return new Bindings(this, new ConcurrentHashMap<>());
    }
  }
}
