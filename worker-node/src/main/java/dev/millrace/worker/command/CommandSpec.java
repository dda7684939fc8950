package dev.millrace.worker.command;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The {@code with:} of a command stage, checked. Immutable.
 *
 * @param argv program and arguments
 * @param dir where to run it, or null for the attempt's own directory
 * @param umask three or four octal digits
 * @param keepBackground true lets processes live that outlive the command
 */
record CommandSpec(
    List<String> argv,
    Map<String, String> env,
    String dir,
    Set<Integer> successCodes,
    String umask,
    boolean keepBackground) {
  private static final Set<String> KEYS =
      Set.of("argv", "shell", "env", "dir", "success-codes", "umask", "keep-background");

  /**
   * @throws IllegalArgumentException names what is wrong, for the author of the job
   */
  static CommandSpec read(JsonNode with) {
    with.fieldNames()
        .forEachRemaining(
            name ->
                require(
                    KEYS.contains(name),
                    "unknown key '" + name + "'; known are " + new TreeSet<>(KEYS)));
    require(with.has("argv") != with.has("shell"), "give either argv (a list) or shell (a text)");
    String umask = with.path("umask").asText("077");
    require(
        umask.matches("[0-7]{3,4}"), "umask '" + umask + "' must be three or four octal digits");
    return new CommandSpec(
        with.has("argv") ? argv(with.get("argv")) : List.of("/bin/sh", "-c", shell(with)),
        env(with.path("env")),
        with.hasNonNull("dir") ? text(with.get("dir"), "dir") : null,
        successCodes(with.path("success-codes")),
        umask,
        with.path("keep-background").asBoolean(false));
  }

  private static List<String> argv(JsonNode list) {
    require(list.isArray() && !list.isEmpty(), "argv must be a list of at least one text");
    List<String> argv = new ArrayList<>();
    for (JsonNode entry : list) {
      argv.add(text(entry, "argv"));
    }
    require(!argv.getFirst().isEmpty(), "argv starts with an empty text");
    return List.copyOf(argv);
  }

  private static String shell(JsonNode with) {
    return text(with.get("shell"), "shell");
  }

  private static Map<String, String> env(JsonNode object) {
    Map<String, String> env = new LinkedHashMap<>();
    require(object.isMissingNode() || object.isNull() || object.isObject(), "env must be a map");
    for (var entry : object.properties()) {
      require(
          entry.getKey().matches("[A-Za-z_][A-Za-z0-9_]*"),
          "env name '" + entry.getKey() + "' is not possible");
      env.put(entry.getKey(), text(entry.getValue(), "env"));
    }
    return env;
  }

  private static Set<Integer> successCodes(JsonNode list) {
    Set<Integer> codes = new TreeSet<>();
    for (JsonNode entry : list) {
      require(
          entry.canConvertToInt() && entry.asInt() >= 0 && entry.asInt() <= 255,
          "success-codes must hold numbers from 0 to 255");
      codes.add(entry.asInt());
    }
    return codes.isEmpty() ? Set.of(0) : codes;
  }

  private static String text(JsonNode node, String where) {
    require(node != null && node.isValueNode() && !node.isNull(), where + " must hold texts");
    require(node.asText().indexOf('\0') < 0, where + " holds a NUL character");
    return node.asText();
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException("command: " + problem);
    }
  }
}
