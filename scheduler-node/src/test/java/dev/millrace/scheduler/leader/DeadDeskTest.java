package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Start;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Dead letters through the leader's turn, on real tables and a real broker. */
class DeadDeskTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String SINGLE =
      """
      id: single
      params: {who: {type: string, default: world}, token: {type: string, secret: true, default: "tok-12345"}}
      stages: [{id: only, run: noop, with: {to: "${{ params.who }}", auth: "Bearer ${{ params.token }}"}}]
      """;
  private static final String LETTER =
      "select state || '/' || coalesce(actor, '-') || '/' || coalesce(note, '-') from dead_letter order by id";

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

  private static Command command(String kind, String body) {
    return new Command(kind, "default", null, body, "tester", "because");
  }

  private Outcome ask(String kind, String body) throws Exception {
    long id = at.ask(command(kind, body));
    at.passes();
    return at.outcome(id);
  }

  private Outcome redrive(String body) throws Exception {
    return ask(Command.Kind.DEAD_REDRIVE, body);
  }

  private static JsonNode json(Outcome outcome) throws Exception {
    return JSON.readTree(outcome.body());
  }

  private List<String> letters() {
    return at.texts("select id::text from dead_letter order by id").stream()
        .map(id -> new RunId(Long.parseLong(id)).toString())
        .toList();
  }

  private static String ids(List<String> ids) {
    return "{\"ids\":[\"" + String.join("\",\"", ids) + "\"]}";
  }

  private void runs(String job, int count) throws Exception {
    at.ask(Command.runs("default", job, count, "tester"));
    at.passes();
  }

  private List<String> failedSingles(int count) throws Exception {
    at.apply(SINGLE);
    runs("single", count);
    at.fail(claims(at.starts(count)), "exit:3");
    at.passes();
    assertThat(letters()).hasSize(count);
    return letters();
  }

  @Test
  void aLetterHasEverythingThatIsKnownOfTheFailure() throws Exception {
    at.apply(
        """
        id: tried
        params: {token: {type: string, secret: true, default: "tok-12345"}}
        stages:
          - id: only
            run: noop
            with: {auth: "Bearer ${{ params.token }}"}
            retry: {max-attempts: 2, backoff: fixed, initial: 0s}
        """);
    runs("tried", 1);
    at.fail(claims(at.starts(1)), "http:503");
    at.passes();
    assertThat(letters()).isEmpty();
    at.database.api().useHandle(handle -> handle.execute("update stage set due_at = ready_at"));
    at.newTurn();
    at.passes();
    at.fail(claims(at.starts(1)), "http:503");
    at.passes();
    assertThat(
            at.text(
                """
                select concat_ws(' ', namespace, job, version, stage, attempt, handler, pool, reason, error, attempts,
                  worker, state, item)
                from dead_letter
                """))
        .isEqualTo("default tried 1 only 2 noop default http:503 it said no 2 worker OPEN");
    assertThat(
            at.count(
                """
                select count(*) from dead_letter d
                where first_failed = (select finished_at from attempt where attempt = 1)
                  and last_failed = (select finished_at from stage) and first_failed < last_failed
                """))
        .isEqualTo(1);
    JsonNode message = JSON.readTree(at.text("select message from dead_letter"));
    assertThat(message.at("/claim/attempt").asInt()).isEqualTo(2);
    assertThat(message.at("/with/auth").asText()).isEqualTo("Bearer ***");
    assertThat(message.at("/params/token").asText()).isEqualTo("***");
    assertThat(at.text("select message from dead_letter")).doesNotContain("tok-12345");
  }

  @Test
  void aStageThatNeverStartedLeavesALetterToo() throws Exception {
    at.apply(
        """
        id: odd
        params: {n: {type: integer, default: 0}}
        stages: [{id: only, run: noop, with: {n: "${{ 1 / params.n }}"}}]
        """);
    runs("odd", 1);
    assertThat(at.text("select state || '/' || attempt || '/' || attempts from dead_letter"))
        .isEqualTo("OPEN/0/0");
    assertThat(at.text("select message from dead_letter")).contains("1 / params.n");
    assertThat(at.count("select count(*) from dead_letter where first_failed = last_failed"))
        .isEqualTo(1);
  }

  @Test
  void aRedrivenLetterStartsItsStageOnce() throws Exception {
    List<String> letters = failedSingles(1);
    Outcome first = redrive(ids(letters));
    assertThat(first.status()).isEqualTo(200);
    assertThat(json(first).at("/results/0/status").asInt()).as(first.body()).isEqualTo(200);
    assertThat(at.text(LETTER)).isEqualTo("REDRIVEN/tester/because");
    Start again = at.starts(1).getFirst();
    assertThat(again.claim().attempt()).isEqualTo(2);
    Outcome second = redrive(ids(letters));
    assertThat(json(second).at("/results/0/status").asInt()).isEqualTo(409);
    assertThat(json(second).at("/results/0/detail").asText()).contains("REDRIVEN by tester");
    Outcome alone = redrive("{\"id\":\"" + letters.getFirst() + "\"}");
    assertThat(alone.status()).isEqualTo(409);
    at.assertNoStarts();
    at.complete(List.of(again.claim()), "{}");
    at.passes();
    assertThat(at.text("select state from run")).isEqualTo("COMPLETED");
    assertThat(at.texts("select moves from history").toString())
        .contains("redrive of dead letter " + letters.getFirst() + ": because");
  }

  @Test
  void twoWhoAskAtOnceStartItOnce() throws Exception {
    List<String> letters = failedSingles(1);
    List<Long> asked = new ArrayList<>();
    List<Thread> askers = new ArrayList<>();
    for (int i = 0; i < 8; i++) {
      askers.add(
          Thread.ofVirtual()
              .start(
                  () -> {
                    long id = at.ask(command(Command.Kind.DEAD_REDRIVE, ids(letters)));
                    synchronized (asked) {
                      asked.add(id);
                    }
                  }));
    }
    for (Thread asker : askers) {
      asker.join();
    }
    at.passes();
    int done = 0;
    for (long id : asked) {
      done += json(at.outcome(id)).path("done").asInt();
    }
    assertThat(done).isEqualTo(1);
    at.starts(1);
    at.assertNoStarts();
  }

  @Test
  void eachOfManyIsAnsweredForItself() throws Exception {
    List<String> letters = failedSingles(3);
    String run = at.text("select run::text from dead_letter order by id offset 1 limit 1");
    redrive(ids(letters.subList(0, 1)));
    at.database
        .api()
        .useHandle(
            handle -> {
              handle.execute("delete from stage where run = " + run);
              handle.execute("delete from run where id = " + run);
            });
    at.newTurn();
    List<String> asked = new ArrayList<>(letters);
    asked.add(new RunId(7).toString());
    JsonNode answer = json(redrive(ids(asked)));
    assertThat(answer.path("done").asInt()).isEqualTo(1);
    assertThat(answer.findValuesAsText("status")).containsExactly("409", "409", "200", "404");
    assertThat(answer.at("/results/1/detail").asText()).contains("its run is not there any more");
    assertThat(at.texts("select state from dead_letter order by id"))
        .containsExactly("REDRIVEN", "DISCARDED", "REDRIVEN");
    long elsewhere =
        at.ask(new Command(Command.Kind.DEAD_REDRIVE, "other", null, ids(letters), "tester", null));
    at.passes();
    assertThat(json(at.outcome(elsewhere)).findValuesAsText("status")).containsOnly("404");
  }

  @Test
  void otherParamsAreANewRunOfTheSameVersion() throws Exception {
    String letter = failedSingles(1).getFirst();
    at.applyAgain(SINGLE.replace("noop", "other"));
    String body =
        "{\"id\":\"%s\",\"params\":{\"who\":\"anna\",\"token\":\"***\"}}".formatted(letter);
    Outcome made = redrive(body);
    assertThat(made.status()).as(made.body()).isEqualTo(201);
    Start start = at.starts(1).getFirst();
    assertThat(start.handler()).isEqualTo("noop");
    assertThat(start.with()).contains("anna").contains("Bearer tok-12345");
    assertThat(start.claim().run().toString()).isEqualTo(json(made).path("run").asText());
    assertThat(at.text(LETTER)).contains("REDRIVEN/tester/run " + start.claim().run());
    assertThat(
            at.count(
                "select count(*) from dead_letter where successor = "
                    + start.claim().run().value()))
        .isEqualTo(1);
    assertThat(at.count("select count(*) from run where state = 'FAILED'")).isEqualTo(1);
    assertThat(at.text("select reason from run where id = " + start.claim().run().value()))
        .contains("redrive of dead letter " + letter)
        .endsWith(": because");
    assertThat(redrive(body).status()).isEqualTo(409);
    at.assertNoStarts();
  }

  @Test
  void paramsThatTheJobDoesNotTakeLeaveTheLetterOpen() throws Exception {
    String letter = failedSingles(1).getFirst();
    Outcome refused = redrive("{\"id\":\"%s\",\"params\":{\"whom\":\"anna\"}}".formatted(letter));
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.body()).contains("whom").contains("no such parameter");
    assertThat(at.text("select state from dead_letter")).isEqualTo("OPEN");
  }

  @Test
  void whatIsPutRightInAnotherWayClosesItsLetter() throws Exception {
    failedSingles(3);
    List<String> runs = at.texts("select run::text from dead_letter order by id");
    String run0 = new RunId(Long.parseLong(runs.get(0))).toString();
    String run1 = new RunId(Long.parseLong(runs.get(1))).toString();
    ask(Command.Kind.RUN_RETRY, "{\"run\":\"" + run0 + "\"}");
    ask(
        Command.Kind.STAGE_ACT,
        "{\"run\":\"" + run1 + "\",\"stage\":\"only\",\"action\":\"acknowledge\"}");
    assertThat(at.texts(LETTER))
        .containsExactly(
            "REDRIVEN/tester/its stage was started again: because",
            "DISCARDED/tester/its stage was acknowledged: because",
            "OPEN/-/-");
    at.fail(claims(at.starts(1)), "exit:3");
    at.passes();
    assertThat(at.count("select count(*) from dead_letter where state = 'OPEN'")).isEqualTo(2);
    assertThat(at.count("select count(distinct fingerprint) from dead_letter")).isEqualTo(1);
  }

  @Test
  void discardingNeedsAReasonAndClosesOnce() throws Exception {
    List<String> letters = failedSingles(3);
    long silent =
        at.ask(
            new Command(Command.Kind.DEAD_DISCARD, "default", null, ids(letters), "tester", null));
    at.passes();
    assertThat(at.outcome(silent).status()).isEqualTo(422);
    JsonNode answer = json(ask(Command.Kind.DEAD_DISCARD, ids(letters.subList(0, 1))));
    assertThat(answer.path("done").asInt()).isEqualTo(1);
    answer = json(ask(Command.Kind.DEAD_DISCARD, "{\"filter\":{\"error\":\"SAID no\"}}"));
    assertThat(answer.path("done").asInt()).isEqualTo(2);
    assertThat(ask(Command.Kind.DEAD_DISCARD, "{\"filter\":{}}").status()).isEqualTo(422);
    assertThat(at.texts("select distinct state || note from dead_letter"))
        .containsExactly("DISCARDEDbecause");
    assertThat(json(redrive(ids(letters))).path("done").asInt()).isZero();
  }

  @Test
  void anItemIsRedrivenForItsStageWhileThatWaits() throws Exception {
    at.apply(
        """
        id: fan
        stages:
          - {id: each, run: noop, for-each: "${{ range(3) }}", tolerate: 2}
          - {id: after, run: noop, needs: [each]}
        """);
    runs("fan", 1);
    List<Start> starts = at.starts(3);
    at.fail(claims(starts.subList(0, 1)), "exit:1");
    at.passes();
    assertThat(at.text("select state || item from dead_letter"))
        .isEqualTo("OPEN" + starts.getFirst().index());
    JsonNode answer = json(redrive(ids(letters()))).at("/results/0");
    assertThat(answer.path("status").asInt()).as(answer.toString()).isEqualTo(200);
    List<Start> again = at.starts(1);
    assertThat(again.getFirst().index()).isEqualTo(starts.getFirst().index());
    at.complete(claims(again), "{}");
    at.complete(claims(starts.subList(1, 3)), "{}");
    at.passes();
    assertThat(at.text("select output from stage where name = 'each' and fan is not null"))
        .contains("\"completed\":3");
  }

  @Test
  void itemsOfAStageThatStartedAgainAreClosed() throws Exception {
    at.apply("id: fan\nstages: [{id: each, run: noop, for-each: \"${{ range(2) }}\"}]\n");
    runs("fan", 1);
    at.fail(claims(at.starts(2)), "exit:1");
    at.passes();
    assertThat(at.count("select count(*) from dead_letter where state = 'OPEN'")).isEqualTo(2);
    String top = at.text("select id::text from run where parent is null");
    ask(Command.Kind.RUN_RETRY, "{\"run\":\"" + new RunId(Long.parseLong(top)) + "\"}");
    assertThat(at.texts("select distinct state from dead_letter")).containsExactly("REDRIVEN");
    at.starts(2);
    assertThat(json(redrive(ids(letters()))).path("done").asInt()).isZero();
  }

  @Test
  void manyAreRedrivenAtTheirRateAndOverARestart() throws Exception {
    failedSingles(5);
    Outcome begun = redrive("{\"filter\":{\"job\":\"single\"},\"rate\":1000}");
    assertThat(begun.status()).as(begun.body()).isEqualTo(201);
    String id = json(begun).path("redrive").asText();
    at.assertNoStarts();
    at.newTurn();
    String step = "{\"step\":\"" + id + "\"}";
    List<Start> starts = new ArrayList<>();
    while (!at.text("select state from redrive_batch").equals("DONE")) {
      assertThat(redrive(step).status()).isEqualTo(200);
    }
    starts.addAll(at.starts(5));
    assertThat(at.text("select total || '/' || redriven || '/' || refused from redrive_batch"))
        .isEqualTo("5/5/0");
    at.fail(claims(starts), "exit:3");
    at.passes();
    redrive(step);
    assertThat(at.count("select count(*) from dead_letter where state = 'OPEN'"))
        .as("what fails again does not belong to it")
        .isEqualTo(5);
    at.assertNoStarts();
  }

  @Test
  void aStepDoesWhatTheRateAllowsAndNoMore() throws Exception {
    failedSingles(5);
    redrive("{\"filter\":{},\"rate\":1}");
    String id = new RunId(Long.parseLong(at.text("select id::text from redrive_batch"))).toString();
    at.database
        .api()
        .useHandle(
            handle ->
                handle.execute(
                    "update redrive_batch set per_second = 2, stepped_at = clock_timestamp() - interval '1 hour'"));
    redrive("{\"step\":\"" + id + "\"}");
    assertThat(at.text("select redriven || '/' || steps from redrive_batch")).isEqualTo("2/1");
    at.starts(2);
    Outcome cancelled = redrive("{\"cancel\":\"" + id + "\"}");
    assertThat(cancelled.status()).isEqualTo(200);
    assertThat(redrive("{\"cancel\":\"" + id + "\"}").status()).isEqualTo(409);
    redrive("{\"step\":\"" + id + "\"}");
    at.assertNoStarts();
    assertThat(at.text("select state || '/' || redriven from redrive_batch"))
        .isEqualTo("CANCELLED/2");
  }

  @Test
  void whatCannotBeReadIsRefused() throws Exception {
    for (String body :
        List.of(
            "{}",
            "nonsense",
            "{\"ids\":[]}",
            "{\"ids\":[\"x\"]}",
            "{\"ids\":7}",
            "{\"id\":null}",
            "{\"filter\":{\"since\":\"yesterday\"}}",
            "{\"filter\":{},\"rate\":0}",
            "{\"filter\":{\"run\":\"short\"}}",
            "{\"step\":1}")) {
      assertThat(redrive(body).status()).as(body).isEqualTo(422);
    }
    assertThat(redrive("{\"filter\":{}}").status()).isEqualTo(404);
    assertThat(redrive("{\"cancel\":\"0HZXW3V5K2Q8T\"}").status()).isEqualTo(404);
    assertThat(redrive("{\"id\":\"0HZXW3V5K2Q8T\"}").status()).isEqualTo(404);
  }

  @Test
  void aPassThatFailsLeavesNoLetterAndLosesNone() throws Exception {
    at.apply(SINGLE);
    runs("single", 2);
    at.fail(claims(at.starts(2)), "exit:3");
    at.failCommits(1);
    at.ask(command(Command.Kind.EVENT_SEND, "{\"name\":\"any\"}"));
    assertThatThrownBy(at::pass).hasStackTraceContaining("a commit that fails");
    assertThat(letters()).isEmpty();
    at.passes();
    assertThat(letters()).hasSize(2);
  }

  /** A large pass is written in two transactions; a letter never without its stage. */
  @Test
  void aLargePassThatFailsLosesNoneEither() throws Exception {
    int many = 400;
    at.apply("id: bulk\nstages: [{id: only, run: noop}]\n");
    runs("bulk", many);
    List<Start> starts = at.starts(many);
    at.fail(claims(starts), "exit:3");
    at.failCommits(1);
    at.ask(Command.runs("default", "bulk", many, "tester"));
    assertThatThrownBy(at::pass).hasStackTraceContaining("a commit that fails");
    assertThat(at.count("select count(*) from stage where state = 'FAILED'")).isZero();
    at.passes();
    assertThat(at.count("select count(*) from stage where state = 'FAILED'")).isEqualTo(many);
    assertThat(at.count("select count(*) from dead_letter where state = 'OPEN'")).isEqualTo(many);
    assertThat(at.count("select count(distinct fingerprint) from dead_letter")).isOne();
  }
}
