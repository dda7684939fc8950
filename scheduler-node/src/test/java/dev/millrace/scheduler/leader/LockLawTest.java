package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.command.Command;
import dev.millrace.wire.Start;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What stages and runs wait for is said right, and comes. */
class LockLawTest {
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private static List<Claim> claims(List<Start> starts) {
    return starts.stream().map(Start::claim).toList();
  }

  private void run(String job) throws Exception {
    at.ask(Command.runs("default", job, 1, "tester"));
    at.passes();
  }

  private void end(List<Claim> claims) throws Exception {
    at.complete(claims, "{}");
    at.passes();
  }

  @Test
  void aRateWhoseKeyHasNoValueFailsItsStage() throws Exception {
    at.apply(
        """
        id: paced
        stages:
          - {id: a, run: noop}
          - id: b
            run: noop
            needs: [a]
            rate: {key: "${{ stages.a.output.site }}", limit: 1, per: 1h}
        """);
    run("paced");
    end(claims(at.starts(1)));
    assertThat(at.text("select state || ' ' || error_class from stage where name = 'b'"))
        .isEqualTo("FAILED expression");
    assertThat(at.text("select error from stage where name = 'b'")).startsWith("rate key: ");
    assertThat(at.text("select state from run")).isEqualTo("FAILED");
    at.assertNoStarts();
  }
}
