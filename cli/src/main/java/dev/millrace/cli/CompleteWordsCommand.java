package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;
import java.util.TreeSet;
import java.util.concurrent.Callable;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.FutureTask;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * Words that a shell offers while somebody types: what only the server knows. Says nothing when the
 * server does not answer at once: nobody waits for a completion. Main thread.
 */
@Command(name = "complete-words", hidden = true, description = "What a shell may offer.")
final class CompleteWordsCommand implements Callable<Integer> {
  private static final long ANSWER_MILLIS = 1_000;

  private final Terminal terminal;

  @Mixin ServerAddress server;

  @Parameters(paramLabel = "KIND", index = "0")
  String kind;

  @Parameters(paramLabel = "WORD", index = "1..*", arity = "0..*")
  List<String> words = new ArrayList<>();

  CompleteWordsCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    if (kind.equals("line")) {
      new CompletionScript(Main.commandLine(terminal, "")).after(words).forEach(terminal::say);
      return ExitCode.OK;
    }
    FutureTask<List<String>> asked = new FutureTask<>(this::asked);
    Thread.ofVirtual().name("millrace-completion").start(asked);
    try {
      asked.get(ANSWER_MILLIS, TimeUnit.MILLISECONDS).forEach(terminal::say);
    } catch (ExecutionException | TimeoutException nothingToOffer) {
      asked.cancel(true);
    }
    return ExitCode.OK;
  }

  private List<String> asked() throws InterruptedException {
    try (ApiClient client = server.client(terminal)) {
      return switch (kind) {
        case "jobs" -> ids(client, ApiPath.JOBS + "?limit=500", "id");
        case "runs" -> ids(client, ApiPath.RUNS + "?limit=50", "id");
        case "pools" -> ids(client, ApiPath.POOLS + "?limit=500", "name");
        case "locks" -> ids(client, ApiPath.LOCKS, "lock");
        case "sets" -> ids(client, ApiPath.SETS + "?limit=500", "set");
        case "patterns" -> ids(client, ApiPath.PATTERNS + "?limit=500", "name");
        case "namespaces" ->
            new ArrayList<>(
                new TreeSet<>(ids(client, ApiPath.JOBS + "?namespace=*&limit=500", "namespace")));
        default -> List.of();
      };
    }
  }

  private static List<String> ids(ApiClient client, String path, String key)
      throws InterruptedException {
    List<String> ids = new ArrayList<>();
    for (JsonNode item : client.get(path).path("items")) {
      ids.add(item.path(key).asText());
    }
    return ids;
  }
}
