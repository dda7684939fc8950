package dev.millrace.worker;

import dev.millrace.worker.command.CommandHandler;
import dev.millrace.worker.file.WaitFileHandler;
import dev.millrace.worker.http.HttpHandler;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.ServiceLoader;
import java.util.Set;
import java.util.TreeMap;

/**
 * The handlers that a worker has and allows, by name. Later ones replace earlier ones of the same
 * name: built in, found by ServiceLoader, given in code. Immutable.
 */
public final class StageHandlers {
  private final Map<String, StageHandler> allowed;

  private StageHandlers(Map<String, StageHandler> allowed) {
    this.allowed = allowed;
  }

  /**
   * @param allow names or {@code prefix.*}; empty allows all
   * @param fileRoots folders below which stages may wait for files
   */
  public static StageHandlers of(
      List<StageHandler> given, Set<String> allow, List<Path> fileRoots) {
    Map<String, StageHandler> all = new TreeMap<>();
    for (StageHandler builtIn :
        List.of(
            new NoopHandler(),
            CommandHandler.onThisMachine(),
            new HttpHandler(),
            new WaitFileHandler(fileRoots))) {
      all.put(builtIn.name(), builtIn);
    }
    ServiceLoader.load(StageHandler.class).forEach(handler -> all.put(handler.name(), handler));
    given.forEach(handler -> all.put(handler.name(), handler));
    all.keySet().removeIf(name -> !allow.isEmpty() && !matches(name, allow));
    return new StageHandlers(Map.copyOf(all));
  }

  /** The handler, or null when this worker has none of this name or does not allow it. */
  StageHandler find(String name) {
    return allowed.get(name);
  }

  public List<String> names() {
    return allowed.keySet().stream().sorted().toList();
  }

  private static boolean matches(String name, Set<String> allow) {
    return allow.stream()
        .anyMatch(
            pattern ->
                pattern.endsWith(".*")
                    ? name.startsWith(pattern.substring(0, pattern.length() - 1))
                    : name.equals(pattern));
  }
}
