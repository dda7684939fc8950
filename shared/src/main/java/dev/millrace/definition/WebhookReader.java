package dev.millrace.definition;

import dev.millrace.model.WebhookTrigger;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads <code>webhook: {name, secret, ...}</code>. Confined to one thread. */
final class WebhookReader {
  /** Variables of the program itself are no secrets of jobs. */
  private static final Pattern SECRET =
      Pattern.compile(
          "\\$\\{(?:env:([A-Za-z_][A-Za-z0-9_]{0,99})|secret:[A-Za-z0-9][A-Za-z0-9_.-]{0,99})}");

  private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]{0,99}");
  private static final int SECRETS_MAX = 2;
  private static final Duration WINDOW_MIN = Duration.ofSeconds(1);
  private static final Duration WINDOW_MAX = Duration.ofDays(1);
  private static final List<String> SCHEMES = List.of("github", "stripe", "hex", "base64");

  private final Expressions expressions;
  private final Set<String> names = new HashSet<>();

  /**
   * @param ofRequests is added to; what they may read is judged later
   */
  WebhookReader(Expressions ofRequests) {
    this.expressions = ofRequests;
  }

  /** Null with a problem. */
  WebhookTrigger read(Fields trigger) {
    Fields fields = trigger.fields("webhook");
    trigger.finish(Set.of());
    WebhookTrigger webhook = fields == null ? null : one(fields);
    if (webhook != null && !names.add(webhook.name())) {
      trigger.problem(
          "a second webhook '" + webhook.name() + "'; give each a `name`, which ends its URL");
      return null;
    }
    return webhook;
  }

  private WebhookTrigger one(Fields fields) {
    String name = fields.id("name");
    List<String> secrets = secrets(fields);
    String scheme = fields.oneOf("signature", SCHEMES);
    WebhookTrigger.Scheme signed =
        scheme == null
            ? WebhookTrigger.Scheme.GITHUB
            : WebhookTrigger.Scheme.valueOf(scheme.toUpperCase(Locale.ROOT));
    String header = fields.parsed("header", WebhookReader::header);
    Duration window = window(fields, signed);
    Boolean once = fields.bool("once");
    if (once != null && signed.signsTime()) {
      fields.problem(
          fields.map().get("once"),
          "once",
          "means nothing for a signature with a time: no two calls have the same; use `key`");
    }
    String map = map(fields);
    String key = expressions.key(fields, "key");
    String condition = expressions.condition(fields, "if");
    fields.finish(Set.of());
    return secrets == null
        ? null
        : new WebhookTrigger(
            name == null ? WebhookTrigger.DEFAULT_NAME : name,
            secrets,
            signed,
            header == null ? signed.header() : header,
            window,
            once == null || once,
            map,
            key,
            condition);
  }

  private List<String> secrets(Fields fields) {
    Doc value = fields.takeRequired("secret", "; write for example ${secret:shop-hook}");
    if (value == null) {
      return null;
    }
    List<Doc> items = value instanceof Doc.Sequence list ? list.items() : List.of(value);
    if (items.isEmpty() || items.size() > SECRETS_MAX) {
      fields.problem(value, "secret", "is one reference, or two while it is being changed");
      return null;
    }
    List<String> secrets = new ArrayList<>();
    for (Doc item : items) {
      String text = fields.text(item, fields.path("secret"));
      if (text == null) {
        return null;
      }
      Matcher reference = SECRET.matcher(text);
      if (!reference.matches()) {
        // What was written may be the secret itself: it is not repeated.
        fields.problem(
            item,
            "secret",
            "is not a reference such as ${secret:shop-hook} or ${env:SHOP_HOOK}; a definition holds"
                + " no secrets");
        return null;
      }
      if (reference.group(1) != null
          && reference.group(1).toUpperCase(Locale.ROOT).startsWith("MILLRACE_")) {
        fields.problem(
            item,
            "secret",
            "refers to a setting of the scheduler itself; use a variable of another name");
        return null;
      }
      secrets.add(text);
    }
    return secrets;
  }

  private static String header(String text) {
    if (!HEADER.matcher(text).matches()) {
      throw new IllegalArgumentException("'" + text + "' is not the name of a header");
    }
    return text;
  }

  private static Duration window(Fields fields, WebhookTrigger.Scheme scheme) {
    Duration window = fields.duration("window", WINDOW_MIN);
    if (window != null && !scheme.signsTime()) {
      fields.problem(
          fields.map().get("window"),
          "window",
          "means nothing for `signature: "
              + scheme.name().toLowerCase(Locale.ROOT)
              + "`, which signs no time; equal calls start one run");
      return null;
    }
    if (window != null && window.compareTo(WINDOW_MAX) > 0) {
      fields.problem(fields.map().get("window"), "window", "must be at most 1d");
      return null;
    }
    if (window != null || !scheme.signsTime()) {
      return window;
    }
    return WebhookTrigger.DEFAULT_WINDOW;
  }

  private String map(Fields fields) {
    Doc value = fields.take("map");
    if (value == null) {
      return null;
    }
    if (!(value instanceof Doc.Mapping) && !Expressions.isWhole(value)) {
      fields.problem(
          value,
          "map",
          "must be a map of params, or one expression that gives one: ${{ {'order': body.id} }}");
      return null;
    }
    expressions.template(value, fields.path("map"));
    return Json.write(value.toJson());
  }
}
