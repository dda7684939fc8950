package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Values that no instant and no column can hold: refused by name, in the first pass. */
class RefusedValuesTest {
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private Outcome ask(String kind, String body) throws Exception {
    long id = at.ask(new Command(kind, "default", null, body, "tester", null));
    at.pass();
    return at.outcome(id);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "1970-01-01T00:00:00Z",
        "2001-01-01T00:00:00Z",
        "+999999999-12-31T23:59:59Z",
        "-999999999-01-01T00:00:00Z",
        "2999-01-01T00:00:00Z",
        "soon"
      })
  void anEndThatIsOverOrTooFarAwayIsRefused(String until) throws Exception {
    at.apply(
        """
        id: open
        window: {start: "0 9 * * *", length: 1h, end: close}
        stages: [{id: main, run: noop}]
        """);
    at.ask(Command.runs("default", "open", 1, "tester"));
    at.passes();
    RunId run = new RunId(Long.parseLong(at.text("select id::text from run")));
    Outcome refused =
        ask(Command.Kind.RUN_EXTEND, "{\"run\":\"" + run + "\",\"until\":\"" + until + "\"}");
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.body()).contains("until: ", "write an instant after ", " and up to ");
    assertThat(ask(Command.Kind.RUN_EXTEND, "{\"run\":\"" + run + "\",\"until\":null}").status())
        .isEqualTo(200);
  }

  @Test
  void namesAndKeysThatNoColumnHoldsAreRefusedByField() throws Exception {
    String nul = "a\\u0000b";
    String pause = "{\"scope\":\"pool\",\"name\":\"%s\"}";
    refused(Command.Kind.PAUSE, pause.formatted(nul), "name holds a NUL character");
    refused(Command.Kind.RESUME, pause.formatted(nul), "name holds a NUL character");
    refused(Command.Kind.PAUSE, pause.formatted("n".repeat(10_000)), "name has 10000 characters");
    refused(Command.Kind.EVENT_SEND, "{\"name\":\"" + nul + "\"}", "name holds a NUL");
    refused(Command.Kind.EVENT_SEND, "{\"name\":\"e\",\"key\":\"" + nul + "\"}", "key holds a NUL");
    refused(
        Command.Kind.EVENT_SEND,
        "{\"name\":\"e\",\"environment\":\"" + nul + "\"}",
        "environment holds a NUL");
    refused(
        Command.Kind.EVENT_SEND,
        "{\"name\":\"e\",\"key\":\"" + "k".repeat(501) + "\"}",
        "key has 501 characters, at most 500");
    refused(Command.Kind.LOCK_PUT, "{\"name\":\"" + nul + "\",\"capacity\":1}", "name holds a NUL");
  }

  private void refused(String kind, String body, String why) throws Exception {
    Outcome outcome = ask(kind, body);
    assertThat(outcome.status()).as(body).isEqualTo(422);
    assertThat(outcome.body()).contains(why);
  }

  /** Bytes that compress badly: an index row takes what becomes small. */
  private static String noise(int chars) {
    StringBuilder text = new StringBuilder();
    new Random(20260302).ints(chars, 'a', 'z').forEach(c -> text.append((char) c));
    return text.toString();
  }

  @Test
  void aKeyToWaitForThatNoIndexHoldsFailsItsStage() throws Exception {
    at.apply(
        """
        id: waits
        params: {key: {type: string}}
        stages:
          - {id: hear, run: wait.event, with: {event: e, key: "${{ params.key }}"}}
        """);
    long nul = start("waits", "a\\u0000b");
    long large = start("waits", noise(25_000));
    at.passes();
    assertThat(at.outcome(nul).status()).isEqualTo(201);
    assertThat(at.outcome(large).status()).isEqualTo(201);
    assertThat(at.texts("select error_class || ': ' || error from stage order by run"))
        .satisfiesExactly(
            first ->
                assertThat(first).isEqualTo("config: key: it holds a NUL character; leave it out"),
            second ->
                assertThat(second)
                    .startsWith("config: key: it has 25000 characters, at most 500 are possible"));
  }

  @Test
  void aConcurrencyKeyThatNoIndexHoldsEndsItsRun() throws Exception {
    at.apply(
        """
        id: keyed
        params: {key: {type: string}}
        concurrency: {key: "${{ params.key }}", limit: 1}
        stages: [{id: only, run: noop}]
        """);
    long nul = start("keyed", "a\\u0000b");
    long large = start("keyed", noise(25_000));
    at.passes();
    assertThat(at.outcome(nul).status()).isEqualTo(201);
    assertThat(at.outcome(large).status()).isEqualTo(201);
    assertThat(at.count("select count(*) from run where state = 'CANCELLED'")).isEqualTo(2);
  }

  private long start(String job, String key) {
    String body = "{\"params\":{\"key\":\"" + key + "\"}}";
    return at.ask(new Command(Command.Kind.RUN_START, "default", job, body, "tester", null));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "until: '${{ params.key }}' | +999999999-12-31T23:59:59Z | until:"
            + " '+999999999-12-31T23:59:59Z' is too far away; possible are the years",
        "until: '${{ params.key }}' | tomorrow | until: 'tomorrow' is not an instant; write for",
      },
      quoteCharacter = '~')
  void aWaitForATimeThatIsNoneFailsItsStage(String with, String value, String why)
      throws Exception {
    at.apply(
        """
        id: later
        params: {key: {type: string}}
        stages: [{id: wait, run: wait.time, with: {%s}}]
        """
            .formatted(with));
    start("later", value);
    at.passes();
    assertThat(at.text("select error_class || ': ' || error from stage"))
        .startsWith("config: " + why);
  }

  @Test
  void aPauseOfAPoolThatNobodyKnowsIsTakenWithANote() throws Exception {
    String pause = "{\"scope\":\"pool\",\"name\":\"%s\"}";
    Outcome unknown = ask(Command.Kind.PAUSE, pause.formatted("defualt"));
    assertThat(unknown.status()).isEqualTo(200);
    assertThat(unknown.body()).contains("\"note\":\"no worker serves pool 'defualt'");
    assertThat(ask(Command.Kind.PAUSE, pause.formatted("default")).body())
        .contains("\"note\":null");
  }
}
