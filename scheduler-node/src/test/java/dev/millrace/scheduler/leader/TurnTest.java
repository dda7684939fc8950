package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Claim;
import dev.millrace.runtime.Faults;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Command;
import dev.millrace.wire.Start;
import java.util.HashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What a pass does when things go wrong on its way: nothing is lost and nothing comes twice. */
class TurnTest {
  private static final String CHAIN =
      """
      id: chain
      stages:
        - {id: a, run: noop}
        - {id: b, run: noop, needs: [a]}
      """;

  private static final String SINGLE = "id: single\nstages: [{id: only, run: noop}]\n";

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

  private static Command command(String kind, String job, String body) {
    return new Command(kind, "default", job, body, "tester", null);
  }

  @Test
  void aStartThatNoMessageCanHoldFailsItsStage() throws Exception {
    at.apply(
        """
        id: growing
        stages:
          - {id: one, run: noop}
          - {id: two, run: noop}
          - {id: sum, run: noop, needs: [one, two], retry: {max-attempts: 9}}
        """);
    at.ask(Command.runs("default", "growing", 1, "tester"));
    at.passes();
    String large = "\"" + "o".repeat(45_000) + "\"";
    at.complete(claims(at.starts(2)), large);
    at.passes();
    assertThat(
            at.text(
                "select state || '/' || attempt || '/' || error_class from stage where idx = 2"))
        .isEqualTo("FAILED/0/config");
    assertThat(at.text("select error from stage where idx = 2"))
        .contains("with, params, inputs, checkpoint")
        .contains("at most " + Start.CHARS_MAX)
        .contains("pass large values by reference");
    assertThat(at.text("select state from run")).isEqualTo("FAILED");
    at.assertNoStarts();
    assertThat(at.unackedReports()).isZero();
  }

  /** Any SQL client may write there; nobody has judged what it holds. */
  @Test
  void whatNoStartCanHoldIsRefusedAtTheInbox() throws Exception {
    String job =
        """
        id: %s
        params: {text: {type: string}, usual: {type: string, default: %s}}
        stages: [{id: only, run: noop}]
        """;
    at.apply(job.formatted("takes", "u".repeat(20_000)));
    String half = "{\"text\":\"" + "p".repeat(20_000) + "\"}";
    long one = at.ask(command(Command.Kind.RUN_START, "takes", "{\"params\":" + half + "}"));
    long many = at.ask(command(Command.Kind.RUNS_START, "takes", "[{}," + half + "]"));
    at.passes();
    for (long id : new long[] {one, many}) {
      assertThat(at.outcome(id).status()).isEqualTo(422);
      assertThat(at.outcome(id).body())
          .contains("params: has 400", "the limit is 32768; pass large values by reference");
    }
    assertThat(at.count("select count(*) from run")).isZero();

    String definition =
        at.text("select definition from job_version")
            .replace("\"takes\"", "\"large\"")
            .replace("\"with\":{}", "\"with\":{\"a\":\"" + "w".repeat(40_000) + "\"}");
    long refused =
        at.ask(
            command(
                Command.Kind.JOB_APPLY,
                "large",
                "{\"definition\":" + definition + ",\"source\":\"api\"}"));
    at.passes();
    assertThat(at.outcome(refused).status()).isEqualTo(422);
    assertThat(at.outcome(refused).body())
        .contains("`with` of stage 'only': has 40008 characters", "by reference");
    assertThat(at.count("select count(*) from job")).isEqualTo(1);
  }

  @Test
  void inputsThatFitAreSent() throws Exception {
    at.apply(CHAIN);
    at.ask(Command.runs("default", "chain", 1, "tester"));
    at.passes();
    String large = "\"" + "o".repeat(60_000) + "\"";
    at.complete(claims(at.starts(1)), large);
    at.passes();
    assertThat(at.starts(1).getFirst().inputs()).isEqualTo("{\"a\":" + large + "}");
  }

