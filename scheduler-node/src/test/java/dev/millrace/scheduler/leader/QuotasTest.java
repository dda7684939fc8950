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

/** How much a namespace may have, through the leader's own tables and a real broker. */
class QuotasTest {
  private static final String HELLO = "id: hello\nstages: [{id: only, run: noop}]";
  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private Outcome ask(String kind, String job, String body) throws Exception {
    long id = at.ask(new Command(kind, "default", job, body, "tester", null));
    at.passes();
    return at.outcome(id);
  }

  private void quota(String body) throws Exception {
    assertThat(ask(Command.Kind.QUOTA_PUT, null, body).status()).isEqualTo(200);
  }

  private Outcome run(String job) throws Exception {
    return ask(Command.Kind.RUN_START, job, "{}");
  }

  private String made(String job) throws Exception {
    Outcome outcome = run(job);
    assertThat(outcome.status()).as(outcome.body()).isEqualTo(201);
    return outcome.body().replaceAll(".*\"run\":\"([^\"]*)\".*", "$1");
  }

  private static List<Claim> claims(List<Start> starts) {
    return starts.stream().map(Start::claim).toList();
  }

  private String states() {
    return at.text("select string_agg(state, ' ' order by id) from run");
  }

  @Test
  void beyondItRunsAreRefusedUntilOneEnds() throws Exception {
    at.apply(HELLO);
    quota("{\"running\":1}");
    made("hello");
    Outcome over = run("hello");
    assertThat(over.status()).isEqualTo(429);
    assertThat(over.body())
        .contains("1 runs are under way, the quota of namespace 'default' is 1")
        .doesNotContain("retryAfter");
    String sql = at.text("select millrace.trigger('hello')");
    at.hint();
    at.passes();
    assertThat(
            at.text(
                "select state || ': ' || stop_reason from run where id = "
                    + RunId.parse(sql).value()))
        .startsWith("CANCELLED: no run was made: 1 runs are under way");
    at.newTurn();
    assertThat(run("hello").status()).isEqualTo(429);
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    made("hello");
    assertThat(at.metrics.counter("millrace.quota.refused", "limit", "running").count())
        .isEqualTo(3);
  }

