package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Start;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Runs that belong to each other, and what they share: items, runs of other jobs, events,
 * approvals, locks, turns and pauses, through the leader's own tables and a real broker.
 */
class FamiliesTest {
  private static final String FAILED_ITEM =
      "select id::text from run where parent is not null and state = 'FAILED'";

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
    return new Command(kind, "default", job, body, "tester", "because");
  }

  private String start(String job) throws Exception {
    long id = at.ask(command(Command.Kind.RUN_START, job, "{}"));
    at.passes();
    String body = at.outcome(id).body();
    return body.replaceAll(".*\"run\":\"([^\"]*)\".*", "$1");
  }

  private Outcome ask(String kind, String body) throws Exception {
    long id = at.ask(command(kind, null, body));
    at.passes();
    return at.outcome(id);
  }

  private Outcome act(String run, String stage, String action) throws Exception {
    return ask(
        Command.Kind.STAGE_ACT,
        "{\"run\":\"%s\",\"stage\":\"%s\",\"action\":\"%s\"}".formatted(run, stage, action));
  }

  private String states() {
    return at.text(
        """
        select string_agg(s.name || ' ' || s.state, ', ' order by s.idx)
        from stage s join run r on r.id = s.run where r.parent is null
        """);
  }

  @Test
  void anItemIsARunAndTheJoinCountsThem() throws Exception {
    at.apply(
        """
        id: fan
        stages:
          - id: each
            run: noop
            for-each: ${{ range(5) }}
            max-parallel: 3
            tolerate: 2
            with: {square: "${{ item * item }}"}
          - {id: after, run: noop, needs: [each]}
        """);
    start("fan");
    List<Start> first = at.starts(3);
    assertThat(first).extracting(Start::index).containsExactlyInAnyOrder(0, 1, 2);
    assertThat(first).extracting(Start::with).contains("{\"square\":4}");
    assertThat(states()).isEqualTo("each RUNNING, after WAITING");
    at.newTurn(); // another leader knows what the tables say
    at.complete(claims(first), "{}");
    at.passes();
    List<Start> rest = at.starts(2);
    assertThat(at.text("select fan from stage where name = 'each' and fan is not null"))
        .isEqualTo("5 5 3 0 0");
    at.fail(claims(rest), "exit:1");
    at.passes();
    assertThat(states()).isEqualTo("each COMPLETED, after QUEUED");
    assertThat(at.text("select output from stage where name = 'each' and fan is not null"))
        .contains("\"items\":5", "\"completed\":3", "\"failed\":2");
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    assertThat(at.text("select state from run where parent is null")).isEqualTo("COMPLETED");
    assertThat(at.count("select count(*) from fan_items")).isZero();
  }

  @Test
  void tooManyFailedItemsFailTheStage() throws Exception {
    at.apply(
        """
        id: fan
        stages:
          - {id: each, run: noop, for-each: "${{ range(4) }}", tolerate: 25%}
          - {id: after, run: noop, needs: [each]}
        """);
    start("fan");
    List<Start> starts = at.starts(4);
    at.fail(claims(starts.subList(0, 2)), "exit:1");
    at.complete(claims(starts.subList(2, 4)), "{}");
    at.passes();
    assertThat(states()).isEqualTo("each FAILED, after SKIPPED");
    assertThat(at.text("select error from stage where name = 'each' and error_class = 'items'"))
        .contains("2 of 4 items failed");
  }

  @Test
  void aRunOfAnotherJobGivesItsOutputBack() throws Exception {
    at.apply("id: inner\nparams: {n: integer}\nstages: [{id: work, run: noop}]");
    at.apply(
        """
        id: outer
        stages:
          - {id: call, run: job, with: {job: inner, params: {n: 7}}}
          - {id: use, run: noop, needs: [call], with: {got: "${{ stages.call.output.answer }}"}}
        """);
    start("outer");
    Start inner = at.starts(1).getFirst();
    assertThat(inner.job()).isEqualTo("inner");
    assertThat(inner.params()).isEqualTo("{\"n\":7}");
    at.complete(List.of(inner.claim()), "{\"answer\":42}");
    at.passes();
    Start use = at.starts(1).getFirst();
    assertThat(use.with()).isEqualTo("{\"got\":42}");
  }

  @Test
  void aMissingJobFailsTheStageThatStartsIt() throws Exception {
    at.apply("id: outer\nstages: [{id: call, run: job, with: {job: nowhere}}]");
    start("outer");
    assertThat(states()).isEqualTo("call FAILED");
    assertThat(at.text("select error from stage")).contains("there is no job 'nowhere'");
  }

  @Test
  void aStopReachesTheItems() throws Exception {
    at.apply("id: fan\nstages: [{id: each, run: noop, for-each: '${{ range(3) }}'}]");
    String run = start("fan");
    at.starts(3);
    assertThat(ask(Command.Kind.RUN_STOP, "{\"run\":\"" + run + "\"}").status()).isEqualTo(200);
    assertThat(at.text("select state from run where parent is null")).isEqualTo("CANCELLED");
    assertThat(at.count("select count(*) from run where state = 'CANCELLED'")).isEqualTo(4);
  }

  private String failedItem() {
    return new RunId(Long.parseLong(at.text(FAILED_ITEM))).toString();
  }

  @Test
  void theFailureOfAnItemThatAPersonAcceptsCountsAsCompletion() throws Exception {
    at.apply("id: fan\nstages: [{id: each, run: noop, for-each: '${{ range(3) }}'}]");
    start("fan");
    List<Claim> items = claims(at.starts(3));
    at.fail(items.subList(0, 1), "exit:1");
    at.passes();
    assertThat(at.text("select fan from stage where fan is not null")).isEqualTo("3 3 0 1 0");
    assertThat(act(failedItem(), "each", "acknowledge").status()).isEqualTo(200);
    assertThat(at.text("select fan from stage where fan is not null")).isEqualTo("3 3 1 0 0");
    at.complete(items.subList(1, 3), "{}");
    at.passes();
    assertThat(at.text("select state from run where parent is null")).isEqualTo("COMPLETED");
  }

  @Test
  void anItemThatGoesOnAndIsStoppedInOnePassLetsItsRunEnd() throws Exception {
    at.apply("id: fan\nstages: [{id: each, run: noop, for-each: '${{ range(2) }}'}]");
    String run = start("fan");
    at.fail(claims(at.starts(2)).subList(0, 1), "exit:1");
    at.passes();
    String reset = "{\"run\":\"%s\",\"stage\":\"each\",\"action\":\"reset\"}";
    long first = at.ask(command(Command.Kind.STAGE_ACT, null, reset.formatted(failedItem())));
    long second = at.ask(command(Command.Kind.RUN_STOP, null, "{\"run\":\"" + run + "\"}"));
    at.passes();
    assertThat(at.outcome(first).status()).isEqualTo(200);
    assertThat(at.outcome(second).status()).isEqualTo(200);
    assertThat(at.texts("select distinct state::text from run")).containsExactly("CANCELLED");
  }

  @Test
  void anEventIsHeardBeforeAndAfterTheWait() throws Exception {
    at.apply(
        """
        id: waits
        stages:
          - {id: first, run: wait.event, with: {event: go, key: a}}
          - {id: second, run: wait.event, needs: [first], with: {event: done}}
          - {id: use, run: noop, needs: [second], with: {n: "${{ stages.second.output.n }}"}}
        """);
    start("waits");
    Outcome early = ask(Command.Kind.EVENT_SEND, "{\"name\":\"done\",\"data\":{\"n\":3}}");
    assertThat(early.body()).contains("\"heard\":0");
    assertThat(ask(Command.Kind.EVENT_SEND, "{\"name\":\"go\",\"key\":\"b\"}").body())
        .contains("\"heard\":0");
    assertThat(states()).startsWith("first RUNNING, second WAITING");
    assertThat(ask(Command.Kind.EVENT_SEND, "{\"name\":\"go\",\"key\":\"a\"}").body())
        .contains("\"heard\":1");
    assertThat(at.starts(1).getFirst().with()).isEqualTo("{\"n\":3}");
    assertThat(at.count("select count(*) from listener")).isZero();
  }

  @Test
  void anApprovalIsGivenOnce() throws Exception {
    at.apply(
        """
        id: release
        stages:
          - {id: ask, run: wait.approval, with: {message: "ship it?"}}
          - {id: ship, run: noop, needs: [ask]}
          - {id: tell, run: noop, needs: [{stage: ask, is: failed}]}
        """);
    String run = start("release");
    assertThat(act(run, "ask", "approve").status()).isEqualTo(200);
    assertThat(states()).isEqualTo("ask COMPLETED, ship QUEUED, tell SKIPPED");
    Outcome again = act(run, "ask", "reject");
    assertThat(again.status()).isEqualTo(409);
    assertThat(again.body()).contains("COMPLETED", "reject");
  }

  @Test
  void aLockIsHeldByOneAtATimeAndOutlivesTheLeader() throws Exception {
    at.apply(
        """
        id: locked
        retry: {max-attempts: 2, initial: 0s}
        stages: [{id: use, run: noop, locks: [press]}]
        """);
    String first = start("locked");
    start("locked");
    List<Start> held = at.starts(1);
    assertThat(held.getFirst().claim().run().toString()).isEqualTo(first);
    assertThat(at.count("select count(*) from stage where state = 'LOCK_WAIT'")).isEqualTo(1);
    at.newTurn();
    at.passes();
    at.assertNoStarts();
    at.fail(claims(held), "exit:1"); // the next attempt stands in line again
    at.passes();
    List<Start> second = at.starts(1);
    assertThat(second.getFirst().claim().run().toString()).isNotEqualTo(first);
    at.complete(claims(second), "{}");
    at.passes();
    List<Start> third = at.starts(1);
    assertThat(third.getFirst().claim().run().toString()).isEqualTo(first);
    at.complete(claims(third), "{}");
    at.passes();
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  @Test
  void overlapPoliciesDecideWhoIsMade() throws Exception {
    at.apply("id: one\noverlap: skip\nstages: [{id: use, run: noop}]");
    start("one");
    long refused = at.ask(command(Command.Kind.RUN_START, "one", "{}"));
    at.passes();
    assertThat(at.outcome(refused).status()).isEqualTo(409);
    at.apply("id: line\noverlap: {queue: 1}\nstages: [{id: use, run: noop}]");
    String first = start("line");
    String second = start("line");
    long third = at.ask(command(Command.Kind.RUN_START, "line", "{}"));
    at.passes();
    assertThat(at.outcome(third).status()).isEqualTo(409);
    List<Start> starts = at.starts(2);
    Start ofLine = starts.stream().filter(s -> s.job().equals("line")).findFirst().orElseThrow();
    assertThat(ofLine.claim().run().toString()).isEqualTo(first);
    at.complete(List.of(ofLine.claim()), "{}");
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(second);
  }

  @Test
  void everythingIsPausedAndGoesOnExactly() throws Exception {
    at.apply("id: chain\nstages: [{id: a, run: noop}, {id: b, run: noop, needs: [a]}]");
    start("chain");
    List<Start> a = at.starts(1);
    assertThat(ask(Command.Kind.PAUSE, "{\"scope\":\"all\"}").status()).isEqualTo(200);
    assertThat(at.text("select state from run")).isEqualTo("PAUSED");
    String born = start("chain");
    assertThat(at.count("select count(*) from run where state = 'PAUSED'")).isEqualTo(2);
    at.complete(claims(a), "{}");
    at.passes();
    at.newTurn();
    at.passes();
    at.assertNoStarts();
    assertThat(ask(Command.Kind.RESUME, "{\"scope\":\"all\"}").status()).isEqualTo(200);
    List<Start> next = at.starts(2);
    assertThat(next).extracting(s -> s.claim().stage()).containsExactlyInAnyOrder("a", "b");
    assertThat(next)
        .filteredOn(s -> s.claim().stage().equals("a"))
        .extracting(s -> s.claim().run().toString())
        .containsExactly(born);
  }

  @Test
  void whoStandsInLineForAPausedPoolDoesNotTimeOutThere() throws Exception {
    at.apply("id: late\nstages: [{id: a, run: noop, queue-timeout: 30s}]");
    assertThat(ask(Command.Kind.PAUSE, "{\"scope\":\"pool\",\"name\":\"default\"}").status())
        .isEqualTo(200);
    start("late");
    age("update pause set since = since - interval '20 min'");
    age(
        """
        update stage set ready_at = ready_at - interval '10 min', due_at = due_at - interval '10 min'
        """);
    assertThat(states()).isEqualTo("a READY");
    assertThat(at.count("select (due_at > now())::int from stage")).isEqualTo(1);
    assertThat(ask(Command.Kind.RESUME, "{\"scope\":\"pool\",\"name\":\"default\"}").status())
        .isEqualTo(200);
    assertThat(states()).isEqualTo("a QUEUED");
    later20Seconds();
    assertThat(states()).isEqualTo("a QUEUED");
    later20Seconds();
    assertThat(states()).isEqualTo("a FAILED");
    assertThat(at.text("select error_class from stage")).isEqualTo("queue-timeout");
  }

  private void later20Seconds() throws Exception {
    age("update pool_rest set since = since - interval '20 s', until = until - interval '20 s'");
    age(
        """
        update stage set ready_at = ready_at - interval '20 s', due_at = due_at - interval '20 s'
        """);
  }

  /** As if that time had passed; the next leader knows what the tables say. */
  private void age(String update) throws Exception {
    at.database.api().useHandle(handle -> handle.execute(update));
    at.newTurn();
    at.passes();
  }

  @Test
  void peopleHoldSkipAcknowledgeAndReset() throws Exception {
    at.apply(
        """
        id: walk
        stages:
          - {id: a, run: noop}
          - {id: b, run: noop, needs: [a]}
          - {id: c, run: noop, needs: [b]}
          - {id: d, run: noop, needs: [c]}
        """);
    String run = start("walk");
    assertThat(act(run, "b", "hold").status()).isEqualTo(200);
    assertThat(act(run, "d", "skip").status()).isEqualTo(200);
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    assertThat(states()).isEqualTo("a COMPLETED, b HELD, c WAITING, d SKIPPED");
    at.newTurn();
    at.passes();
    at.assertNoStarts();
    act(run, "b", "release");
    at.fail(claims(at.starts(1)), "exit:3");
    at.passes();
    assertThat(states()).isEqualTo("a COMPLETED, b FAILED, c SKIPPED, d SKIPPED");
    assertThat(at.text("select state from run")).isEqualTo("FAILED");
    assertThat(act(run, "b", "acknowledge").status()).isEqualTo(200);
    assertThat(states()).isEqualTo("a COMPLETED, b ACKNOWLEDGED, c QUEUED, d SKIPPED");
    assertThat(act(run, "a", "hold").status()).isEqualTo(409);
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    assertThat(states()).endsWith("c COMPLETED, d SKIPPED_COMPLETE");
    assertThat(at.text("select state from run")).isEqualTo("COMPLETED");
    assertThat(act(run, "c", "reset").status()).isEqualTo(200);
    assertThat(at.starts(1).getFirst().claim().stage()).isEqualTo("c");
  }
}
