package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.sweep.BrokerRepair;
import dev.millrace.wire.Control;
import dev.millrace.wire.Start;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * What still runs in a run that is to stop: who is told to end once more, and who is left alone.
 */
class ToldToEndTest {
  private TurnFixture at;
  private BrokerRepair repair;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
    repair = at.repair();
    at.listenToControl();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private Claim started() throws Exception {
    List<Claim> claims = at.starts(1).stream().map(Start::claim).toList();
    at.started(claims);
    at.passes();
    return claims.getFirst();
  }

  private void ask(String kind, RunId run) throws Exception {
    long id =
        at.ask(new Command(kind, "default", null, "{\"run\":\"" + run + "\"}", "tester", null));
    at.passes();
    assertThat(at.outcome(id).status()).isEqualTo(200);
  }

  private void sweep() throws Exception {
    repair.runOnce();
    at.passes();
  }

  @Test
  void whatAlwaysComesLastIsLeftAloneUntilTheRunIsKilled() throws Exception {
    at.apply(
        """
        id: tidy
        stages: [{id: main, run: noop}]
        finally: [{id: last, run: noop}]
        """);
    at.ask(Command.runs("default", "tidy", 1, "tester"));
    at.passes();
    Claim main = started();
    ask(Command.Kind.RUN_STOP, main.run());
    Control.Cancel politely = new Control.Cancel(main, Turn.CANCEL_GRACE_MILLIS);
    assertThat(at.controlsUpTo(politely)).containsExactly(politely);
    sweep();
    assertThat(at.controlsUpTo(politely)).as("once more").containsExactly(politely);
    at.complete(List.of(main), "{}");
    at.passes();
    Claim last = started();
    sweep();
    sweep();
    assertThat(at.text("select state from run")).isEqualTo("STOPPING");
    ask(Command.Kind.RUN_KILL, last.run());
    Control.Cancel atOnce = new Control.Cancel(last, 0);
    assertThat(at.controlsUpTo(atOnce)).as("nothing before the kill").containsExactly(atOnce);
    sweep();
    assertThat(at.controlsUpTo(atOnce)).as("once more").containsExactly(atOnce);
  }

  @Test
  void whatMayEndByItselfWhenTheWindowIsOverIsLeftAlone() throws Exception {
    at.at("2026-03-02T08:00:00Z");
    at.apply(
        """
        id: shift
        window: {start: "0 9 * * *", length: 1h, end: complete}
        stages: [{id: main, run: noop}]
        """);
    at.at("2026-03-02T09:00:01Z");
    at.passes();
    Claim main = started();
    at.at("2026-03-02T10:00:01Z");
    at.passes();
    assertThat(at.text("select state from run where started_at is not null")).isEqualTo("STOPPING");
    sweep();
    ask(Command.Kind.RUN_KILL, main.run());
    Control.Cancel atOnce = new Control.Cancel(main, 0);
    assertThat(at.controlsUpTo(atOnce)).as("nothing before the kill").containsExactly(atOnce);
  }
}
