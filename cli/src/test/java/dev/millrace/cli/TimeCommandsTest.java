package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a person types to see ticks, and what the server is then asked. */
final class TimeCommandsTest {
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

  private String asked() {
    return server.requests().getLast().line();
  }

  @Test
  void theForecastIsATableWithNotes() {
    server.answer(
        "GET /api/v1/schedule",
        200,
        """
        {"from":"2026-03-08T00:00:00Z","to":"2026-03-09T00:00:00Z","next":null,"items":[
         {"job":"night","namespace":"default","trigger":"1","kind":"cron","at":"2026-03-08T07:00:00Z",
          "plannedAt":"2026-03-08T07:00:00Z","plannedUntil":"2026-03-08T07:00:00Z","ticks":1,
          "disposition":"FIRED","local":"2026-03-08T02:30","offset":"-05:00","mark":"GAP_SHIFTED","why":null},
         {"job":"quiet","namespace":"default","trigger":"2","kind":"cron","at":"2026-03-08T08:00:00Z",
          "plannedAt":"2026-03-08T08:00:00Z","plannedUntil":"2026-03-08T08:00:00Z","ticks":1,
          "disposition":"SKIPPED_PAUSED","local":"2026-03-08T08:00","offset":"Z","mark":"NONE",
          "why":"its job, its namespace or everything is paused"}]}
        """);
    Cli result = run("forecast", "--job", "night", "--to", "2026-03-09T00:00:00Z");
    assertThat(result.code()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(asked()).contains("?job=night&to=2026-03-09T00%3A00%3A00Z&limit=200");
    assertThat(result.out())
        .contains("2026-03-08 02:30 -05:00", "FIRED", "its local time does not exist")
        .contains("SKIPPED_PAUSED", "everything is paused");
    assertThat(run("forecast", "-o", "json").out()).contains("\"mark\" : \"GAP_SHIFTED\"");
  }

  @Test
  void theLoadShowsCollisions() {
    server.answer(
        "GET /api/v1/schedule/load",
        200,
        """
        {"from":"2026-03-08T00:00:00Z","to":"2026-03-08T01:00:00Z","per":"second","ticks":3,
         "items":[{"at":"2026-03-08T00:00:00Z","ticks":3,"jobs":2}],
         "collisions":[{"at":"2026-03-08T00:00:00Z","ticks":3,"jobs":2,"names":["default/a","shop/b"]}]}
        """);
    Cli result = run("forecast", "--load", "--per", "second");
    assertThat(asked()).contains("load?per=second");
    assertThat(result.out()).contains("3 runs from", "SECOND", "default/a, shop/b");
    assertThat(run("forecast", "--per", "second").err()).contains("--per is about the load");
  }

  @Test
  void theLedgerIsListed() {
    server.answer(
        "GET /api/v1/ticks",
        200,
        """
        {"next":null,"items":[{"trigger":"1","kind":"cron","plannedAt":"2026-03-08T07:00:00Z",
         "plannedUntil":"2026-03-08T09:00:00Z","ticks":3,"disposition":"MISSED","run":null,
         "recordedAt":"2026-03-08T09:10:00Z"}]}
        """);
    Cli result = run("ticks", "night");
    assertThat(asked()).contains("?job=night&limit=50");
    assertThat(result.out().lines().skip(1).findFirst().orElseThrow())
        .contains("MISSED", "3")
        .endsWith("-");
  }

  @Test
  void anAuditGoesOverAllPagesAndNamesGaps() {
    server
        .answer(
            "GET /api/v1/ticks/audit",
            200,
            "{\"planned\":10,\"accounted\":10,\"unaccounted\":0,\"items\":[],\"next\":\"1~2~3\"}")
        .answer(
            "GET /api/v1/ticks/audit",
            200,
            """
            {"planned":5,"accounted":3,"unaccounted":2,"next":null,"items":[
             {"job":"night","trigger":"7","gaps":[{"kind":"MISSING","from":"2026-03-08T07:00:00Z",
              "until":"2026-03-08T08:00:00Z","ticks":2}],"problem":null}]}
            """);
    Cli result = run("audit", "ticks", "--job", "night");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(asked()).contains("job=night&limit=500&after=1%7E2%7E3");
    assertThat(result.out()).contains("MISSING", "15 planned, 13 in the ledger, 2 unaccounted");
  }

  @Test
  void aBackfillIsPreviewedBegunAndMoved() {
    server
        .answer(
            "POST /api/v1/jobs/night/backfill",
            200,
            """
            {"job":"night","trigger":"7","kind":"cron","ticks":24,"ran":2,"runs":22,"maxParallel":3,
             "rate":"30/m","first":["2026-03-08T00:00:00Z"],"last":["2026-03-08T23:00:00Z"]}
            """)
        .answer("POST /api/v1/jobs/night/backfill", 201, "{\"id\":\"0HZXW3V5K2R09\",\"total\":24}")
        .answer("POST /api/v1/backfills/0HZXW3V5K2R09/pause", 200, "{}");
    String[] range = {
      "backfill",
      "night",
      "--from",
      "2026-03-08T00:00:00Z",
      "--to",
      "2026-03-09T00:00:00Z",
      "--max-parallel",
      "3",
      "--rate",
      "30/m",
      "--dry-run"
    };
    assertThat(run(range).out())
        .contains("24 ticks of trigger 7 (cron), 2 have a run; 22 runs would be made, 3 at a time")
        .contains("at most 30/m", "  2026-03-08T23:00:00Z");
    assertThat(asked()).endsWith("backfill?dryRun=true");
    assertThat(server.requests().getLast().body())
        .isEqualTo(
            "{\"from\":\"2026-03-08T00:00:00Z\",\"to\":\"2026-03-09T00:00:00Z\","
                + "\"maxParallel\":3,\"rate\":\"30/m\"}");
    range[10] = "--rerun";
    assertThat(run(range).out()).contains("backfill 0HZXW3V5K2R09 of 24 ticks");
    assertThat(server.requests().getLast().body()).contains("\"rerun\":true");
    assertThat(run("backfill", "pause", "0HZXW3V5K2R09").out())
        .contains("backfill 0HZXW3V5K2R09 paused");
    assertThat(run("backfill", "night").err()).contains("needs a job and --from and --to");
  }

  @Test
  void backfillsShowHowFarTheyAre() {
    String one =
        """
        {"id":"0HZXW3V5K2R09","job":"night","trigger":"7","state":"RUNNING","from":"2026-03-08T00:00:00Z",
         "to":"2026-03-09T00:00:00Z","total":24,"made":5,"skipped":2,"nextTick":"2026-03-08T07:00:00Z",
         "maxParallel":3,"rate":null,"priority":0,"runs":{"COMPLETED":3,"RUNNING":2},"actor":"api:1",
         "reason":"late data","createdAt":"2026-03-10T00:00:00Z","movedBy":null}
        """;
    server
        .answer("GET /api/v1/backfills", 200, "{\"items\":[" + one + "],\"next\":null}")
        .answer("GET /api/v1/backfills/0HZXW3V5K2R09", 200, one);
    assertThat(run("backfills", "--job", "night").out()).contains("RUNNING", "24");
    assertThat(asked()).contains("backfills?job=night");
    assertThat(run("backfills", "0HZXW3V5K2R09").out())
        .contains("24, 5 runs made, 2 skipped", "  3 COMPLETED", ": late data");
  }

  @Test
  void aCronExpressionIsTriedWithoutAServer() {
    String[] words = {
      "cron",
      "30 2 * * *",
      "--timezone",
      "America/New_York",
      "--next",
      "2",
      "--from",
      "2026-03-08T00:00:00-05:00"
    };
    Cli result = Cli.run(words);
    assertThat(result.code()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(result.out().lines().skip(1))
        .satisfiesExactly(
            first ->
                assertThat(first)
                    .contains("2026-03-08 02:30", "2026-03-08T07:00:00Z", "does not exist"),
            second -> assertThat(second).contains("2026-03-09 02:30 -04:00 "));
    assertThat(Cli.run("cron", "H H * * *", "--job", "a", "--next", "1").out()).startsWith("as ");
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aCronExpressionThatIsWrongIsExplained() {
    assertThat(Cli.run("cron", "0 25 * * *").err()).contains("cron: ", "25");
    assertThat(Cli.run("cron", "0 2 * * *", "--timezone", "Mars/Olympus").err())
        .contains("timezone: ", "Mars/Olympus");
    assertThat(Cli.run("cron", "0 2 * * *", "--next", "0").err()).contains("1 to 1000");
    assertThat(Cli.run("cron", "0 2 * * *", "--from", "soon").err()).contains("'soon'");
  }
}