  /** A command may write half a character; what reads it must still be started. */
  @Test
  void halfACharacterInAnOutputDoesNotStopTheStarts() throws Exception {
    at.apply(CHAIN);
    at.ask(Command.runs("default", "chain", 2, "tester"));
    at.passes();
    List<Claim> first = claims(at.starts(2));
    at.complete(first.subList(0, 1), "{\"half\":\"\uD800\"}");
    at.complete(first.subList(1, 2), "\"\\udc00\"");
    at.passes();
    assertThat(at.starts(2).stream().map(Start::inputs))
        .containsExactlyInAnyOrder("{\"a\":{\"half\":\"\uFFFD\"}}", "{\"a\":\"\uFFFD\"}");
  }

  @Test
  void aStartThatCannotBeWrittenFailsItsStage() throws Exception {
    at.apply(SINGLE);
    at.ask(Command.runs("default", "single", 2, "tester"));
    at.passes();
    List<Start> starts = at.starts(2);
    at.publishUnwritable(
        starts.getFirst(), Long.parseLong(at.text("select max(dispatch)::text from stage")));
    at.passes();
    assertThat(at.texts("select error_class || ': ' || error from stage where state = 'FAILED'"))
        .containsExactly("config: its start cannot be written: long overflow");
    assertThat(at.count("select count(*) from stage where state = 'QUEUED'")).isEqualTo(1);
  }

  @Test
  void aFailedCommitGivesTheReportsBack() throws Exception {
    at.apply(CHAIN);
    at.ask(Command.runs("default", "chain", 3, "tester"));
    at.passes();
    at.complete(claims(at.starts(3)), "{}");
    at.failCommits(5);
    long other = at.ask(command(Command.Kind.LOCK_PUT, null, "{\"name\":\"gate\",\"capacity\":2}"));
    for (int i = 0; i < 5; i++) {
      assertThatThrownBy(at::pass).hasStackTraceContaining("a commit that fails for a test");
      assertThat(at.count("select count(*) from stage where state = 'COMPLETED'")).isZero();
    }
    at.assertNoStarts();
    at.passes();
    assertThat(at.count("select count(*) from stage where state = 'COMPLETED'")).isEqualTo(3);
    assertThat(at.outcome(other).status()).isEqualTo(200);
    List<Start> next = at.starts(3);
    assertThat(next).allMatch(start -> start.claim().stage().equals("b"));
    assertThat(Set.copyOf(claims(next))).hasSize(3);
    at.passes();
    at.assertNoStarts();
    assertThat(at.unackedReports()).as("acked when it was committed").isZero();
  }

  /**
   * A large pass is written by two connections. Where the first has committed and the second fails,
   * stages are QUEUED that nobody has published.
   */
  @Test
  void whatOneHalfHasCommittedIsPublishedAllTheSame() throws Exception {
    int runs = 400;
    at.apply(CHAIN);
    at.ask(Command.runs("default", "chain", runs, "tester"));
    at.passes();
    List<Claim> first = claims(at.starts(runs));
    at.complete(first, "{}");
    at.failCommits(1);
    at.ask(Command.runs("default", "chain", runs, "tester"));
    assertThatThrownBy(at::pass).hasStackTraceContaining("a commit that fails for a test");
    int half = at.count("select count(*) from stage where name = 'b' and state = 'QUEUED'");
    assertThat(half).as("committed by the other half").isPositive();
    assertThat(at.count("select count(*) from run")).as("the rest is not").isEqualTo(runs);
    at.assertNoStarts();

    at.passes();
    List<Start> starts = at.starts(2 * runs);
    Set<Claim> distinct = new HashSet<>(claims(starts));
    assertThat(distinct).as("each once").hasSize(2 * runs);
    assertThat(starts.stream().filter(start -> start.claim().stage().equals("b"))).hasSize(runs);
    assertThat(at.count("select count(*) from run")).isEqualTo(2 * runs);
    assertThat(at.metrics.counter("millrace.dispatch.republished", "cause", "sweep").count())
        .isEqualTo(half);
    at.passes();
    at.assertNoStarts();
    assertThat(at.unackedReports()).isZero();
  }

