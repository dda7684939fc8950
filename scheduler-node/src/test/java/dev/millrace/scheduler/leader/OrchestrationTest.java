package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.scheduler.command.Command;
import dev.millrace.wire.Start;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The id of an orchestration goes with everything that its runs start. */
class OrchestrationTest {
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private long run(String job, String body) throws Exception {
    long id = at.ask(new Command(Command.Kind.RUN_START, "default", job, body, "tester", null));
    at.passes();
    return id;
  }

  @Test
  void runsOfStagesInheritIt() throws Exception {
    at.apply(
        """
        id: child
        stages: [{id: work, run: noop}]
        """);
    at.apply(
        """
        id: top
        stages:
          - {id: sub, run: job, with: {job: child}}
          - {id: each, run: noop, for-each: "${{ [1, 2] }}"}
          - id: group
            run: group
            for-each: ${{ ['a'] }}
            stages: [{id: inner, run: job, with: {job: child}}]
        """);
    assertThat(at.outcome(run("top", "{\"orchestration\":\"launch-7\"}")).status()).isEqualTo(201);
    at.outcome(run("child", "{}"));
    assertThat(
            at.texts(
                """
                select j.name || ' ' || r.trigger_kind || ' ' || coalesce(r.orchestration, '-')
                from run r join job j on j.id = r.job order by r.id
                """))
        .containsExactlyInAnyOrder(
            "top manual launch-7",
            "child job launch-7",
            "top item launch-7",
            "top item launch-7",
            "top item launch-7",
            "child job launch-7",
            "child manual -");
    at.newTurn(); // whoever leads next knows it too
    List<Start> starts = at.starts(5);
    at.complete(starts.stream().map(Start::claim).toList(), "{}");
    at.passes();
    assertThat(at.texts("select distinct state from run")).containsExactly("COMPLETED");
    assertThat(at.count("select count(*) from run where orchestration = 'launch-7'")).isEqualTo(6);
  }

  @Test
  void whatIsNoIdIsRefused() throws Exception {
    at.apply("id: child\nstages: [{id: work, run: noop}]\n");
    long refused = run("child", "{\"orchestration\":\"no way\"}");
    assertThat(at.outcome(refused).status()).isEqualTo(422);
    assertThat(at.outcome(refused).body()).contains("'no way' is not possible");
    assertThat(at.count("select count(*) from run")).isZero();
  }
}
