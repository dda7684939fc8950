package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
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
}
