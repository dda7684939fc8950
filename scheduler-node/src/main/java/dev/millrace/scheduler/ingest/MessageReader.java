package dev.millrace.scheduler.ingest;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.JsonNodeFactory;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.rabbitmq.client.AMQP;
import dev.millrace.amqp.Letter;
import dev.millrace.definition.StartLimits;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.Expression;
import dev.millrace.expression.ExpressionException;
import dev.millrace.expression.Scope;
import dev.millrace.expression.Template;
import dev.millrace.expression.TemplateException;
import dev.millrace.model.QueueTrigger;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.StartRequest;
import dev.millrace.wire.StartRequestCodec;
import dev.millrace.wire.Wire;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.security.MessageDigest;
import java.security.NoSuchAlgorithmException;
import java.util.Date;
import java.util.HashMap;
import java.util.HexFormat;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;

/**
 * Makes of a message what it asks for: reads it, or lets the trigger's expressions read it. What is
 * wrong with it is a value. Used by one thread.
 */
final class MessageReader {
  private static final JsonNodeFactory NODES = JsonNodeFactory.instance;
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int CODES_MAX = 1_000;

  /** Deeper headers are not read: nobody writes them. */
  private static final int HEADER_DEPTH_MAX = 10;

  /**
   * A trigger's expressions; null for what it does not have.
   *
   * @param problem why they cannot be used, or null
   */
  private record Code(Template map, Expression key, Expression condition, String problem) {}

  private final LinkedHashMap<QueueTrigger, Code> codes =
      new LinkedHashMap<>(64, 0.75f, true) {
        private static final long serialVersionUID = 1L;

        @Override
        protected boolean removeEldestEntry(Map.Entry<QueueTrigger, Code> eldest) {
          return size() > CODES_MAX;
        }
      };

  /** Null when the message is none of the trigger's business. */
  StartMessage read(QueueDelivery delivery) {
    Letter asked = letter(delivery);
    if (delivery.tooLarge()) {
      return StartMessage.bad(
          delivery,
          asked,
          "message has " + delivery.bytes() + " bytes, the limit is " + Wire.MESSAGE_BYTES_MAX);
    }
    String replyTo = asked.replyTo();
    if (hasNul(replyTo) || hasNul(asked.correlationId())) {
      String where = hasNul(replyTo) ? "reply_to" : "correlation_id";
      return StartMessage.bad(
          delivery, Letter.NONE, where + " has a NUL character, which nothing can keep");
    }
    if (replyTo != null && replyTo.startsWith(Entities.PREFIX)) {
      return StartMessage.bad(
          delivery, Letter.NONE, "reply_to is '" + replyTo + "'; answers go to a queue of yours");
    }
    return delivery.source().use().isShared() ? shared(delivery, asked) : bound(delivery, asked);
  }

  private static boolean hasNul(String text) {
    return text != null && text.indexOf('\0') >= 0;
  }

  /** What is asked for; of a bound queue only where the trigger answers. */
  private static Letter letter(QueueDelivery delivery) {
    QueueTrigger trigger = delivery.source().use().definition();
    String replyTo = delivery.properties().getReplyTo();
    boolean answers = trigger == null || trigger.reply() != QueueTrigger.Reply.NONE;
    return answers && replyTo != null && !replyTo.isEmpty()
        ? new Letter(replyTo, delivery.properties().getCorrelationId())
        : Letter.NONE;
  }

  private static StartMessage shared(QueueDelivery delivery, Letter reply) {
    return switch (StartRequestCodec.decode(delivery.body())) {
      case Decoded.Bad<StartRequest> bad -> StartMessage.bad(delivery, reply, bad.cause());
      case Decoded.Ok<StartRequest> ok -> {
        StartRequest asked = ok.value();
        yield StartMessage.of(
            delivery,
            new StartMessage.Ask(
                asked.namespace(),
                asked.job(),
                asked.params(),
                asked.key() == null ? idOf(delivery) : asked.key(),
                asked.reason(),
                asked.orchestration(),
                reply,
                asked.outcome() && reply.replyTo() != null));
      }
    };
  }

  private StartMessage bound(QueueDelivery delivery, Letter reply) {
    QueueUse use = delivery.source().use();
    QueueTrigger trigger = use.definition();
    Code code = codes.computeIfAbsent(trigger, MessageReader::compile);
    if (code.problem() != null) {
      return StartMessage.bad(delivery, reply, code.problem());
    }
    String step = "message";
    try {
      Bindings bindings = bindings(delivery);
      step = "`if`";
      if (code.condition() != null && !code.condition().test(bindings)) {
        return null;
      }
      step = "`key`";
      String key = code.key() == null ? idOf(delivery) : code.key().text(bindings);
      String wrong = StartRequest.problemOfKey(key);
      if (wrong != null) {
        return StartMessage.bad(delivery, reply, told(use, step, wrong));
      }
      step = "`map`";
      String params = params(code.map(), bindings);
      boolean outcome = trigger.reply() == QueueTrigger.Reply.OUTCOME && reply.replyTo() != null;
      return StartMessage.of(
          delivery,
          new StartMessage.Ask(
              use.namespace(), use.job(), params, key, null, null, reply, outcome));
    } catch (ExpressionException | CharacterCodingException wrong) {
      String cause =
          wrong instanceof CharacterCodingException ? "the body is no UTF-8" : wrong.getMessage();
      return StartMessage.bad(delivery, reply, told(use, step, cause));
    }
  }

