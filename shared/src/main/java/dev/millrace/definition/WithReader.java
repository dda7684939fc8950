package dev.millrace.definition;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.StageDefinition;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;

/** Reads a stage's {@code with} and checks it for the handlers that every worker has. Stateless. */
final class WithReader {
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private WithReader() {}

  /** The JSON text, {@code {}} when there is none or it is wrong. */
  static String read(Fields stage, String handler, Expressions expressions) {
    Fields with = stage.fields("with");
    String known = handler == null ? "" : handler;
    if (with == null) {
      if (stage.map().get("with") == null) {
        missing(known).ifPresent(stage::problem);
      }
      return "{}";
    }
    expressions.template(with.map(), stage.path("with"));
    SecretPlaces.check(with, known);
    ObjectNode json =
        switch (known) {
          case "command" -> command(with);
          case "http" -> http(with);
          case StageDefinition.SUB_JOB -> LedReader.job(with);
          case StageDefinition.WAIT_TIME -> LedReader.time(with);
          case StageDefinition.WAIT_EVENT -> LedReader.event(with);
          case StageDefinition.WAIT_APPROVAL -> LedReader.approval(with);
          case StageDefinition.WAIT_FILE -> LedReader.file(with);
          default -> (ObjectNode) with.map().toJson();
        };
    String text = Json.write(json);
    StartLimits.ofWith(text).ifPresent(with::problem);
    return text;
  }

  private static Optional<String> missing(String handler) {
    String form =
        switch (handler) {
          case "command" -> "{argv: [...]}` or `with: {shell: ...}";
          case "http" -> "{url: ...}";
          case StageDefinition.SUB_JOB -> "{job: ...}";
          case StageDefinition.WAIT_TIME -> "{for: ...}` or `with: {until: ...}";
          case StageDefinition.WAIT_EVENT -> "{event: ...}";
          case StageDefinition.WAIT_FILE -> "{path: ...}";
          default -> null;
        };
    return Optional.ofNullable(form).map(with -> "needs `with: " + with + "`");
  }

  /**
   * True when one expression stands in place of what would be checked here; it is put as it is, and
   * the handler judges what it becomes.
   */
  private static boolean putExpression(Fields with, ObjectNode json, String key) {
    Doc value = with.take(key);
    if (!Expressions.isWhole(value)) {
      return false;
    }
    json.put(key, ((Doc.Scalar) value).text());
    return true;
  }

  private static ObjectNode command(Fields with) {
    ObjectNode json = Json.object();
    List<String> argv = putExpression(with, json, "argv") ? null : with.texts("argv");
    String shell = with.text("shell");
    boolean hasArgv = with.map().get("argv") != null;
    boolean hasShell = with.map().get("shell") != null;
    if (hasArgv == hasShell) {
      with.problem(
          hasArgv
              ? "has argv and shell; a command has one of them"
              : "needs argv (a list) or shell (one line for the shell)");
    }
    if (argv != null) {
      checkArgv(with, argv);
      putTexts(json, "argv", argv);
    }
    if (shell != null) {
      if (shell.isBlank()) {
        with.problem(with.map().get("shell"), "shell", "is blank");
      }
      json.put("shell", shell);
    }
    putEnvironment(with, json);
    String dir = with.text("dir");
    if (dir != null) {
      json.put("dir", dir);
    }
    putNumbers(with, json, "success-codes", 0, 255);
    with.finish(Set.of("stdin", "user", "umask", "network", "output"));
    return json;
  }

  private static void checkArgv(Fields with, List<String> argv) {
    Doc at = with.map().get("argv");
    if (at instanceof Doc.Sequence sequence && sequence.items().isEmpty()) {
      with.problem(at, "argv", "is empty; its first item is the program");
    } else if (!argv.isEmpty() && argv.get(0).isBlank()) {
      with.problem(at, "argv[0]", "is blank; it is the program");
    }
  }

  private static void putEnvironment(Fields with, ObjectNode json) {
    Map<String, String> env = putExpression(with, json, "env") ? null : with.textMap("env");
    if (env == null) {
      return;
    }
    ObjectNode node = json.putObject("env");
    env.forEach(
        (name, value) -> {
          if (name.isEmpty() || name.indexOf('=') >= 0 || name.indexOf('\0') >= 0) {
            with.problem(with.map().get("env"), "env", "'" + name + "' is not a possible name");
          }
          node.put(name, value);
        });
  }

  private static ObjectNode http(Fields with) {
    ObjectNode json = Json.object();
    String url = with.requiredText("url");
    if (url != null) {
      boolean late = url.startsWith("${"); // what it begins with is not known yet
      if (!late && !url.toLowerCase(Locale.ROOT).matches("https?://[^\\s/?#].*")) {
        with.problem(
            with.map().get("url"), "url", "must start with http:// or https:// and a host");
      }
      json.put("url", url);
    }
    if (!putExpression(with, json, "method")) {
      String method = with.oneOf("method", new TreeSet<>(METHODS));
      if (method != null) {
        json.put("method", method);
      }
    }
    Map<String, String> headers =
        putExpression(with, json, "headers") ? null : with.textMap("headers");
    if (headers != null) {
      ObjectNode node = json.putObject("headers");
      headers.forEach(node::put);
    }
    Doc body = with.take("body");
    if (body != null) {
      json.set("body", body.toJson());
    }
    putNumbers(with, json, "expect", 100, 599);
    with.finish(Set.of("timeout", "auth", "tls", "redirects", "retry-after", "output"));
    return json;
  }

  private static void putTexts(ObjectNode json, String key, List<String> texts) {
    ArrayNode array = json.putArray(key);
    texts.forEach(array::add);
  }

  private static void putNumbers(Fields with, ObjectNode json, String key, int min, int max) {
    List<Doc> items = putExpression(with, json, key) ? null : with.list(key);
    if (items == null) {
      return;
    }
    if (items.isEmpty()) {
      with.problem(with.map().get(key), key, "is empty; then nothing would be a success");
    }
    ArrayNode array = json.putArray(key);
    for (int i = 0; i < items.size(); i++) {
      if (Expressions.isWhole(items.get(i))) {
        array.add(((Doc.Scalar) items.get(i)).text());
        continue;
      }
      Integer number = with.integer(items.get(i), with.path(key) + "[" + i + "]", min, max);
      if (number != null) {
        array.add(number);
      }
    }
  }
}
