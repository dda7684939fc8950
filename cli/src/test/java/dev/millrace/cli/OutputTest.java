package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.util.HashMap;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What people see on a terminal, what programs read in a pipe, and how commands end. */
final class OutputTest {
  private static final String ESC = "\u001b";
  private static final String RUNS =
      """
      {"items":[{"id":"0HZXW3V5K2Q8T","job":"%s","state":"FAILED","trigger":"manual",
      "createdAt":"2026-01-02T03:04:05Z"}],"next":null}
      """;
  private static final ObjectMapper JSON = new ObjectMapper();
  private ScriptedServer server;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Cli run(String... args) {
    return Cli.run(Map.of("MILLRACE_SERVER", server.url()), args);
  }

  /** As a person sees it whose window has so many columns. */
  private String onTerminal(int columns, Map<String, String> more, String... args) {
    Map<String, String> environment = new HashMap<>(more);
    environment.put("MILLRACE_SERVER", server.url());
    environment.put("COLUMNS", Integer.toString(columns));
    environment.put("LINES", "24");
    StringWriter out = new StringWriter();
    StringWriter err = new StringWriter();
    Terminal terminal = new Terminal(new PrintWriter(out), new PrintWriter(err), true, environment);
    Main.run(terminal, args);
    terminal.out().flush();
    return out.toString();
  }

  @Test
  void stateHasAColourOnATerminalOnly() {
    server.answer("GET /api/v1/runs", 200, RUNS.formatted("night"));
    assertThat(onTerminal(200, Map.of(), "run", "list")).contains(ESC + "[31mFAILED" + ESC + "[0m");
    assertThat(onTerminal(200, Map.of("NO_COLOR", "1"), "run", "list")).doesNotContain(ESC);
    assertThat(onTerminal(200, Map.of("TERM", "dumb"), "run", "list")).doesNotContain(ESC);
    assertThat(onTerminal(200, Map.of(), "run", "list", "--no-color")).doesNotContain(ESC);
    assertThat(run("run", "list").out()).doesNotContain(ESC);
  }

  @Test
  void aTableFitsTheWindowAndIsWholeInAPipe() {
    String job = "j".repeat(120);
    server.answer("GET /api/v1/runs", 200, RUNS.formatted(job));
    assertThat(onTerminal(80, Map.of("NO_COLOR", "1"), "run", "list").lines())
        .allMatch(line -> line.length() <= 80)
        .anyMatch(line -> line.startsWith("0HZXW3V5K2Q8T  jjj") && line.contains("…"));
    assertThat(run("run", "list").out()).contains(job);
  }

  @Test
  void whatWouldCommandTheTerminalIsShownAsSigns() {
    server.answer(
        "GET /api/v1/runs", 200, RUNS.formatted("\\u001b]0;owned\\u0007\\u001b[2Jn\\u202eight"));
    assertThat(onTerminal(200, Map.of("NO_COLOR", "1"), "run", "list"))
        .contains("␛]0;owned␇␛[2Jn\ufffdight")
        .doesNotContain(ESC);
    assertThat(Harmless.log("a" + ESC + "[31mred" + ESC + "[2J", true))
        .isEqualTo("a" + ESC + "[31mred␛[2J" + ESC + "[0m");
    assertThat(Harmless.log("a" + ESC + "[31mred", false)).isEqualTo("ared");
  }

  @Test
  void whatWorkersLeaveOfColoursIsAColourOrNothing() {
    String kept = "\ufffd[1;31mred\ufffd[0m \ufffd[2Kdone \ufffd[";
    server.answer(
        "GET /api/v1/runs/0HZXW3V5K2Q8T/logs",
        200,
        "{\"items\":[{\"stage\":\"a\",\"text\":\"" + kept + "\"}],\"next\":null}");
    String[] logs = {"run", "logs", "0HZXW3V5K2Q8T"};
    assertThat(run(logs).out()).contains("red done \ufffd[");
    assertThat(onTerminal(200, Map.of("NO_COLOR", "1"), logs)).contains("red done \ufffd[");
    assertThat(onTerminal(200, Map.of(), logs))
        .contains(ESC + "[1;31mred" + ESC + "[0m done \ufffd[" + ESC + "[0m");
    assertThat(run("run", "logs", "0HZXW3V5K2Q8T", "--output", "json").out()).contains(kept);
  }

  @Test
  void jsonIsWhatTheApiAnswersAndYamlTheSame() throws Exception {
    String body = RUNS.formatted("night");
    server.answer("GET /api/v1/runs", 200, body);
    JsonNode shown = JSON.readTree(run("run", "list", "--output", "json").out());
    assertThat(shown).isEqualTo(JSON.readTree(body));
    assertThat(run("run", "list", "-o", "yaml").out()).contains("state: FAILED");
  }

  @Test
  void quietSaysIdsOnly() {
    server.answer("GET /api/v1/runs", 200, RUNS.formatted("night"));
    assertThat(run("run", "list", "-q").out()).isEqualTo("0HZXW3V5K2Q8T\n");
    assertThat(run("-q", "run", "list").out()).isEqualTo("0HZXW3V5K2Q8T\n");
  }

  @Test
  void allPagesBecomeOneDocument() throws Exception {
    server
        .answer("GET /api/v1/runs", 200, "{\"items\":[{\"id\":\"a\"}],\"next\":\"1\"}")
        .answer("GET /api/v1/runs", 200, "{\"items\":[{\"id\":\"b\"}],\"next\":null}");
    JsonNode shown = JSON.readTree(run("run", "list", "--all", "-o", "json").out());
    assertThat(shown.path("items")).hasSize(2);
    assertThat(shown.path("next").isNull()).isTrue();
  }

  @Test
  void exitCodesSayWhatWentWrong() throws Exception {
    String problem = "{\"title\":\"No\",\"status\":%d,\"detail\":\"d\",\"remedy\":\"r\"}";
    Map<Integer, Integer> codes =
        Map.of(
            400, ExitCode.REFUSED,
            401, ExitCode.DENIED,
            403, ExitCode.DENIED,
            404, ExitCode.NOT_FOUND,
            409, ExitCode.REFUSED,
            429, ExitCode.REFUSED,
            503, ExitCode.AWAY);
    for (Map.Entry<Integer, Integer> one : codes.entrySet()) {
      String route = "/api/v1/jobs/j" + one.getKey();
      server.answer("GET " + route, one.getKey(), problem.formatted(one.getKey()));
      Cli result = run("job", "show", "j" + one.getKey(), "--output", "json");
      assertThat(result.code()).as("status " + one.getKey()).isEqualTo(one.getValue());
      assertThat(result.out()).isEmpty();
      assertThat(JSON.readTree(result.err()).path("detail").asText()).isEqualTo("d");
    }
    assertThat(run("job", "show").code()).isEqualTo(ExitCode.USAGE);
    Cli away = run("job", "list", "-s", "127.0.0.1:1", "-o", "json");
    assertThat(away.code()).isEqualTo(ExitCode.AWAY);
    assertThat(JSON.readTree(away.err()).path("type").asText()).endsWith(":away");
  }

  @Test
  void anotherServerIsAskedWhenOneIsAway() {
    server.answer("GET /api/v1/runs", 200, RUNS.formatted("night"));
    server.answer("POST /api/v1/jobs/night/pause", 200, "{\"id\":\"night\"}");
    String both = "127.0.0.1:1," + server.url();
    assertThat(run("run", "list", "-s", both).out()).contains("night");
    assertThat(run("job", "pause", "night", "-s", both).code()).isEqualTo(ExitCode.OK);
  }
}