  private static String told(QueueUse use, String step, String cause) {
    return step + " of the queue trigger of job '" + use.job() + "': " + cause;
  }

  private static String params(Template map, Bindings bindings) {
    if (map == null) {
      return "{}";
    }
    JsonNode params = map.render(bindings);
    if (!params.isObject()) {
      String kind = params.getNodeType().name().toLowerCase(Locale.ROOT);
      throw new ExpressionException("must give a map of params, but gave a " + kind);
    }
    String json = params.toString();
    StartLimits.ofParams(json)
        .ifPresent(
            problem -> {
              throw new ExpressionException(problem);
            });
    return json;
  }

  private static Code compile(QueueTrigger trigger) {
    try {
      return new Code(
          trigger.map() == null
              ? null
              : Template.compile(JSON.readTree(trigger.map()), Scope.MESSAGE),
          trigger.key() == null
              ? null
              : Expression.compile(trigger.key(), Scope.MESSAGE, Expression.Kind.TEXT),
          trigger.condition() == null
              ? null
              : Expression.compile(trigger.condition(), Scope.MESSAGE, Expression.Kind.BOOL),
          null);
    } catch (JsonProcessingException | TemplateException | ExpressionException wrong) {
      // No definition that was read here is wrong; a newer version may have written it.
      return new Code(
          null, null, null, "the trigger cannot be used by this version: " + wrong.getMessage());
    }
  }

  private static Bindings bindings(QueueDelivery delivery) throws CharacterCodingException {
    AMQP.BasicProperties given = delivery.properties();
    String body =
        StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(delivery.body())).toString();
    String type = given.getContentType();
    boolean json = type != null && type.toLowerCase(Locale.ROOT).contains("json");
    Map<String, JsonNode> amqp = new HashMap<>();
    put(amqp, "queue", delivery.source().use().queue());
    put(amqp, "exchange", delivery.envelope().getExchange());
    put(amqp, "routing_key", delivery.envelope().getRoutingKey());
    amqp.put("redelivered", NODES.booleanNode(delivery.envelope().isRedeliver()));
    put(amqp, "message_id", given.getMessageId());
    put(amqp, "correlation_id", given.getCorrelationId());
    put(amqp, "reply_to", given.getReplyTo());
    put(amqp, "type", given.getType());
    put(amqp, "app_id", given.getAppId());
    put(amqp, "user_id", given.getUserId());
    put(amqp, "content_type", type);
    put(amqp, "content_encoding", given.getContentEncoding());
    if (given.getPriority() != null) {
      amqp.put("priority", NODES.numberNode(given.getPriority().longValue()));
    }
    if (given.getTimestamp() != null) {
      put(amqp, "timestamp", given.getTimestamp().toInstant().toString());
    }
    return Bindings.builder().message(body, json, headers(given), amqp).build();
  }

  private static void put(Map<String, JsonNode> into, String name, String value) {
    if (value != null) {
      into.put(name, NODES.textNode(value));
    }
  }

  private static ObjectNode headers(AMQP.BasicProperties given) {
    ObjectNode headers = NODES.objectNode();
    if (given.getHeaders() != null) {
      given.getHeaders().forEach((name, value) -> headers.set(name, json(value, 0)));
    }
    return headers;
  }

  /** Values of an AMQP table; bytes and long strings are text. */
  private static JsonNode json(Object value, int depth) {
    return switch (value) {
      case Object deep when depth > HEADER_DEPTH_MAX -> NODES.nullNode();
      case null -> NODES.nullNode();
      case Boolean bool -> NODES.booleanNode(bool);
      case Long number -> NODES.numberNode(number);
      case Integer number -> NODES.numberNode(number.longValue());
      case Short number -> NODES.numberNode(number.longValue());
      case Byte number -> NODES.numberNode(number.longValue());
      case Number number -> NODES.numberNode(number.doubleValue());
      case Date date -> NODES.textNode(date.toInstant().toString());
      case byte[] bytes -> NODES.textNode(new String(bytes, StandardCharsets.UTF_8));
      case List<?> list -> {
        ArrayNode array = NODES.arrayNode();
        list.forEach(element -> array.add(json(element, depth + 1)));
        yield array;
      }
      case Map<?, ?> map -> {
        ObjectNode object = NODES.objectNode();
        map.forEach((name, element) -> object.set(String.valueOf(name), json(element, depth + 1)));
        yield object;
      }
      default -> NODES.textNode(value.toString());
    };
  }

  /** The message's own id as a key; null when it has none. */
  private static String idOf(QueueDelivery delivery) {
    String id = delivery.properties().getMessageId();
    if (id == null || id.isBlank()) {
      return null;
    }
    return StartRequest.problemOfKey(id) == null ? id : hashed(id);
  }

  private static String hashed(String id) {
    try {
      byte[] text = id.getBytes(StandardCharsets.UTF_8);
      return "sha256:"
          + HexFormat.of().formatHex(MessageDigest.getInstance("SHA-256").digest(text));
    } catch (NoSuchAlgorithmException impossible) {
      throw new IllegalStateException("every JDK has SHA-256", impossible);
    }
  }
}
