package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a person types about dead letters, and what the server is then asked. */
final class DeadCommandTest {
  private static final String ID = "0HZXW3V5K2R01";
  private static final String LETTER =
      """
      {"id":"0HZXW3V5K2R01","run":"0HZXW3V5K2Q8T","stage":"load","attempt":3,"index":4,"namespace":"shop",
       "job":"orders","version":2,"handler":"command","pool":"default","reason":"exit:3",
       "error":"first line\\nsecond line","fingerprint":"9f2c41d07ab35e18","attempts":3,"worker":"w-1",
       "firstFailed":"2026-01-02T03:04:05Z","lastFailed":"2026-01-02T03:09:05Z","state":"OPEN",
       "actor":null,"note":null,"endedAt":null,"newRun":null,"message":{"with":{"a":1}}}
      """;

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
  void lettersAreListedInColumns() {
    server.answer("GET /api/v1/dead-letters", 200, "{\"items\":[" + LETTER + "],\"next\":null}");
    Cli result = run("dead", "list", "--job", "orders", "--error", "a b", "--state", "ALL");
    assertThat(result.code()).as(result.err()).isEqualTo(ExitCode.OK);
    assertThat(asked()).contains("state=ALL").contains("job=orders").contains("error=a%20b");
    assertThat(result.out().lines().skip(1).findFirst().orElseThrow())
        .contains(ID, "load[4]", "OPEN", "exit:3", "first line")
        .doesNotContain("second line");
  }

  @Test
  void groupsAreListedWithTheirNumber() {
    server.answer(
        "GET /api/v1/dead-letters/groups",
        200,
        "{\"items\":[{\"fingerprint\":\"9f2c\",\"count\":12,\"job\":\"orders\",\"stage\":\"load\","
            + "\"reason\":\"exit:3\",\"newest\":"
            + LETTER
            + "}],\"next\":null}");
    Cli result = run("dead", "groups", "--since", "2026-01-01T00:00:00Z");
    assertThat(asked()).contains("groups?since=2026-01-01T00%3A00%3A00Z&limit=");
    assertThat(result.out()).contains("9f2c").contains("12").contains("first line");
  }

  @Test
  void oneIsShownWithItsWholeErrorAndMessage() {
    server.answer("GET /api/v1/dead-letters/" + ID, 200, LETTER);
    assertThat(run("dead", "show", ID).out())
        .contains("second line")
        .contains("\"a\" : 1")
        .contains("attempts      3");
    assertThat(run("dead", "show", ID, "-o", "json").out()).contains("\"fingerprint\" : ");
  }

  @Test
  void someAreRedrivenAndEachIsAnswered() {
    server.answer(
        "POST /api/v1/dead-letters/redrive",
        200,
        "{\"done\":1,\"refused\":1,\"results\":[{\"id\":\""
            + ID
            + "\",\"status\":200,\"detail\":\"its stage starts again\"},"
            + "{\"id\":\"0HZXW3V5K2R02\",\"status\":409,\"detail\":\"it is REDRIVEN\"}]}");
    Cli result = run("dead", "redrive", ID, "0HZXW3V5K2R02", "--reason", "up again");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.out()).contains("it is REDRIVEN").contains("1 done, 1 refused");
    assertThat(server.requests().getLast().body())
        .isEqualTo("{\"reason\":\"up again\",\"ids\":[\"" + ID + "\",\"0HZXW3V5K2R02\"]}");
  }

  @Test
  void allThatMatchAreRedrivenAtARate() {
    server.answer(
        "POST /api/v1/dead-letters/redrive", 201, "{\"id\":\"0HZXW3V5K2R09\",\"total\":70}");
    Cli result = run("dead", "redrive", "--all", "--fingerprint", "9f2c", "--rate", "5");
    assertThat(result.code()).isEqualTo(ExitCode.OK);
    assertThat(result.out()).contains("redrive 0HZXW3V5K2R09 of 70");
    assertThat(server.requests().getLast().body())
        .isEqualTo("{\"filter\":{\"fingerprint\":\"9f2c\"},\"rate\":5}");
  }

  @Test
  void otherParamsTakeTheTypesOfTheJob() {
    server
        .answer("GET /api/v1/dead-letters/" + ID, 200, LETTER)
        .answer("GET /api/v1/jobs/orders", 200, "{\"params\":{\"n\":{\"type\":\"integer\"}}}")
        .answer(
            "POST /api/v1/dead-letters/" + ID + "/redrive",
            201,
            "{\"id\":\"" + ID + "\",\"run\":\"0HZXW3V5K2Q99\"}");
    Cli result = run("dead", "redrive", ID, "-p", "n=5");
    assertThat(result.out()).contains("run 0HZXW3V5K2Q99 started");
    assertThat(server.requests().getLast().body()).isEqualTo("{\"params\":{\"n\":5}}");
    assertThat(server.requests().get(1).line()).contains("namespace=shop");
  }

  @Test
  void manyAreNeverMeantByAccident() {
    for (String[] words :
        new String[][] {
          {"dead", "redrive"},
          {"dead", "redrive", "--job", "orders"},
          {"dead", "redrive", ID, "--all"},
          {"dead", "redrive", ID, "--job", "orders"},
          {"dead", "discard", "--reason", "known"},
          {"dead", "redrive", "-p", "n=5"},
        }) {
      assertThat(run(words).code()).as(String.join(" ", words)).isEqualTo(ExitCode.USAGE);
    }
    assertThat(run("dead", "discard", ID).code()).isEqualTo(ExitCode.USAGE);
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aRedriveShowsHowFarItIsAndEnds() {
    server
        .answer(
            "GET /api/v1/dead-letters/redrives",
            200,
            "{\"items\":[{\"id\":\"0HZXW3V5K2R09\",\"state\":\"RUNNING\",\"redriven\":7,"
                + "\"refused\":1,\"total\":70,\"rate\":5,\"filter\":{\"job\":\"orders\"}}],\"next\":null}")
        .answer("POST /api/v1/dead-letters/redrives/0HZXW3V5K2R09/cancel", 200, "{}");
    assertThat(run("dead", "redrives").out()).contains("RUNNING").contains("5/s").contains("70");
    assertThat(run("dead", "cancel", "0HZXW3V5K2R09").out())
        .contains("redrive 0HZXW3V5K2R09 cancelled");
  }
}
