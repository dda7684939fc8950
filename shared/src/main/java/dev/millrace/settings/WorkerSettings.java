package dev.millrace.settings;

import java.nio.file.InvalidPathException;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;

/**
 * What a worker offers and its bounds. Immutable.
 *
 * @param handlers names it may run; {@code *} for all it has
 * @param outputBytesMax what is kept of the log of one attempt
 * @param fileRoots absolute folders below which stages may wait for files
 * @param secretEnv variables that stages may refer to, a {@code *} at the end for any that begins
 *     so
 * @param secretDirs absolute folders whose files stages may refer to
 */
public record WorkerSettings(
    List<PoolSlots> pools,
    Duration drainGrace,
    Path workDir,
    List<String> handlers,
    int outputBytesMax,
    List<Path> fileRoots,
    List<String> secretEnv,
    List<Path> secretDirs) {
  private static final String EVERY_HANDLER = "*";

  public WorkerSettings {
    pools = List.copyOf(pools);
    handlers = List.copyOf(handlers);
    fileRoots = List.copyOf(fileRoots);
    secretEnv = List.copyOf(secretEnv);
    secretDirs = List.copyOf(secretDirs);
  }

  static WorkerSettings read(Values values) {
    return new WorkerSettings(
        PoolSlots.read(values),
        values.duration("worker.drain-grace", Duration.ZERO, Duration.ofHours(24)),
        path(values, "worker.work-dir"),
        handlers(values),
        values.integer("worker.output-max-bytes", 0, 64 << 20),
        fileRoots(values, "worker.file-roots"),
        secretEnv(values),
        fileRoots(values, "worker.secret-dirs"));
  }

  /** May this worker run that handler, as far as its settings go? */
  public boolean allows(String handler) {
    return handlers.contains(EVERY_HANDLER) || handlers.contains(handler);
  }

  private static List<String> handlers(Values values) {
    String key = "worker.handlers";
    List<String> handlers =
        Arrays.stream(values.text(key).split(",", -1)).map(String::strip).toList();
    for (String handler : handlers) {
      if (!handler.equals(EVERY_HANDLER) && !handler.matches("[a-zA-Z0-9][a-zA-Z0-9_.-]{0,127}")) {
        values.problem(key, "'" + handler + "' is not the name of a handler");
      }
    }
    values.require(
        handlers.size() == 1 || !handlers.contains(EVERY_HANDLER),
        "* already allows every handler; list handlers or write * alone",
        key);
    return handlers;
  }

  private static List<String> secretEnv(Values values) {
    String key = "worker.secret-env";
    List<String> names =
        Arrays.stream(values.text(key).split(",", -1))
            .map(String::strip)
            .filter(name -> !name.isEmpty())
            .toList();
    for (String name : names) {
      if (!name.matches("[A-Za-z_][A-Za-z0-9_]{0,99}\\*?")) {
        values.problem(key, "'" + name + "' is not the name of a variable, or its beginning and *");
      } else if (name.startsWith("MILLRACE_")) {
        values.problem(key, name + " would give away settings of the program itself");
      }
    }
    return names;
  }

  static List<Path> fileRoots(Values values, String key) {
    List<Path> roots = new ArrayList<>();
    for (String text : values.text(key).split(",", -1)) {
      if (!text.isBlank()) {
        addRoot(values, key, text.strip(), roots);
      }
    }
    return roots;
  }

  private static void addRoot(Values values, String key, String text, List<Path> roots) {
    try {
      Path root = Path.of(text);
      if (root.isAbsolute()) {
        roots.add(root.normalize());
      } else {
        values.problem(key, "'" + text + "' is not absolute");
      }
    } catch (InvalidPathException wrong) {
      values.problem(key, "'" + text + "' is not a path: " + wrong.getReason());
    }
  }

  static Path path(Values values, String key) {
    String text = values.text(key);
    try {
      if (!text.isEmpty()) {
        return Path.of(text);
      }
      values.problem(key, "is empty");
    } catch (InvalidPathException wrong) {
      values.problem(key, "is not a path: " + wrong.getReason());
    }
    return Path.of(".");
  }
}
