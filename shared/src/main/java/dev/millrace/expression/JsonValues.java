package dev.millrace.expression;

import com.fasterxml.jackson.core.JsonFactory;
import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.core.StreamReadConstraints;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.google.common.primitives.UnsignedLong;
import dev.cel.common.values.CelByteString;
import dev.cel.common.values.NullValue;
import java.io.IOException;
import java.io.Writer;
import java.time.Duration;
import java.time.Instant;
import java.util.Base64;
import java.util.List;
import java.util.Map;

/** Values of CEL from JSON and back, without losing a digit of 64-bit integers. Any thread. */
final class JsonValues {
  /** Also of every string and of a rendered template. */
  static final int TEXT_CHARS_MAX = 1 << 20;

  /** Of what is read and of what is built. */
  static final int DEPTH_MAX = 64;

  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;

  private static final JsonMapper MAPPER =
      JsonMapper.builder(
              JsonFactory.builder()
                  .streamReadConstraints(
                      StreamReadConstraints.builder()
                          .maxNestingDepth(DEPTH_MAX)
                          .maxNumberLength(400)
                          .build())
                  .build())
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build();

  private JsonValues() {}

  static JsonNode parse(String what, String text) {
    if (text == null) {
      return NODES.nullNode();
    }
    try {
      return MAPPER.readTree(text);
    } catch (JsonProcessingException broken) {
      throw new ExpressionException(
          what + " is not readable JSON: " + broken.getOriginalMessage(),
          ExpressionException.NOWHERE,
          broken);
    }
  }

  /** A view; numbers outside of 64 bits become the nearest double. */
  static Object toCel(JsonNode json) {
    return switch (json.getNodeType()) {
      case OBJECT -> new JsonMap((ObjectNode) json);
      case ARRAY -> new ListView(json, json.size(), index -> toCel(json.get(index)));
      case STRING -> json.textValue();
      case BOOLEAN -> json.booleanValue();
      case NUMBER -> number(json);
      case NULL, MISSING, BINARY, POJO -> NullValue.NULL_VALUE;
    };
  }

  // Boxed apart: a conditional of long and double would make a double of both.
  private static Object number(JsonNode json) {
    if (json.isIntegralNumber() && json.canConvertToLong()) {
      return json.longValue();
    }
    return json.doubleValue();
  }

  /** Fails when the result is too big, too deep, or has no form in JSON. */
  static JsonNode toJson(Object value) {
    return new Maker().make(value, 0);
  }

  /** Scalars as people write them, null as nothing, lists and maps as JSON. */
  static String text(JsonNode json) {
    if (json.isTextual()) {
      return json.textValue();
    }
    return json.isNull() ? "" : json.toString();
  }

  /** The length as JSON text, if it is at most the bound; fails otherwise. */
  static int lengthWithin(JsonNode json, int charsMax) {
    Counter counter = new Counter(charsMax);
    try {
      MAPPER.writeValue(counter, json);
    } catch (IOException tooLong) {
      throw problem("the result is longer than 1 MiB of JSON");
    }
    return counter.count;
  }

  static ExpressionException problem(String message) {
    return new ExpressionException(message, ExpressionException.NOWHERE);
  }

  /** Used for one result. */
  private static final class Maker {
    /** Each takes two characters at least, one of them a comma or a bracket. */
    private int nodesLeft = TEXT_CHARS_MAX / 2;

    JsonNode make(Object value, int depth) {
      if (--nodesLeft < 0) {
        throw problem("the result is longer than 1 MiB of JSON");
      }
      if (depth > DEPTH_MAX) {
        throw problem("the result is nested more than " + DEPTH_MAX + " levels deep");
      }
      return switch (value) {
        case NullValue nothing -> NODES.nullNode();
        case String text -> NODES.textNode(text);
        case Boolean bool -> NODES.booleanNode(bool);
        case Long number -> NODES.numberNode(number);
        case UnsignedLong number -> NODES.numberNode(number.bigIntegerValue());
        case Double number -> finite(number);
        case JsonMap view -> view.json();
        case ListView view when view.origin() instanceof JsonNode json -> json;
        case List<?> list -> list(list, depth);
        case Map<?, ?> map -> map(map, depth);
        case Instant time -> NODES.textNode(time.toString());
        case Duration duration -> NODES.textNode(seconds(duration));
        case CelByteString bytes ->
            NODES.textNode(Base64.getEncoder().encodeToString(bytes.toByteArray()));
        default ->
            throw new ExpressionException(
                "the result is a type, not a value", ExpressionException.NOWHERE);
      };
    }

    private ArrayNode list(List<?> list, int depth) {
      ArrayNode made = NODES.arrayNode(Math.min(list.size(), Math.max(nodesLeft, 0)));
      for (Object element : list) {
        made.add(make(element, depth + 1));
      }
      return made;
    }

    private ObjectNode map(Map<?, ?> map, int depth) {
      ObjectNode made = NODES.objectNode();
      map.forEach((key, value) -> made.set(String.valueOf(key), make(value, depth + 1)));
      return made;
    }

    private static JsonNode finite(double number) {
      if (Double.isNaN(number) || Double.isInfinite(number)) {
        throw new ExpressionException(
            "the result is " + number + ", which JSON cannot say", ExpressionException.NOWHERE);
      }
      return NODES.numberNode(number);
    }

    /** As CEL's {@code string(duration)}: 90s, 1.5s. */
    private static String seconds(Duration duration) {
      var exact =
          new java.math.BigDecimal(duration.getSeconds())
              .add(java.math.BigDecimal.valueOf(duration.getNano(), 9));
      return exact.signum() == 0 ? "0s" : exact.stripTrailingZeros().toPlainString() + "s";
    }
  }

  /** Keeps nothing but the count. */
  private static final class Counter extends Writer {
    private final int charsMax;
    private int count;

    Counter(int charsMax) {
      this.charsMax = charsMax;
    }

    @Override
    public void write(char[] chars, int offset, int length) throws IOException {
      count += length;
      if (count > charsMax) {
        throw new IOException("too long");
      }
    }

    @Override
    public void flush() {}

    @Override
    public void close() {}
  }
}
