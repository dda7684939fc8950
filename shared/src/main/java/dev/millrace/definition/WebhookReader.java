package dev.millrace.definition;

import dev.millrace.expression.Scope;
import dev.millrace.model.Webhook;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/** Reads those of {@code triggers} that are webhooks. Confined to one thread. */
final class WebhookReader {
  /** Variables of the program itself are no secrets of jobs. */
  private static final Pattern SECRET = Pattern.compile("\\$\\{env:([A-Za-z_][A-Za-z0-9_]{0,99})}");

  private static final Pattern HEADER = Pattern.compile("[A-Za-z0-9][A-Za-z0-9-]{0,99}");
  private static final int SECRETS_MAX = 2;
  private static final Duration WINDOW_MIN = Duration.ofSeconds(1);
  private static final Duration WINDOW_MAX = Duration.ofDays(1);
  private static final List<String> SCHEMES = List.of("github", "stripe", "hex", "base64");

  private final Problems problems;
  private final Expressions expressions = new Expressions(false);

  private WebhookReader(Problems problems) {
    this.problems = problems;
  }

  /** True for an element of {@code triggers} that is read here and nowhere else. */
  static boolean isOne(Doc item) {
    return item instanceof Doc.Mapping map && map.get("webhook") != null;
  }

  static List<Webhook> read(Problems problems, Fields job) {
    WebhookReader reader = new WebhookReader(problems);
    List<Webhook> webhooks = new ArrayList<>();
    if (!(job.map().get("triggers") instanceof Doc.Sequence triggers)) {
      return webhooks; // what is wrong with it is told elsewhere
    }
    Set<String> names = new HashSet<>();
    for (int i = 0; i < triggers.items().size(); i++) {
      Doc item = triggers.items().get(i);
      if (!isOne(item)) {
        continue;
      }
      String path = job.path("triggers") + "[" + i + "]";
      Webhook webhook = reader.one(Fields.of(problems, item, path));
      if (webhook != null && !names.add(webhook.name())) {
        problems.add(
            item,
            path,
            "a second webhook '" + webhook.name() + "'; give each a `name`, which ends its URL");
      } else if (webhook != null) {
        webhooks.add(webhook);
      }
    }
    reader.expressions.check(problems, new HashMap<>(), Scope.ofRequest(), Set.of());
    return webhooks;
  }

  private Webhook one(Fields trigger) {
    Fields fields = trigger.fields("webhook");
    trigger.finish(Set.of());
    if (fields == null) {
      return null;
    }
    String name = fields.id("name");
    List<String> secrets = secrets(fields);
    String scheme = fields.oneOf("signature", SCHEMES);
    Webhook.Scheme signed =
        scheme == null
            ? Webhook.Scheme.GITHUB
            : Webhook.Scheme.valueOf(scheme.toUpperCase(Locale.ROOT));
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
        : new Webhook(
            name == null ? Webhook.DEFAULT_NAME : name,
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
    Doc value = fields.takeRequired("secret", "; write for example ${env:SHOP_HOOK}");
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
        problems.add(
            item,
            fields.path("secret"),
            "is not a reference such as ${env:SHOP_HOOK}; a definition holds no secrets");
        return null;
      }
      if (reference.group(1).toUpperCase(Locale.ROOT).startsWith("MILLRACE_")) {
        problems.add(
            item,
            fields.path("secret"),
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

  private static Duration window(Fields fields, Webhook.Scheme scheme) {
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
    return Webhook.DEFAULT_WINDOW;
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
