package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.model.Claim;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.wire.Start;
import java.time.Duration;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Runs that may do only so much complete with what they have. */
class LimitsTest {
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

  private void run(String yaml) throws Exception {
    at.apply(yaml);
    at.ask(Command.runs("default", "some", 1, "tester"));
    at.passes();
  }

  private String root(String column) {
    return at.text("select " + column + "::text from run where parent is null");
  }

  private boolean limited() {
    return (Integer.parseInt(root("coalesce(marks, 0)")) & RunClock.LIMITED) != 0;
  }

  private String states() {
    return at.text(
        """
        select string_agg(s.name || ' ' || s.state, ', ' order by s.idx)
        from stage s join run r on r.id = s.run where r.parent is null
        """);
  }

  @Test
  void whenItsTimeIsOverNothingNewStarts() throws Exception {
    run(
        """
        id: some
        limits: {run-time: 50ms}
        stages: [{id: a, run: noop}, {id: b, run: noop, needs: [a]}, {id: c, run: noop, needs: [b]}]
        finally: [{id: tidy, run: noop}]
        """);
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    at.starts(1); // b is with the broker
    await()
        .atMost(Duration.ofSeconds(20))
        .until(
            () -> {
              at.passes();
              return root("state").equals("STOPPING");
            });
    assertThat(states()).isEqualTo("a COMPLETED, b CANCELLED, c CANCELLED, tidy QUEUED");
    assertThat(root("stop_reason")).isEqualTo("limit run-time PT0.05S reached");
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    assertThat(root("state")).isEqualTo("COMPLETED");
    assertThat(limited()).isTrue();
  }

  @Test
  void whatItemsCountIsAddedUpAlsoOverAFailover() throws Exception {
    run(
        """
        id: some
        limits: {pages: 5}
        stages:
          - {id: each, run: noop, for-each: "${{ range(6) }}", max-parallel: 2}
          - {id: after, run: noop, needs: [each]}
        """);
    at.complete(claims(at.starts(2)), Map.of("pages", 1L, "errors", 9L));
    at.passes();
    assertThat(root("state")).isEqualTo("RUNNING");
    List<Start> next = at.starts(2);
    at.started(claims(next));
    at.passes();
    at.newTurn();
    at.complete(claims(next.subList(0, 1)), Map.of("pages", 3L));
    at.passes();
    assertThat(root("stop_reason")).isEqualTo("limit pages reached: 5 of 5");
    at.complete(claims(next.subList(1, 2)), Map.of("pages", 1L)); // was told to end, and did
    at.passes();
    assertThat(root("state")).isEqualTo("COMPLETED");
    assertThat(limited()).isTrue();
    assertThat(states()).isEqualTo("each CANCELLED, after CANCELLED");
    assertThat(at.count("select count(*) from run where parent is not null")).isLessThan(6);
    assertThat(at.count("select value from run_counter where name = 'pages'")).isEqualTo(6);
    at.assertNoStarts();
  }

  @Test
  void heartbeatsOfAttemptsUnderWayCount() throws Exception {
    run("id: some\nlimits: {pages: 10}\nstages: [{id: a, run: noop}, {id: b, run: noop}]");
    List<Start> starts = at.starts(2);
    Claim a = starts.getFirst().claim();
    Claim b = starts.getLast().claim();
    at.counts(a, Map.of("pages", 6L));
    at.passes();
    at.counts(a, Map.of("pages", 7L)); // the latest state, not a change
    at.counts(b, Map.of("pages", 2L));
    at.passes();
    assertThat(root("state")).isNotEqualTo("STOPPING");
    at.complete(List.of(a), Map.of("pages", 7L)); // instead of what its heartbeat said
    at.passes();
    assertThat(limited()).isFalse();
    at.counts(a, Map.of("pages", 7L)); // which comes after its end
    at.passes();
    assertThat(limited()).isFalse();
    at.counts(b, Map.of("pages", 3L));
    at.passes();
    assertThat(limited()).isTrue();
    assertThat(root("state")).isEqualTo("COMPLETED");
    assertThat(states()).isEqualTo("a COMPLETED, b CANCELLED");
  }

  @Test
  void aFailureBeforeTheLimitStaysOne() throws Exception {
    run("id: some\nlimits: {pages: 1}\nstages: [{id: a, run: noop}, {id: b, run: noop}]");
    List<Start> starts = at.starts(2);
    at.fail(claims(starts.subList(0, 1)), "exit:1");
    at.passes();
    at.counts(starts.getLast().claim(), Map.of("pages", 1L));
    at.passes();
    assertThat(root("state")).isEqualTo("FAILED");
    assertThat(limited()).isTrue();
  }

  @Test
  void whoLetsItGoOnLiftsItsLimits() throws Exception {
    run(
        "id: some\nlimits: {pages: 1}\nstages: [{id: a, run: noop}, {id: b, run: noop, needs: [a]}]");
    at.complete(claims(at.starts(1)), Map.of("pages", 2L));
    at.passes();
    assertThat(states()).isEqualTo("a COMPLETED, b CANCELLED");
    String run = at.text("select run_text(id) from run");
    long asked =
        at.ask(
            new Command(
                Command.Kind.RUN_RERUN,
                "default",
                null,
                "{\"run\":\"" + run + "\",\"stage\":\"a\"}",
                "tester",
                null));
    at.passes();
    Outcome outcome = at.outcome(asked);
    assertThat(outcome.status()).as(outcome.body()).isEqualTo(200);
    at.complete(claims(at.starts(1)), Map.of("pages", 2L));
    at.passes();
    at.complete(claims(at.starts(1)), Map.of("pages", 2L));
    at.passes();
    assertThat(root("state")).isEqualTo("COMPLETED");
    assertThat(states()).isEqualTo("a COMPLETED, b COMPLETED");
    assertThat(limited()).isFalse();
  }

  @Test
  void aJobWithoutLimitsIsNotCounted() throws Exception {
    run("id: some\nstages: [{id: a, run: noop}]");
    Claim a = at.starts(1).getFirst().claim();
    at.counts(a, Map.of("pages", 1_000_000L));
    at.passes();
    at.complete(List.of(a), Map.of("pages", 1_000_000L));
    at.passes();
    assertThat(root("state")).isEqualTo("COMPLETED");
    assertThat(at.count("select count(*) from run_counter")).isZero();
  }
}