  /** Ended runs are written while the rest is decided; that they are is not undone by the rest. */
  @Test
  void runsThatEndedStayEndedWhenTheRestFails() throws Exception {
    int runs = 400;
    at.apply(SINGLE);
    at.ask(Command.runs("default", "single", runs, "tester"));
    at.passes();
    at.complete(claims(at.starts(runs)), "{}");
    at.failCommits(1);
    at.ask(Command.runs("default", "single", runs, "tester"));
    assertThatThrownBy(at::pass).hasStackTraceContaining("a commit that fails for a test");
    assertThat(at.count("select count(*) from run where state = 'COMPLETED'")).isPositive();
    assertThat(at.count("select count(*) from run")).as("the rest is not").isEqualTo(runs);
    at.assertNoStarts();

    at.passes();
    assertThat(at.count("select count(*) from run where state = 'COMPLETED'")).isEqualTo(runs);
    assertThat(at.count("select count(*) from run")).isEqualTo(2 * runs);
    assertThat(Set.copyOf(claims(at.starts(runs)))).hasSize(runs);
    at.assertNoStarts();
    assertThat(at.count("select count(*) from history where moves like '%\"COMPLETED\"%'"))
        .as("each ended once")
        .isEqualTo(runs);
    assertThat(at.unackedReports()).isZero();
  }

  @Test
  void aTermThatIsTrustedAgainGoesOnWithWhatItCommitted() throws Exception {
    at.apply(CHAIN);
    at.ask(Command.runs("default", "chain", 3, "tester"));
    at.passes();
    at.complete(claims(at.starts(3)), "{}");
    AtomicInteger commits = new AtomicInteger();
    at.faults.set(
        point -> {
          if (point == Faults.Point.COMMITTED_NOT_PUBLISHED && commits.getAndIncrement() == 0) {
            at.term.renewed(System.nanoTime() - TurnFixture.TTL.toNanos());
          }
        });
    assertThatThrownBy(at::pass)
        .isInstanceOf(QuietFailure.class)
        .hasMessageContaining("the term ended during a commit");
    assertThat(at.count("select count(*) from stage where name = 'b' and state = 'QUEUED'"))
        .as("committed")
        .isEqualTo(3);
    assertThatThrownBy(at::pass).hasMessageContaining("not trusted");
    at.assertNoStarts();

    at.term.renewed(System.nanoTime()); // the renewal was slow, and succeeded
    at.passes();
    List<Start> next = at.starts(3);
    assertThat(next).allMatch(start -> start.claim().stage().equals("b"));
    assertThat(Set.copyOf(claims(next))).hasSize(3);
    at.complete(claims(next), "{}");
    at.passes();
    assertThat(at.count("select count(*) from run where state = 'COMPLETED'")).isEqualTo(3);
    assertThat(at.unackedReports()).isZero();
  }

  @Test
  void severalTicksOfOneTriggerInOnePassAreEachFiredOnce() throws Exception {
    at.apply(
        """
        id: often
        triggers: [{every: 1s}]
        stages: [{id: nothing, run: noop}]
        """);
    at.database
        .api()
        .useHandle(
            handle ->
                handle.execute("update trigger set next_at = next_at - interval '20 seconds'"));
    at.newTurn();
    at.passes();
    int fired = at.count("select count(*) from tick where disposition = 'FIRED'");
    assertThat(fired).isGreaterThanOrEqualTo(19);
    assertThat(
            at.count(
                "select count(*) from trigger where next_at <= (select max(planned_at) from tick)"))
        .as("the next tick is one that has not been")
        .isZero();

    at.newTurn(); // reads the trigger's row: with an old instant it would meet the ledger's key
    at.passes();
    assertThat(
            at.count(
                """
                select extract(epoch from max(planned_at) - min(planned_at))::int + 1 - count(*)
                from tick
                """))
        .as("gaps")
        .isZero();
    assertThat(at.count("select count(*) from run"))
        .isEqualTo(at.count("select count(*) from tick"));
  }
}
