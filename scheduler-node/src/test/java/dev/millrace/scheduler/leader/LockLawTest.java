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

  private static String crossed(String job, String own, String other) {
    return """
    id: %s
    locks: [%s]
    stages:
      - {id: first, run: noop}
      - {id: then, run: noop, needs: [first], locks: [%s]}
    """
        .formatted(job, own, other);
  }

  @Test
  void ofTwoThatWaitForEachOtherTheYoungestGivesWay() throws Exception {
    at.apply(crossed("one", "a", "b"));
    at.apply(crossed("two", "b", "a"));
    run("one");
    run("two");
    end(claims(at.starts(2)));
    assertThat(
            at.texts(
                "select state || ' ' || coalesce(error_class, '') from stage where idx = 1 order by"
                    + " run"))
        .containsExactly("QUEUED ", "FAILED deadlock");
    assertThat(at.text("select error from stage where error_class = 'deadlock'"))
        .contains("wait for what each other hold", "gives way");
    assertThat(at.texts("select state from run order by id")).containsExactly("RUNNING", "FAILED");
    end(claims(at.starts(1)));
    assertThat(at.texts("select state from run order by id"))
        .containsExactly("COMPLETED", "FAILED");
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  /** Only the order of the line is in the way: nobody has to fail. */
  @Test
  void whoStandsBehindSomebodyWhoWaitsForItsOwnGoesFirst() throws Exception {
    at.apply(
        """
        id: whole
        locks: [door]
        stages:
          - {id: first, run: noop}
          - {id: then, run: noop, needs: [first], locks: [press]}
        """);
    at.apply("id: both\nstages: [{id: use, run: noop, locks: [door, press]}]");
    run("whole");
    run("both");
    end(claims(at.starts(1)));
    end(claims(at.starts(1)));
    assertThat(at.text("select state from run order by id limit 1")).isEqualTo("COMPLETED");
    end(claims(at.starts(1)));
    assertThat(at.texts("select state from run")).containsOnly("COMPLETED");
  }

  @Test
  void whatARunHoldsTheRunsThatItStartsHaveToo() throws Exception {
    at.apply("id: child\nlocks: [db]\nstages: [{id: use, run: noop}]");
    at.apply("id: other\nlocks: [db]\nstages: [{id: use, run: noop}]");
    at.apply(
        """
        id: parent
        locks: [db]
        stages:
          - {id: first, run: noop}
          - {id: sub, run: job, needs: [first], with: {job: child}}
        """);
    run("parent");
    List<Claim> first = claims(at.starts(1));
    run("other");
    at.assertNoStarts();
    at.newTurn(); // the same as the tables tell it
    at.passes();
    end(first);
    List<Claim> use = claims(at.starts(1));
    assertThat(
            at.text(
                "select j.name from run r join job j on j.id = r.job where r.id = "
                    + use.getFirst().run().value()))
        .as("it goes before who waits for its parent")
        .isEqualTo("child");
    at.assertNoStarts();
    end(use);
    end(claims(at.starts(1)));
    assertThat(at.texts("select state from run")).containsOnly("COMPLETED");
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  @Test
  void siblingsStillTakeTurns() throws Exception {
    at.apply("id: child\nlocks: [db]\nstages: [{id: use, run: noop}]");
    at.apply(
        """
        id: parent
        locks: [db]
        stages:
          - {id: one, run: job, with: {job: child}}
          - {id: two, run: job, with: {job: child}}
        """);
    run("parent");
    end(claims(at.starts(1)));
    end(claims(at.starts(1)));
    assertThat(at.texts("select state from run")).containsOnly("COMPLETED");
  }

  @Test
  void subRunsThatWaitForEachOthersParentsAreNoWayOut() throws Exception {
    at.apply("id: child-a\nlocks: [a]\nstages: [{id: use, run: noop}]");
    at.apply("id: child-b\nlocks: [b]\nstages: [{id: use, run: noop}]");
    String parent =
        """
        id: %s
        locks: [%s]
        stages:
          - {id: first, run: noop}
          - {id: sub, run: job, needs: [first], with: {job: %s}}
        """;
    at.apply(parent.formatted("one", "a", "child-b"));
    at.apply(parent.formatted("two", "b", "child-a"));
    run("one");
    List<Claim> one = claims(at.starts(1));
    run("two");
    List<Claim> two = claims(at.starts(1));
    end(one);
    end(two); // whose child is the younger one
    end(claims(at.starts(1)));
    assertThat(
            at.texts(
                "select j.name || ' ' || r.state from run r join job j on j.id = r.job order by 1"))
        .containsExactly("child-a CANCELLED", "child-b COMPLETED", "one COMPLETED", "two FAILED");
  }
}
