package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.net.ServerSocket;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
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
  void deeperJobsStandFurtherRight() {
    server.answer(
        "GET /api/v1/jobs/load/graph",
        200,
        """
        {"namespace":"default","truncated":false,
         "nodes":[
          {"id":"default/extract","level":0,"state":"SCHEDULED","lastRun":{"state":"COMPLETED"},"nextTick":null},
          {"id":"shop/prices","level":0,"state":"UNKNOWN","lastRun":null,"nextTick":null},
          {"id":"default/load","level":1,"state":"PAUSED","lastRun":null,"nextTick":null}],
         "edges":[
          {"from":"default/extract","to":"default/load","kind":"after"},
          {"from":"default/extract","to":"default/load","kind":"requires"},
          {"from":"shop/prices","to":"default/load","kind":"requires"}]}
        """);
    Cli result = run("graph", "load", "--depth", "2");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(result.out().lines().map(line -> line.replaceAll(" +$", "")))
        .satisfiesExactly(
            line -> assertThat(line).startsWith("JOB"),
            line -> assertThat(line).startsWith("extract ").contains("COMPLETED"),
            line -> assertThat(line).startsWith("shop/prices ").contains("UNKNOWN"),
            line ->
                assertThat(line)
                    .startsWith("  load ")
                    .endsWith("after extract; requires extract, shop/prices"));
    assertThat(server.requests().getLast().line()).contains("depth=2");
    assertThat(run("graph", "--depth", "2").err()).contains("Name a job");
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
  void aDryRunShowsWhatWouldHappen() {
    server.answer(
        "POST /api/v1/jobs/hello/runs",
        200,
        """
        {"job":"hello","version":3,"key":null,
         "admission":{"outcome":"WAITS","because":["lock 'door': run 0HZXW3V5K2Q8T"]},
         "window":{"openSince":null,"nextStart":"2026-01-02T03:04:05Z","blackout":false,"note":"n"},
         "params":[{"name":"who","value":"world","from":"default"},{"name":"n","value":null,"from":"nothing"}],
         "stages":[
           {"id":"a","handler":"noop","pool":"fast","executes":"NO","locks":[],"problem":null,
            "if":{"expression":"params.full","value":false,"waitsFor":[],"problem":null},"forEach":null},
           {"id":"b","handler":"noop","pool":null,"executes":"DEPENDS","locks":["gpu"],"problem":"with: x",
            "if":{"expression":"stages.a.output","value":null,"waitsFor":["a"],"problem":null},
            "forEach":{"expression":"params.urls","items":3,"waitsFor":[]}}],
         "pools":[{"pool":"fast","workers":0,"slots":0,"paused":true,"handlersWithoutWorker":["noop"]}],
         "locks":[{"name":"gpu","capacity":3,"taken":1,"waiting":2}]}
        """);
    Cli result = run("job", "trigger", "hello", "--dry-run");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(server.requests().getLast().line()).contains("/runs?dryRun=true");
    assertThat(result.out())
        .contains(
            "it would be made, and wait\n           lock 'door': run 0HZXW3V5K2Q8T\n",
            "who    world  default\n",
            "no        if params.full is false\n",
            "depends   if stages.a.output is known after a; for-each params.urls: 3 items; with: x;"
                + " locks gpu\n",
            "pool fast: 0 workers, 0 slots, paused; nobody executes noop\n",
            "lock gpu: 1 of 3 taken, 2 in line\n",
            "nothing was started\n");
    Cli both = run("job", "trigger", "hello", "--dry-run", "--wait");
    assertThat(both.code()).isEqualTo(ExitCode.USAGE);
    assertThat(both.err()).contains("--dry-run starts nothing to --wait for");
  }

  @Test
  void aRunShowsItsWindowAndHowLongItsStagesShouldTake() {
    server.answer(
        "GET /api/v1/runs/0HZXW3V5K2Q8T",
        200,
        """
        {"id":"0HZXW3V5K2Q8T","job":"hello","version":1,"state":"PAUSED","trigger":"plan","params":{},
         "endsAt":"2026-01-02T03:04:05Z","marks":["untilManuallyEnded"],"pausedBy":["run","blackout"],
         "stages":[
           {"id":"a","state":"COMPLETED","attempt":1,"pool":"default","error":null,"marks":["tooShort"]},
           {"id":"b","state":"FAILED","attempt":1,"pool":"default","error":"no","marks":["tooLong"]}]}
        """);
    assertThat(run("run", "show", "0HZXW3V5K2Q8T").out())
        .contains(
            ", but only a person ends it\n",
            "paused by  run, blackout\n",
            "faster than min-duration\n",
            "longer than max-duration; no\n");
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
        "{\"title\":\"Not found\",\"status\":404,\"detail\":\"no job 'none'\",\"remedy\":\"Is the"
            + " namespace right?\"}");
    Cli result = run("job", "show", "none");
    assertThat(result.code()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(result.err())
        .isEqualTo("error: Not found: no job 'none'\n  Is the namespace right?\n");
  }

  @Test
  void aServerThatIsNoMillraceIsSaidToBeNone() {
    Cli result = run("job", "list");
    assertThat(result.code()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(result.err()).contains("answered 404, and not as Millrace does");
  }

  @Test
  void nobodyThereIsOneLineAndARemedy() throws Exception {
    int free;
    try (ServerSocket probe = new ServerSocket(0)) {
      free = probe.getLocalPort();
    }
    Cli result = run("run", "list", "--server", "127.0.0.1:" + free);
    assertThat(result.code()).isEqualTo(ExitCode.AWAY);
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
  void aJobIsStoppedAndArchivedWithAReason() {
    server
        .answer("POST /api/v1/jobs/hello/stop", 200, "{\"state\":\"STOPPED\"}")
        .answer("POST /api/v1/jobs/hello/archive", 200, "{\"state\":\"ARCHIVED\"}")
        .answer("POST /api/v1/jobs/hello/resume", 200, "{\"state\":\"SCHEDULED\"}");
    assertThat(run("job", "stop", "hello", "--reason", "moved").out()).contains("hello stopped");
    assertThat(server.requests().getLast().body()).isEqualTo("{\"reason\":\"moved\"}");
    assertThat(run("job", "archive", "hello", "--force").out()).contains("hello archived");
    assertThat(server.requests().getLast().body()).isEqualTo("{\"force\":true}");
    assertThat(run("job", "resume", "hello").out()).contains("hello resumed");
  }

  @Test
  void aNewJobMayBeginPausedAndItsNoteIsShown() throws Exception {
    Path good = Files.writeString(folder.resolve("good.yaml"), Examples.text("hello"));
    server.answer(
        "POST /api/v1/jobs",
        200,
        "{\"id\":\"hello\",\"version\":2,\"changed\":true,\"note\":\"the job is STOPPED\"}");
    assertThat(run("job", "apply", "--paused", good.toString()).out())
        .contains("is now at version 2; the job is STOPPED");
    assertThat(server.requests().getLast().line()).endsWith("?paused=true");
  }

  @Test
  void aTicketGoesWithAnAcknowledgementOnly() {
    String path = "/api/v1/runs/0HZXW3V5K2Q8T/stages/greet/";
    server.answer("POST " + path + "acknowledge", 200, RUN.formatted("RUNNING", "ACKNOWLEDGED"));
    Cli result = run("stage", "acknowledge", "0HZXW3V5K2Q8T", "greet", "--ticket", "OPS-12");
    assertThat(result.out()).contains("stage greet is ACKNOWLEDGED");
    assertThat(server.requests().getLast().body()).isEqualTo("{\"ticket\":\"OPS-12\"}");
    Cli refused = run("stage", "hold", "0HZXW3V5K2Q8T", "greet", "--ticket", "OPS-12");
    assertThat(refused.code()).isNotZero();
    assertThat(refused.err()).contains("--ticket goes with acknowledge only, not with hold");
  }

  @Test
  void oneStageIsAskedForAndChildrenAreListed() {
    server
        .answer(
            "GET /api/v1/runs/0HZXW3V5K2Q8T/why",
            200,
            """
            {"items":[{"stage":"greet","reason":"NO_WORKER","detail":"no live worker in pool a",
              "until":null,"holder":"pool a","holders":["pool a"],"holderCount":1}],"next":null}
            """)
        .answer("GET /api/v1/runs", 200, "{\"items\":[],\"next\":null}");
    Cli why = run("run", "why", "0HZXW3V5K2Q8T", "--stage", "greet");
    assertThat(why.out()).contains("NO_WORKER").contains("pool a");
    assertThat(server.requests().getLast().line()).endsWith("/why?stage=greet");
    run("run", "list", "--children");
    assertThat(server.requests().getLast().line()).contains("children=true");
  }

  @Test
  void aRunTellsWhatItBelongsToAndThatItIsLate() {
    server.answer(
        "GET /api/v1/runs/0HZXW3V5K2Q8T",
        200,
        """
        {"id":"0HZXW3V5K2Q8T","job":"hello","version":1,"state":"RUNNING","trigger":"item","late":true,
         "endsAt":"2026-01-02T03:04:05Z","params":{},"stages":[],
         "parent":{"run":"0HZXW3V5K2Q8S","stage":"each","stageIndex":0,"item":4,"value":1}}
        """);
    assertThat(run("run", "show", "0HZXW3V5K2Q8T").out())
        .contains("state      RUNNING  late")
        .contains("parent     0HZXW3V5K2Q8S stage each item 4")
        .contains("window end ");
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
  void everyCommandExplainsItself() {
    explained("");
  }

  /** This one and what is below it. */
  private static void explained(String command) {
    Cli help = Cli.run((command + " --help").strip().split(" "));
    assertThat(help.code()).as(command).isZero();
    assertThat(help.out()).startsWith(("Usage: millrace " + command).strip());
    List<String> lines = help.out().lines().toList();
    int list = lines.indexOf("Commands:");
    if (list >= 0) {
      lines.stream()
          .skip(list + 1L)
          .filter(line -> line.matches("  \\S.*"))
          .map(line -> line.strip().split("[ ,]")[0])
          .forEach(below -> explained((command + " " + below).strip()));
    }
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