  @Test
  void whatWaitsIsAdmittedInItsOrderAndOutlivesTheLeader() throws Exception {
    at.apply(HELLO);
    quota("{\"running\":2,\"whenOver\":\"wait\"}");
    for (int i = 0; i < 5; i++) {
      made("hello");
    }
    assertThat(states()).isEqualTo("STARTING STARTING PENDING PENDING PENDING");
    List<Start> first = at.starts(2);
    at.newTurn();
    at.passes();
    at.assertNoStarts();
    at.complete(claims(first.subList(0, 1)), "{}");
    at.passes();
    assertThat(states().replace("COMPLETED", "").strip()).endsWith("STARTING PENDING PENDING");
    List<Start> third = at.starts(1);
    String fifth = at.text("select run_text(max(id)) from run");
    String fourth = at.text("select run_text(id) from run order by id desc offset 1 limit 1");
    assertThat(ask(Command.Kind.RUN_STOP, null, "{\"run\":\"" + fourth + "\"}").status())
        .isEqualTo(200);
    at.complete(claims(first.subList(1, 2)), "{}");
    at.complete(claims(third), "{}");
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(fifth);
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  @Test
  void aQuotaThatIsLiftedLetsThemGo() throws Exception {
    at.apply(HELLO);
    quota("{\"running\":1,\"whenOver\":\"wait\"}");
    made("hello");
    made("hello");
    made("hello");
    quota("{}");
    at.starts(3);
    assertThat(at.count("select count(*) from quota")).isZero();
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  @Test
  void whatIsOpenWhenItIsSetCounts() throws Exception {
    at.apply(HELLO);
    made("hello");
    made("hello");
    quota("{\"running\":2}");
    assertThat(run("hello").status()).isEqualTo(429);
    at.newTurn();
    assertThat(run("hello").status()).isEqualTo(429);
    quota("{\"running\":3}");
    made("hello");
    assertThat(run("hello").status()).isEqualTo(429);
  }

  @Test
  void runsOfADayAreKept() throws Exception {
    at.apply(HELLO);
    quota("{\"runsPerDay\":2}");
    made("hello");
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    made("hello");
    at.newTurn();
    Outcome over = run("hello");
    assertThat(over.status()).isEqualTo(429);
    assertThat(over.body()).contains("2 runs were started today");
    long seconds = Long.parseLong(over.body().replaceAll(".*\"retryAfter\":(\\d+).*", "$1"));
    assertThat(seconds).isBetween(1L, 86_400L);
    at.execute("update quota_day set day = day - 1"); // it was yesterday
    at.newTurn();
    made("hello");
    assertThat(at.count("select runs from quota_day order by day desc limit 1")).isEqualTo(1);
  }

  @Test
  void whatWaitsForTheNextDayGoesOnThen() throws Exception {
    at.apply(HELLO);
    quota("{\"runsPerDay\":1,\"whenOver\":\"wait\"}");
    made("hello");
    String second = made("hello");
    at.starts(1);
    at.execute("update quota_day set day = day - 1");
    at.newTurn();
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(second);
  }

  @Test
  void aTickWithoutRoomIsInTheLedger() throws Exception {
    at.apply("id: often\ntriggers: [{every: 1h}]\nstages: [{id: only, run: noop}]");
    at.apply(HELLO);
    quota("{\"running\":1}");
    made("hello");
    at.execute("update trigger set next_at = clock_timestamp() - interval '1 second'");
    at.newTurn();
    at.passes();
    assertThat(at.texts("select disposition from tick")).containsExactly("SKIPPED_QUOTA");
    assertThat(at.count("select count(*) from run")).isEqualTo(1);
  }

  @Test
  void aNamespaceHasSoManyJobsAndTheyTickNoMoreOften() throws Exception {
    at.apply(HELLO);
    quota("{\"jobs\":2,\"minIntervalMillis\":60000}");
    Outcome often = apply("id: often\ntriggers: [{every: 10s}]\nstages: [{id: a, run: noop}]");
    assertThat(often.status()).isEqualTo(429);
    assertThat(often.body()).contains("triggers[0] ticks at", "least interval PT1M");
    Outcome cron =
        apply("id: often\ntriggers: [{cron: '*/30 0 9 * * *'}]\nstages: [{id: a, run: noop}]");
    assertThat(cron.status()).isEqualTo(429);
    at.apply("id: seldom\ntriggers: [{cron: '0 9 * * *'}]\nstages: [{id: a, run: noop}]");
    Outcome third = apply("id: third\nstages: [{id: a, run: noop}]");
    assertThat(third.status()).isEqualTo(429);
    assertThat(third.body()).contains("namespace 'default' has 2 jobs, its quota is 2");
    at.applyAgain(HELLO + "\ndescription: a new version of one that is there");
  }

  private Outcome apply(String yaml) throws Exception {
    return ask(
        Command.Kind.JOB_APPLY,
        "job",
        "{\"definition\":" + TurnFixture.canonical(yaml) + ",\"source\":\"api\"}");
  }

  @Test
  void paramsAndTheLineHaveTheirBounds() throws Exception {
    at.apply("id: takes\nparams: {text: string}\nstages: [{id: only, run: noop, pool: nobody}]");
    quota("{\"payloadBytes\":20,\"queued\":2}");
    Outcome large = ask(Command.Kind.RUN_START, "takes", "{\"params\":{\"text\":\"0123456789\"}}");
    assertThat(large.status()).isEqualTo(429);
    assertThat(large.body()).contains("params have 21 bytes, the quota");
    made("takes");
    made("takes");
    Outcome third = run("takes");
    assertThat(third.status()).isEqualTo(429);
    assertThat(third.body()).contains("2 runs wait to begin");
  }

  /** The run that waits for others holds the place for all of them. */
  @Test
  void runsOfStagesAreNotCountedAgain() throws Exception {
    at.apply(HELLO);
    at.apply(
        """
        id: outer
        stages:
          - {id: call, run: job, with: {job: hello}}
          - {id: fan, run: noop, for-each: "${{ range(3) }}"}
        """);
    quota("{\"running\":1,\"runsPerDay\":1,\"whenOver\":\"wait\"}");
    made("outer");
    at.complete(claims(at.starts(4)), "{}");
    at.passes();
    assertThat(at.text("select state from run where parent is null")).isEqualTo("COMPLETED");
    assertThat(at.count("select runs from quota_day")).isEqualTo(1);
  }

  @Test
  void aPauseInTheLineIsExact() throws Exception {
    at.apply(HELLO);
    quota("{\"running\":1,\"whenOver\":\"wait\"}");
    made("hello");
    String second = made("hello");
    String third = made("hello");
    ask(Command.Kind.RUN_PAUSE, null, "{\"run\":\"" + second + "\"}");
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    List<Start> next = at.starts(1);
    assertThat(next.getFirst().claim().run().toString()).isEqualTo(third);
    ask(Command.Kind.RUN_RESUME, null, "{\"run\":\"" + second + "\"}");
    at.assertNoStarts();
    at.complete(claims(next), "{}");
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(second);
  }

  @Test
  void ofManyAllOrNoneFitTheQuota() throws Exception {
    at.apply(HELLO);
    quota("{\"running\":2}");
    assertThat(bulk(3).body()).contains("\"made\":0", "\"status\":429", "no room for all");
    assertThat(bulk(2).body()).contains("\"made\":2");
  }

  private Outcome bulk(int count) throws Exception {
    StringBuilder starts = new StringBuilder();
    for (int i = 0; i < count; i++) {
      String run = at.text("select run_text(next_run_id(clock_timestamp()))");
      starts.append(i == 0 ? "" : ",").append("{\"job\":\"hello\",\"run\":\"" + run + "\"}");
    }
    return ask(Command.Kind.RUNS_ACCEPTED, null, "{\"atomic\":true,\"starts\":[" + starts + "]}");
  }

  private Outcome set(String... yamls) throws Exception {
    StringBuilder jobs = new StringBuilder();
    for (int i = 0; i < yamls.length; i++) {
      jobs.append(i == 0 ? "" : ",").append("{\"file\":\"").append(i).append(".yaml\",");
      jobs.append("\"definition\":").append(TurnFixture.canonical(yamls[i])).append('}');
    }
    String body = "{\"source\":\"set:shop\",\"prune\":true,\"jobs\":[" + jobs + "]}";
    long id = at.ask(new Command(Command.Kind.SET_APPLY, "default", null, body, "tester", null));
    at.passUntil(
        "the set is judged",
        () -> at.count("select count(*) from outcome where inbox = " + id) == 1);
    return at.outcome(id);
  }

  private static String job(String id, String more) {
    return "id: " + id + "\n" + more + "stages: [{id: a, run: noop}]";
  }

  @Test
  void aSetIsJudgedAsAWhole() throws Exception {
    quota("{\"jobs\":2,\"minIntervalMillis\":60000}");
    Outcome over = set(job("a", ""), job("b", ""), job("c", "triggers: [{every: 10s}]\n"));
    assertThat(over.status()).isEqualTo(409);
    assertThat(over.body())
        .contains("1 of the set's jobs cannot be applied", "2.yaml")
        .contains("namespace 'default' has 2 jobs, its quota is 2");
    Outcome often = set(job("a", ""), job("c", "triggers: [{every: 10s}]\n"));
    assertThat(often.body()).contains("1.yaml", "triggers[0] ticks at", "least interval PT1M");
    assertThat(at.count("select count(*) from job")).isZero();
    assertThat(set(job("a", ""), job("b", "")).status()).isEqualTo(200);
    Outcome swapped = set(job("a", ""), job("c", "")); // b goes at the same time
    assertThat(swapped.status()).as(swapped.body()).isEqualTo(200);
  }

  @Test
  void whatComesAfterAnotherJobIsJudgedToo() throws Exception {
    at.apply(HELLO);
    at.apply(job("next", "triggers: [{after: [hello]}]\n"));
    quota("{\"runsPerDay\":1}");
    made("hello");
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    assertThat(at.texts("select disposition from after_fire")).containsExactly("SKIPPED_QUOTA");
    assertThat(at.count("select count(*) from run")).isEqualTo(1);
  }

  /** What it requires is there, and it stands in line behind who came before that. */
  @Test
  void whoWaitedForAnotherJobWaitsForTheQuotaThen() throws Exception {
    at.apply(HELLO);
    at.apply(job("patient", "requires: [hello]\n"));
    quota("{\"running\":1,\"whenOver\":\"wait\"}");
    String patient = made("patient");
    made("hello");
    String before = made("hello");
    at.complete(claims(at.starts(1)), "{}");
    at.passes();
    List<Start> second = at.starts(1);
    assertThat(second.getFirst().claim().run().toString()).isEqualTo(before);
    at.newTurn();
    at.passes();
    at.assertNoStarts();
    at.complete(claims(second), "{}");
    at.passes();
    assertThat(at.starts(1).getFirst().claim().run().toString()).isEqualTo(patient);
  }
}
