package dev.millrace.definition;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Set;

/** Reads a stage's {@code with} and checks it for the handlers that every worker has. Stateless. */
final class WithReader {
  private static final Set<String> METHODS =
      Set.of("GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS");

  private WithReader() {}

  /** The JSON text, {@code {}} when there is none or it is wrong. */
  static String read(Problems problems, Fields stage, String handler) {
    Fields with = stage.fields("with");
    if (with == null) {
      boolean absent = stage.map().get("with") == null;
      if (absent && "command".equals(handler)) {
        stage.problem("needs `with: {argv: [...]}` or `with: {shell: ...}`");
      }
      if (absent && "http".equals(handler)) {
        stage.problem("needs `with: {url: ...}`");
      }
      return "{}";
    }
    refuseExpressions(problems, with.map(), stage.path("with"));
    ObjectNode json =
        switch (handler == null ? "" : handler) {
          case "command" -> command(with);
          case "http" -> http(with);
          default -> (ObjectNode) with.map().toJson();
        };
    String text = Json.write(json);
    StartLimits.ofWith(text).ifPresent(with::problem);
    return text;
  }

  private static void refuseExpressions(Problems problems, Doc doc, String path) {
    switch (doc) {
      case Doc.Mapping mapping -> {
        for (Doc.Entry entry : mapping.entries()) {
          refuseExpressions(problems, entry.value(), DocParser.child(path, entry.key()));
        }
      }
      case Doc.Sequence sequence -> {
        for (int i = 0; i < sequence.items().size(); i++) {
          refuseExpressions(problems, sequence.items().get(i), path + "[" + i + "]");
        }
      }
      case Doc.Scalar scalar -> {
        if (scalar.text().contains("${{")) {
          problems.add(scalar, path, "`${{ }}` expressions are not supported by this version");
        }
      }
    }
  }

  private static ObjectNode command(Fields with) {
    ObjectNode json = Json.object();
    List<String> argv = with.texts("argv");
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
    Map<String, String> env = with.textMap("env");
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
      if (!url.toLowerCase(Locale.ROOT).matches("https?://[^\\s/?#].*")) {
        with.problem(
            with.map().get("url"), "url", "must start with http:// or https:// and a host");
      }
      json.put("url", url);
    }
    String method = with.oneOf("method", new java.util.TreeSet<>(METHODS));
    if (method != null) {
      json.put("method", method);
    }
    Map<String, String> headers = with.textMap("headers");
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
    List<Doc> items = with.list(key);
    if (items == null) {
      return;
    }
    if (items.isEmpty()) {
      with.problem(with.map().get(key), key, "is empty; then nothing would be a success");
    }
    ArrayNode array = json.putArray(key);
    for (int i = 0; i < items.size(); i++) {
      Integer number = with.integer(items.get(i), with.path(key) + "[" + i + "]", min, max);
      if (number != null) {
        array.add(number);
      }
    }
  }
}
