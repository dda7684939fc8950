package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.flow.Flow;
import dev.millrace.scheduler.SchedulerNode;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.TreeSet;
import java.util.regex.Pattern;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.TestInstance;
import org.junit.jupiter.api.io.TempDir;

/** Every route that a server has is reached by a command: `routes.txt` says by which. */
@TestInstance(TestInstance.Lifecycle.PER_CLASS)
final class CommandsOfRoutesTest {
  private static final String NONE = "none:";
  private static final ObjectMapper JSON = new ObjectMapper();

  @TempDir static Path folder;
  private Flow flow;
  private RecordingProxy proxy;
  private final Map<String, String> words = new LinkedHashMap<>();
  private final Map<String, String> commands = new LinkedHashMap<>();

  @BeforeAll
  void start() throws Exception {
    flow = new Flow(Files.createDirectories(folder.resolve("work")));
    SchedulerNode node = flow.scheduler("one");
    flow.leads(node);
    flow.worker("default");
    proxy = new RecordingProxy("http://127.0.0.1:" + node.port());
    readRoutes();
    prepare(node);
  }

  @AfterAll
  void stop() {
    proxy.close();
    flow.close();
  }

  private void readRoutes() throws IOException {
    try (InputStream in = CommandsOfRoutesTest.class.getResourceAsStream("routes.txt")) {
      new String(in.readAllBytes(), StandardCharsets.UTF_8)
          .lines()
          .filter(line -> !line.isBlank() && !line.startsWith("#"))
          .forEach(
              line -> {
                String[] parts = line.split(" +", 3);
                commands.put(parts[0] + " " + parts[1], parts[2]);
              });
    }
  }

  private void prepare(SchedulerNode node) throws Exception {
    flow.apply(
        node,
        """
        id: thing
        triggers: [{cron: "0 9 * * *"}]
        stages:
          - {id: a, run: noop, pool: nobody}
          - {id: b, run: noop, pool: nobody}
        """);
    flow.apply(node, "id: spare\nstages:\n  - {id: a, run: noop}\n");
    flow.apply(
        node,
        """
        id: broken
        stages:
          - {id: a, run: command, with: {shell: "exit 3"}, retry: {max-attempts: 1}}
        """);
    words.put("@run", flow.run(node, "thing"));
    flow.awaitRun(flow.run(node, "broken"), "FAILED");
    words.put("@dead", await().atMost(Flow.SOON).until(this::deadLetter, id -> !id.isEmpty()));
    words.put("@out", folder.resolve("out").toString());
    file("@file", "file.yaml", "id: filed\nstages:\n  - {id: a, run: noop}\n");
    file("@set", "set.yaml", "id: in-a-set\nstages:\n  - {id: a, run: noop}\n");
    file("@pattern", "shape.yaml", "pattern: shape\nstages:\n  - {id: a, run: noop}\n");
    file("@starts", "starts.jsonl", "{\"job\":\"spare\"}\n{\"job\":\"spare\"}\n");
  }

  private void file(String word, String name, String text) throws IOException {
    words.put(word, Files.writeString(folder.resolve(name), text).toString());
  }

  private String deadLetter() throws IOException {
    Cli list = cli("dead", "list", "--output", "json");
    return JSON.readTree(list.out()).path("items").path(0).path("id").asText();
  }

  private Cli cli(String... args) {
    return Cli.run(
        Map.of(
            "MILLRACE_SERVER",
            proxy.url(),
            "MILLRACE_NAMESPACE",
            "default",
            "MILLRACE_HOOK_SECRET",
            "secret",
            "MILLRACE_CONFIG_DIR",
            folder.resolve("config").toString()),
        args);
  }

  private List<String> served() throws IOException {
    JsonNode paths = JSON.readTree(cli("server", "openapi").out()).path("paths");
    List<String> served = new ArrayList<>();
    for (Map.Entry<String, JsonNode> path : paths.properties()) {
      for (String method : List.of("get", "post", "put", "delete", "patch")) {
        if (path.getValue().has(method)) {
          served.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey());
        }
      }
    }
    return served;
  }

  @Test
  void everyRouteHasACommandOrAReasonForHavingNone() throws Exception {
    TreeSet<String> served = new TreeSet<>(served());
    TreeSet<String> known = new TreeSet<>(commands.keySet());
    assertThat(served.stream().filter(route -> !known.contains(route))).as("need a line").isEmpty();
    known.removeAll(served);
    assertThat(known).as("are gone").isEmpty();
    assertThat(commands.values()).noneMatch(command -> command.strip().equals(NONE));
  }

  @Test
  void eachCommandReachesItsRoute() throws Exception {
    List<String> served = served();
    List<String> wrong = new ArrayList<>();
    for (Map.Entry<String, String> line : commands.entrySet()) {
      if (!line.getValue().startsWith(NONE)) {
        reach(line.getKey(), line.getValue(), served, wrong);
      }
    }
    assertThat(wrong).isEmpty();
  }

  private void reach(String route, String command, List<String> served, List<String> wrong) {
    proxy.asked().clear();
    List<String> args = new ArrayList<>();
    for (String word : command.split(" ")) {
      args.add(words.getOrDefault(word, word));
    }
    Cli result = cli(args.toArray(String[]::new));
    List<String> asked = new ArrayList<>();
    for (RecordingProxy.Asked one : proxy.asked()) {
      asked.add(template(one, served));
      boolean refusesWords = one.problem().contains("unknown query parameter");
      if (one.problem().contains("no-route") || one.status() == 405 || refusesWords) {
        wrong.add(command + ": " + one);
      }
    }
    if (!asked.contains(route)) {
      wrong.add(route + ": `" + command + "` asks " + asked + "; " + result.err());
    }
    if ((result.code() == ExitCode.USAGE && !command.startsWith("plan "))
        || result.err().contains("--debug shows")) {
      wrong.add(command + ": " + result.err());
    }
  }

  /** The route that a request went to; one without parameters before one with them. */
  private static String template(RecordingProxy.Asked asked, List<String> served) {
    String exact = asked.method() + " " + asked.path();
    if (served.contains(exact)) {
      return exact;
    }
    return served.stream()
        .filter(route -> Pattern.matches(route.replaceAll("\\{\\w+}", "[^/]+"), exact))
        .findFirst()
        .orElse(exact);
  }
}
