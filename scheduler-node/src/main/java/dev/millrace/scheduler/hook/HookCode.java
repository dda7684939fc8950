package dev.millrace.scheduler.hook;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.Expression;
import dev.millrace.expression.ExpressionException;
import dev.millrace.expression.Scope;
import dev.millrace.expression.Template;
import dev.millrace.expression.TemplateException;
import dev.millrace.model.WebhookTrigger;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.Map;

/**
 * What a webhook makes of a call: its expressions, compiled once for each webhook. Immutable, any
 * thread; the known ones are bounded.
 */
public final class HookCode {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int KEPT_MAX = 500;

  private static final Map<WebhookTrigger, HookCode> KNOWN =
      Collections.synchronizedMap(
          new LinkedHashMap<>(64, 0.75f, true) {
            private static final long serialVersionUID = 1L;

            @Override
            protected boolean removeEldestEntry(Map.Entry<WebhookTrigger, HookCode> eldest) {
              return size() > KEPT_MAX;
            }
          });

  private final Expression condition;
  private final Template map;
  private final Expression key;

  private HookCode(Expression condition, Template map, Expression key) {
    this.condition = condition;
    this.map = map;
    this.key = key;
  }

  /** What a call asks for. */
  public sealed interface Wanted {
    /**
     * A run.
     *
     * @param params a JSON object as text
     * @param key or null
     */
    record Run(String params, String key) implements Wanted {}

    /** Nothing: the webhook's condition is false. */
    record Nothing() implements Wanted {}

    /** An expression has no value for this call, or no fitting one. */
    record Unfit(String why) implements Wanted {}
  }

  public static HookCode of(WebhookTrigger webhook) {
    HookCode known = KNOWN.get(webhook);
    if (known == null) {
      known = compiled(webhook);
      KNOWN.put(webhook, known);
    }
    return known;
  }

  private static HookCode compiled(WebhookTrigger webhook) {
    Scope scope = Scope.REQUEST;
    try {
      return new HookCode(
          webhook.condition() == null
              ? null
              : Expression.compile(webhook.condition(), scope, Expression.Kind.BOOL),
          webhook.mapJson() == null
              ? null
              : Template.compile(JSON.readTree(webhook.mapJson()), scope),
          webhook.key() == null
              ? null
              : Expression.compile(webhook.key(), scope, Expression.Kind.TEXT));
    } catch (TemplateException | JsonProcessingException e) {
      throw new IllegalStateException("the definition was checked when it was read", e);
    }
  }

  /**
   * @param headers by their names in lower case
   */
  public Wanted wanted(JsonNode body, Map<String, String> headers) {
    Bindings bindings = Bindings.builder().request(body, headers).build();
    String at = "if";
    try {
      if (condition != null && !condition.test(bindings)) {
        return new Wanted.Nothing();
      }
      at = "map";
      JsonNode params = map == null ? JSON.createObjectNode() : map.render(bindings);
      if (!(params instanceof ObjectNode)) {
        return new Wanted.Unfit("map: gives no object, but " + params.getNodeType());
      }
      at = "key";
      return new Wanted.Run(params.toString(), key == null ? null : key.text(bindings));
    } catch (ExpressionException e) {
      return new Wanted.Unfit(at + ": " + e.getMessage());
    }
  }
}
