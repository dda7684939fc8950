package dev.millrace.definition;

import dev.millrace.model.ParamDefinition;
import dev.millrace.model.QueueTrigger;
import dev.millrace.wire.Entities;
import java.nio.charset.StandardCharsets;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads <code>queue: {name, map, key, if, prefetch, reply}</code>. Confined to one thread.
 *
 * <p>What an expression of it may read is judged later.
 */
final class QueueTriggerReader {
  /** As AMQP has it. */
  private static final int NAME_BYTES_MAX = 255;

  private static final List<String> REPLIES = List.of("none", "run", "outcome");

  private final GivenReader given;
  private final Expressions expressions;
  private final Set<String> seen = new HashSet<>();

  QueueTriggerReader(List<ParamDefinition> params, Expressions ofMessages) {
    this.given = new GivenReader(params, ofMessages);
    this.expressions = ofMessages;
  }

  /** Null with a problem. */
  QueueTrigger read(Fields trigger) {
    Fields queue = trigger.fields("queue");
    trigger.finish(Set.of());
    if (queue == null) {
      return null;
    }
    String name = name(queue);
    String map = map(queue);
    String key = expressions.key(queue, "key");
    String condition = expressions.condition(queue, "if");
    Integer prefetch = queue.integer("prefetch", 1, QueueTrigger.PREFETCH_MAX);
    String reply = queue.oneOf("reply", REPLIES);
    queue.finish(Set.of());
    return name == null
        ? null
        : new QueueTrigger(
            name,
            map,
            key,
            condition,
            prefetch == null ? QueueTrigger.PREFETCH_DEFAULT : prefetch,
            reply == null
                ? QueueTrigger.Reply.NONE
                : QueueTrigger.Reply.valueOf(reply.toUpperCase(Locale.ROOT)));
  }

  private String name(Fields queue) {
    String name = queue.requiredText("name");
    if (name == null) {
      return null;
    }
    Doc at = queue.map().get("name");
    int bytes = name.getBytes(StandardCharsets.UTF_8).length;
    if (name.isBlank() || bytes > NAME_BYTES_MAX || name.indexOf('\0') >= 0) {
      queue.problem(at, "name", "a queue's name has 1 to " + NAME_BYTES_MAX + " bytes");
      return null;
    }
    if (name.startsWith(Entities.PREFIX) || name.startsWith("amq.")) {
      queue.problem(
          at,
          "name",
          "'"
              + name
              + "' is not a queue of yours; make one, such as orders.created. What others send to "
              + Entities.TRIGGERS
              + " starts runs without a trigger");
      return null;
    }
    if (!seen.add(name)) {
      queue.problem(at, "name", "queue '" + name + "' has a trigger above; one is enough");
      return null;
    }
    return name;
  }

  /** JSON text, or null for none. */
  private String map(Fields queue) {
    Doc written = queue.map().get("map");
    if (written == null || written instanceof Doc.Mapping) {
      String json = given.read(queue, "map");
      return json.equals("{}") ? null : json;
    }
    queue.take("map");
    if (!Expressions.isWhole(written)) {
      queue.problem(
          written,
          "map",
          "must be a map of params, or one expression that gives one, such as"
              + " ${{ {'order': message.id} }}");
      return null;
    }
    expressions.template(written, queue.path("map"));
    return Json.write(Json.text(((Doc.Scalar) written).text()));
  }
}
