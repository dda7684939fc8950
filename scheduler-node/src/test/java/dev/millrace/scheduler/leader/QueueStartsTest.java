package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.rabbitmq.client.AMQP;
import dev.millrace.scheduler.command.Command;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Start;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Runs started by messages, at the broker that tests find and at the embedded one. */
@ParameterizedClass
@EnumSource(Mail.At.class)
class QueueStartsTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String SHIP =
      """
      id: ship
      params: {order: {type: integer, required: true}}
      stages: [{id: only, run: noop}]
      """;

  @Parameter Mail.At broker;
  private TurnFixture at;
  private Mail mail;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture(broker.host());
    mail = new Mail(at);
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  @Test
  void oneMessageIsOneRunAndOneKeyIsOneRun() throws Exception {
    at.apply(SHIP);
    String body =
        """
        {"v": 1, "job": "ship", "params": {"order": 7}, "key": "order-7", "reason": "paid"}
        """;
    mail.send(Entities.TRIGGERS, body);
    mail.passUntilMessages("made", 1);
    mail.send(Entities.TRIGGERS, body);
    mail.passUntilMessages("replayed", 1);
    assertThat(at.texts("select trigger_kind || params || actor || reason from run"))
        .containsExactly("queue{\"order\":7}queue:millrace.triggerspaid");
    assertThat(at.starts(1)).hasSize(1);
    assertThat(at.texts("select namespace || job || key from start_key"))
        .containsExactly("defaultshipk:order-7");
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
  }

  @Test
  void oneBatchMayHaveAKeyTwiceAndTheApisKeysAreTheSame() throws Exception {
    at.apply(SHIP);
    String made = at.text("select millrace.trigger('ship', '{\"order\": 1}', 'one')");
    at.hint();
    for (int i = 0; i < 2; i++) {
      mail.send(Entities.TRIGGERS, "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"one\"}");
      mail.send(Entities.TRIGGERS, "{\"job\":\"ship\",\"params\":{\"order\":2},\"key\":\"two\"}");
    }
    mail.passUntilMessages("replayed", 3);
    assertThat(mail.messages("made")).isEqualTo(1);
    assertThat(at.count("select count(*) from run")).isEqualTo(2);
    assertThat(at.texts("select run_text(run) from start_key where key = 'k:one'"))
        .containsExactly(made);
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
  }

  @Test
  void theMessagesIdIsItsKeyAndWithoutOneEachIsARun() throws Exception {
    at.apply(SHIP);
    String body = "{\"job\":\"ship\",\"params\":{\"order\":1}}";
    mail.send(Entities.TRIGGERS, body, new AMQP.BasicProperties.Builder().messageId("m-1"));
    mail.send(Entities.TRIGGERS, body, new AMQP.BasicProperties.Builder().messageId("m-1"));
    mail.send(Entities.TRIGGERS, body);
    mail.send(Entities.TRIGGERS, body);
    mail.passUntilMessages("made", 3);
    mail.passUntilMessages("replayed", 1);
    assertThat(at.count("select count(*) from run")).isEqualTo(3);
  }

  @Test
  void aCommitThatFailsIsTriedAgainAndDoublesNothing() throws Exception {
    at.apply(SHIP);
    at.failCommitsOf("start_key", 2);
    for (int order = 0; order < 5; order++) {
      mail.send(
          Entities.TRIGGERS,
          "{\"job\":\"ship\",\"params\":{\"order\":%d},\"key\":\"k%d\"}".formatted(order, order));
    }
    await().atMost(SOON).until(() -> triesAfterAPass() > 0);
    assertThat(at.count("select count(*) from run")).isZero();
    mail.passUntilRuns(5);
    mail.passUntilMessages("made", 5);
    assertThat(at.texts("select params from run order by params"))
        .containsExactly(
            "{\"order\":0}", "{\"order\":1}", "{\"order\":2}", "{\"order\":3}", "{\"order\":4}");
    assertThat(at.starts(5)).hasSize(5);
    assertThat(triesAfterAPass()).isGreaterThan(2);
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
  }

  private int triesAfterAPass() throws InterruptedException {
    at.pass();
    return at.count("select case when is_called then last_value else 0 end from commits");
  }

  @Test
  void whatFailsEachTimeIsQuarantinedAndHoldsUpNobody() throws Exception {
    at.apply(SHIP);
    failPoison();
    mail.send(Entities.TRIGGERS, "{\"job\":\"ship\",\"params\":{\"order\":0},\"key\":\"poison\"}");
    mail.send(Entities.TRIGGERS, "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"good\"}");
    await()
        .atMost(SOON)
        .until(
            () -> {
              at.pass();
              return at.count("select count(*) from run") == 1;
            });
    await()
        .atMost(SOON)
        .until(
            () -> {
              at.pass();
              return mail.messages("refused") == 1;
            });
    JsonNode dead = mail.next(Entities.DEAD);
    assertThat(dead.path("queue").asText()).isEqualTo(Entities.TRIGGERS);
    assertThat(dead.path("cause").asText()).contains("failed with it 5 times");
    assertThat(dead.path("body").asText()).contains("poison");
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
  }

  private void failPoison() {
    at.execute(
        """
        create function fail_poison() returns trigger language plpgsql as $$
        begin
          raise exception 'a key that fails for a test';
        end $$
        """);
    at.execute(
        """
        create trigger fail_poison before insert on start_key for each row
        when (new.key like 'k:poison%') execute function fail_poison()
        """);
  }

  /**
   * The leader's loop would wait after a pass that throws: none does, and others have their turn.
   */
  @Test
  void howeverManyFailEverythingElseGoesOn() throws Exception {
    int bad = 20;
    at.apply(SHIP);
    failPoison();
    for (int i = 0; i < bad; i++) {
      mail.send(
          Entities.TRIGGERS,
          "{\"job\":\"ship\",\"params\":{\"order\":0},\"key\":\"poison-%d\"}".formatted(i));
    }
    mail.send(Entities.TRIGGERS, "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"good\"}");
    for (int i = 0; i < 5; i++) {
      at.ask(
          new Command(
              Command.Kind.RUN_START, "default", "ship", "{\"params\":{\"order\":7}}", "x", null));
    }
    await()
        .atMost(SOON)
        .until(
            () -> {
              at.pass();
              return at.count("select count(*) from run") == 6;
            });
    assertThat(mail.messages("refused"))
        .as("they have not waited for all of these")
        .isLessThan(bad);
    mail.passUntilMessages("refused", bad);
    assertThat(at.count("select count(*) from run")).isEqualTo(6);
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
  }

  @Test
  void whatNeverStartsARunIsQuarantinedOnceWithItsCause() throws Exception {
    at.apply(SHIP);
    at.apply("id: stopped\nstages: [{id: only, run: noop}]");
    at.ask(new Command(Command.Kind.JOB_STOP, "default", "stopped", "{}", "tester", null));
    at.passes();
    String[][] cases = {
      {"no json", "Unrecognized token"},
      {"[1]", "not a JSON object"},
      {"{\"v\": 2, \"job\": \"ship\"}", "version v=2"},
      {"{\"params\": {}}", "field job is missing"},
      {"{\"job\": \"ship\", \"params\": [1]}", "params must be an object"},
      {"{\"job\": \"ship\", \"key\": \"\"}", "a key has 1 to 200 characters"},
      {"{\"job\": \"ship\", \"reply\": \"now\"}", "possible: run, outcome"},
      {"{\"job\": \"shop\"}", "has no job 'shop'"},
      {"{\"job\": \"sh\\u0000ip\"}", "job has a NUL character"},
      {"{\"job\": \"ship\", \"namespace\": \"\\u0000\"}", "namespace has a NUL character"},
      {"{\"job\": \"ship\", \"key\": \"\\u0000\"}", "a key has no NUL characters"},
      {"{\"job\": \"ship\", \"namespace\": \"other\"}", "namespace 'other' has no job"},
      {"{\"job\": \"ship\"}", "order"},
      {"{\"job\": \"ship\", \"params\": {\"order\": \"x\"}}", "order"},
      {"{\"job\": \"stopped\"}", "is STOPPED"},
      {"x".repeat(300_000), "message has 300000 bytes"},
    };
    for (String[] each : cases) {
      mail.send(Entities.TRIGGERS, each[0]);
      JsonNode dead = mail.next(Entities.DEAD);
      assertThat(dead.path("cause").asText()).as(each[0]).contains(each[1]);
      assertThat(dead.path("queue").asText()).isEqualTo(Entities.TRIGGERS);
    }
    mail.passUntilMessages("refused", cases.length);
    assertThat(at.metrics.counter("millrace.messages.quarantined").count()).isEqualTo(cases.length);
    assertThat(at.count("select count(*) from run")).isZero();
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
    assertThat(at.channel().messageCount(Entities.DEAD)).isZero();
  }

  @Test
  void aPausedJobTakesMessagesAsRunsThatArePaused() throws Exception {
    at.apply("id: hello\nstages: [{id: only, run: noop}]");
    at.ask(new Command(Command.Kind.JOB_PAUSE, "default", "hello", "{}", "tester", null));
    at.passes();
    mail.send(Entities.TRIGGERS, "{\"job\":\"hello\"}");
    mail.passUntilRuns(1);
    at.passes();
    assertThat(at.text("select state from run")).isEqualTo("PAUSED");
    at.assertNoStarts();
  }

  @Test
  void whatAnOverlapPolicySkipsIsARunThatSaysSo() throws Exception {
    at.apply("id: one\noverlap: skip\nstages: [{id: only, run: noop}]");
    mail.send(Entities.TRIGGERS, "{\"job\":\"one\"}");
    mail.passUntilRuns(1);
    mail.send(Entities.TRIGGERS, "{\"job\":\"one\"}", Mail.asking("second"));
    JsonNode answer = mail.next(Mail.ANSWERS);
    assertThat(answer.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(at.text("select stop_reason from run where state = 'CANCELLED'"))
        .contains("another run of it is open");
  }

  @Test
  void whoAsksIsAnsweredAndToldTheEnd() throws Exception {
    at.apply(SHIP);
    mail.send(
        Entities.TRIGGERS,
        "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"a\",\"reply\":\"outcome\"}",
        Mail.asking("c-1"));
    JsonNode made = mail.next(Mail.ANSWERS);
    assertThat(made.path("type").asText()).isEqualTo("start.answer");
    assertThat(made.path("replayed").asBoolean()).isFalse();
    assertThat(made.path("job").asText()).isEqualTo("ship");
    assertThat(made.path("state").asText()).isIn("SCHEDULED", "STARTING", "RUNNING");
    String run = made.path("run").asText();
    assertThat(at.text("select run_text(id) from run")).isEqualTo(run);
    at.newTurn(); // a leader that was not there when the message came
    List<Start> starts = at.starts(1);
    at.complete(List.of(starts.getFirst().claim()), (String) null);
    JsonNode ended = mail.next(Mail.ANSWERS);
    assertThat(ended.path("type").asText()).isEqualTo("start.outcome");
    assertThat(ended.path("run").asText()).isEqualTo(run);
    assertThat(ended.path("state").asText()).isEqualTo("COMPLETED");
    at.passUntil("nothing is owed", () -> at.count("select count(*) from start_reply") == 0);
    mail.send(
        Entities.TRIGGERS,
        "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"a\",\"reply\":\"outcome\"}",
        Mail.asking("c-2"));
    JsonNode again = mail.next(Mail.ANSWERS);
    assertThat(again.path("replayed").asBoolean()).isTrue();
    assertThat(again.path("run").asText()).isEqualTo(run);
    assertThat(again.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(mail.next(Mail.ANSWERS).path("type").asText()).isEqualTo("start.outcome");
  }

  @Test
  void whoAsksInVainIsToldWhy() throws Exception {
    at.apply(SHIP);
    mail.send(Entities.TRIGGERS, "{\"job\":\"shop\"}", Mail.asking("c"));
    JsonNode none = mail.next(Mail.ANSWERS).path("problem");
    assertThat(none.path("status").asInt()).isEqualTo(404);
    assertThat(none.path("detail").asText()).contains("no job 'shop'");
    mail.send(Entities.TRIGGERS, "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"k\"}");
    mail.passUntilMessages("made", 1);
    mail.send(
        Entities.TRIGGERS,
        "{\"job\":\"ship\",\"params\":{\"order\":2},\"key\":\"k\"}",
        Mail.asking("c"));
    JsonNode used = mail.next(Mail.ANSWERS).path("problem");
    assertThat(used.path("status").asInt()).isEqualTo(409);
    assertThat(used.path("detail").asText())
        .contains("key 'k' of job 'ship' was used with other params")
        .contains(at.text("select run_text(id) from run"));
    mail.send(
        Entities.TRIGGERS,
        "{\"job\":\"ship\"}",
        new AMQP.BasicProperties.Builder().replyTo(Entities.REPORTS));
    mail.passUntilMessages("refused", 3);
    at.channel().queuePurge(Entities.DEAD);
    assertThat(at.unackedReports()).isZero();
  }

  @Test
  void aKeyThatAnOpenTransactionClaimsHoldsUpNobody() throws Exception {
    at.apply(SHIP);
    at.database
        .api()
        .useTransaction(
            tx -> {
              tx.execute("select millrace.trigger('ship', '{\"order\": 1}', 'open')");
              mail.send(
                  Entities.TRIGGERS,
                  "{\"job\":\"ship\",\"params\":{\"order\":1},\"key\":\"open\"}");
              mail.send(
                  Entities.TRIGGERS,
                  "{\"job\":\"ship\",\"params\":{\"order\":2},\"key\":\"other\"}");
              mail.passUntilMessages("made", 1);
              assertThat(mail.messages("replayed")).isZero();
              tx.rollback();
            });
    mail.passUntilMessages("made", 2);
    assertThat(at.count("select count(*) from run")).isEqualTo(2);
  }

  @Test
  void aMessageThatTheQuotaNeverAllowsIsRefused() throws Exception {
    at.apply(SHIP);
    at.ask(
        new Command(
            Command.Kind.QUOTA_PUT, "default", null, "{\"payloadBytes\":12}", "tester", null));
    at.passes();
    String body = "{\"job\":\"ship\",\"params\":{\"order\":123456},\"key\":\"k\"}";
    mail.send(Entities.TRIGGERS, body, Mail.asking("c"));
    assertThat(mail.next(Entities.DEAD).path("cause").asText())
        .contains("params have 16 bytes, the quota of namespace 'default' is 12");
    assertThat(mail.next(Mail.ANSWERS).path("problem").path("status").asInt()).isEqualTo(429);
    mail.passUntilMessages("refused", 1);
    assertThat(at.count("select count(*) from start_key")).isZero();
    assertThat(at.count("select count(*) from run")).isZero();
    assertThat(mail.left(Entities.TRIGGERS)).isZero();
  }

  @Test
  void aMessageNamesWhatItsRunBelongsTo() throws Exception {
    at.apply(SHIP);
    String body = "{\"job\":\"ship\",\"params\":{\"order\":1},\"orchestration\":\"%s\"}";
    mail.send(Entities.TRIGGERS, body.formatted("week-7"));
    mail.send(Entities.TRIGGERS, body.formatted("week 7"));
    mail.passUntilMessages("made", 1);
    assertThat(at.text("select orchestration from run")).isEqualTo("week-7");
    assertThat(mail.next(Entities.DEAD).path("cause").asText())
        .contains("'week 7' is not possible as the id of an orchestration");
  }
}
