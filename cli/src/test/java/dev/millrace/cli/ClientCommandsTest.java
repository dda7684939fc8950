package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ClientCommandsTest {
  private static final String RUN =
      """
      {"id":"0HZXW3V5K2Q8T","job":"hello","version":1,"state":"%s","trigger":"manual",
       "createdAt":"2026-01-02T03:04:05Z","startedAt":"2026-01-02T03:04:05Z",
       "finishedAt":null,"params":{},
       "stages":[{"id":"greet","state":"%s","attempt":1,"pool":"default","error":null}]}
      """;

  @TempDir Path folder;
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
    return Cli.run(Map.of("MILLRACE_SERVER", server.url(), "MILLRACE_TOKEN", "secret"), args);
  }

  @Test
  void jobsAreListedInColumnsOverAllPages() {
    server
        .answer(
            "GET /api/v1/jobs",
            200,
            """
            {"items":[{"id":"first","state":"SCHEDULED","version":1,"nextTick":null}],"next":"first"}
            """)
        .answer(
            "GET /api/v1/jobs",
            200,
            "{\"items\":[{\"id\":\"second\",\"state\":\"PAUSED\",\"version\":2}],\"next\":null}");
    Cli result = run("job", "list");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(result.out().lines().map(line -> line.split(" +", 2)[0]))
        .containsExactly("JOB", "first", "second");
    assertThat(server.requests().getLast().line()).contains("after=first");
    assertThat(server.requests().getLast().token()).isEqualTo("Bearer secret");
  }

  @Test
  void waitingTellsTheProgressAndEndsWithTheOutcome() {
    server
        .answer("POST /api/v1/jobs/hello/runs", 201, RUN.formatted("PENDING", "READY"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T", 200, RUN.formatted("RUNNING", "RUNNING"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T", 200, RUN.formatted("FAILED", "FAILED"));
    Cli result = run("job", "trigger", "hello", "--wait");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).contains("greet RUNNING").contains("greet FAILED");
    assertThat(result.out()).contains("state      FAILED");
  }

  @Test
  void aCompletedRunEndsWithZero() {
    server
        .answer("POST /api/v1/jobs/hello/runs", 201, RUN.formatted("PENDING", "READY"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T", 200, RUN.formatted("COMPLETED", "COMPLETED"));
    assertThat(run("job", "trigger", "hello", "--wait").code()).isEqualTo(ExitCode.OK);
  }

  @Test
  void parametersTakeTheTypeThatTheJobGivesThem() {
    server
        .answer(
            "GET /api/v1/jobs/hello",
            200,
            "{\"id\":\"hello\",\"params\":{\"n\":{\"type\":\"integer\"},\"s\":{\"type\":\"string\"}}}")
        .answer("POST /api/v1/jobs/hello/runs", 201, RUN.formatted("PENDING", "READY"));
    Cli result = run("job", "trigger", "hello", "-p", "n=5", "-p", "s=5");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(server.requests().getLast().body()).isEqualTo("{\"params\":{\"n\":5,\"s\":\"5\"}}");
  }

  @Test
  void aKeyAndATimeGoWithTheStart() {
    server.answer(
        "POST /api/v1/jobs/hello/runs",
        202,
        "{\"accepted\":true,\"run\":\"0HZXW3V5K2Q8T\",\"at\":\"2027-01-01T00:00:00Z\"}");
    Cli result = run("job", "trigger", "hello", "--key", "k", "--at", "2027-01-01T00:00:00Z");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(result.out())
        .isEqualTo("accepted; run 0HZXW3V5K2Q8T is made at 2027-01-01T00:00:00Z\n");
    assertThat(server.requests().getLast().body()).isEqualTo("{\"at\":\"2027-01-01T00:00:00Z\"}");
  }

  @Test
  void whatIsPlannedIsListedAndTakenBack() {
    server
        .answer(
            "GET /api/v1/starts",
            200,
            """
            {"items":[{"run":"0HZXW3V5K2Q8T","job":"hello","at":"2027-01-01T00:00:00Z","actor":"sql:app",
             "reason":null}],"next":null}
            """)
        .answer("DELETE /api/v1/starts/0HZXW3V5K2Q8T", 200, "{\"takenBack\":true}");
    assertThat(run("start", "list").out()).contains("0HZXW3V5K2Q8T").contains("sql:app");
    assertThat(run("start", "cancel", "0HZXW3V5K2Q8T", "--reason", "no").code())
        .isEqualTo(ExitCode.OK);
    assertThat(server.requests().getLast().line()).contains("reason=no");
  }

  @Test
  void aQuotaIsChangedInPart() {
    String quota =
        """
        {"namespace":"shop","jobs":5,"queued":null,"running":null,"runsPerDay":7,"payloadBytes":null,
         "minInterval":"PT1M","whenOver":"reject","used":{"jobs":2,"runsPerDay":3}}
        """;
    server
        .answer("GET /api/v1/namespaces/shop/quota", 200, quota)
        .answer("GET /api/v1/namespaces/shop/quota", 200, quota)
        .answer("PUT /api/v1/namespaces/shop/quota", 200, quota)
        .answer("GET /api/v1/namespaces/shop/quota", 200, quota);
    assertThat(run("quota", "show", "shop").out()).containsPattern("runsPerDay +7 +3");
    Cli result = run("quota", "set", "shop", "--jobs", "none", "--running", "4");
    assertThat(result.code()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(server.requests().getLast().body())
        .contains("\"jobs\":null", "\"running\":4", "\"runsPerDay\":7", "\"minInterval\":\"PT1M\"");
    assertThat(run("quota", "set", "shop", "--jobs", "many").err()).contains("is not a number");
  }

  @Test
  void whatTheServerRefusesIsShownWithItsRemedy() {
    server.answer(
        "GET /api/v1/jobs/none",
        404,
        "{\"status\":404,\"detail\":\"no job 'none'\",\"remedy\":\"Is the namespace right?\"}");
    Cli result = run("job", "show", "none");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).isEqualTo("error: no job 'none'\n  Is the namespace right?\n");
  }

  @Test
  void aServerThatIsNoMillraceIsSaidToBeNone() {
    Cli result = run("job", "list");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).contains("answered 404, and not as Millrace does");
  }

  @Test
  void nobodyThereIsOneLineAndARemedy() throws Exception {
    int free;
    try (ServerSocket probe = new ServerSocket(0)) {
      free = probe.getLocalPort();
    }
    Cli result = run("run", "list", "--server", "127.0.0.1:" + free);
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).contains("no Millrace answers at").contains("millrace up");
    assertThat(result.err()).doesNotContain("\tat ");
  }

  @Test
  void nothingIsAppliedWhenOneFileIsWrong() throws Exception {
    Path good = Files.writeString(folder.resolve("good.yaml"), Examples.text("hello"));
    Path bad = Files.writeString(folder.resolve("bad.yaml"), "id: [\n");
    Cli result = run("job", "apply", good.toString(), bad.toString());
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).contains("bad.yaml:").contains("nothing was applied");
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void applyTellsWhatBecameOfEachFile() throws Exception {
    Path good = Files.writeString(folder.resolve("good.yaml"), Examples.text("hello"));
    server
        .answer("POST /api/v1/jobs", 201, "{\"id\":\"hello\",\"version\":1}")
        .answer("POST /api/v1/jobs", 200, "{\"id\":\"hello\",\"version\":2,\"changed\":true}")
        .answer("POST /api/v1/jobs", 200, "{\"id\":\"hello\",\"version\":2,\"changed\":false}");
    assertThat(run("job", "apply", good.toString()).out()).contains("job hello created");
    assertThat(run("job", "apply", good.toString()).out()).contains("is now at version 2");
    assertThat(run("job", "apply", good.toString()).out()).contains("unchanged at version 2");
  }

  @Test
  void followingALogEndsWithTheRun() {
    server
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T", 200, RUN.formatted("RUNNING", "RUNNING"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T", 200, RUN.formatted("COMPLETED", "COMPLETED"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T/logs", 200, logLine("one", "0.1.1"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T/logs", 200, logLine("two", "0.1.2"))
        .answer("GET /api/v1/runs/0HZXW3V5K2Q8T/logs", 200, "{\"items\":[],\"next\":null}");
    Cli result = run("run", "logs", "0HZXW3V5K2Q8T", "--follow");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(result.out().lines().map(line -> line.substring(line.lastIndexOf(' ') + 1)))
        .containsExactly("one", "two");
  }

  private static String logLine(String text, String cursor) {
    return """
        {"items":[{"at":"2026-01-02T03:04:05Z","stage":"greet","text":"%s"}],"next":null,"cursor":"%s"}
        """
        .formatted(text, cursor);
  }

  @Test
  void wrongWordsAreAUsageError() {
    Cli result = run("job", "lst");
    assertThat(result.code()).isEqualTo(ExitCode.USAGE);
    assertThat(result.err()).contains("try: millrace job --help");
    assertThat(run("nonsense").code()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void missingSettingsAreAllNamedAtOnce() {
    Cli result = Cli.run("scheduler");
    assertThat(result.code()).isEqualTo(ExitCode.USAGE);
    assertThat(result.err()).contains("MILLRACE_POSTGRES_URL").contains("MILLRACE_RABBITMQ_URL");
  }

  @Test
  void aWorkerTakesPoolsInPairs() {
    Cli result = Cli.run("worker", "--pool", "a", "--slots", "2", "--pool", "a", "--slots", "3");
    assertThat(result.code()).isEqualTo(ExitCode.USAGE);
    assertThat(result.err()).contains("pool 'a' is there twice").contains("MILLRACE_RABBITMQ_URL");
  }

  @Test
  void withoutTheBenchmarkBenchSaysWhatToDo() {
    Cli result = Cli.run("bench", "throughput", "--output", "json");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).contains("./millrace bench");
  }

  @Test
  void completionKnowsTheCommands() {
    assertThat(Cli.run("completion").out()).contains("trigger").contains("validate");
  }
}
