package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.fasterxml.jackson.databind.JsonNode;
import com.rabbitmq.client.AMQP;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.wire.Entities;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.Parameter;
import org.junit.jupiter.params.ParameterizedClass;
import org.junit.jupiter.params.provider.EnumSource;

/** Jobs bound to queues of others, at the broker that tests find and at the embedded one. */
@ParameterizedClass
@EnumSource(Mail.At.class)
class BoundQueuesTest {
  private static final String ORDERS = "orders.created";

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

  private static String bound(String queueTrigger) {
    return """
    id: ship
    params: {order: {type: integer, required: true}, via: string}
    triggers:
      - queue: %s
    stages: [{id: only, run: noop}]
    """
        .formatted(queueTrigger);
  }

  private static final String MAPPED =
      "{name: orders.created, map: \"${{ {'order': message.id, 'via': properties.routing_key} }}\","
          + " key: \"${{ 'order-' + string(message.id) }}\", if: \"message.total > 10\","
          + " reply: outcome}";

  @Test
  void aBoundQueueStartsItsJob() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    at.apply(bound(MAPPED));
    mail.send(ORDERS, "{\"id\": 7, \"total\": 11}", Mail.asking("c"));
    mail.send(ORDERS, "{\"id\": 7, \"total\": 11}");
    mail.send(ORDERS, "{\"id\": 8, \"total\": 9}");
    mail.passUntilMessages("made", 1);
    mail.passUntilMessages("replayed", 1);
    mail.passUntilMessages("ignored", 1);
    assertThat(at.texts("select trigger_kind || params || actor from run"))
        .containsExactly("queue{\"order\":7,\"via\":\"orders.created\"}queue:orders.created");
    assertThat(mail.next(Mail.ANSWERS).path("run").asText())
        .isEqualTo(at.text("select run_text(id) from run"));
    assertThat(mail.left(ORDERS)).isZero();
  }

  @Test
  void headersAndTextCanBeRead() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    at.apply(
        bound(
            "{name: orders.created, map: {order: \"${{ headers.order }}\","
                + " via: \"${{ message }}!\"}}"));
    mail.send(
        ORDERS,
        "plain words",
        new AMQP.BasicProperties.Builder().headers(Map.of("order", 5)).messageId("m"));
    mail.passUntilRuns(1);
    assertThat(at.text("select params from run"))
        .isEqualTo("{\"order\":5,\"via\":\"plain words!\"}");
    assertThat(at.text("select key from start_key")).isEqualTo("k:m");
  }

  @Test
  void whatTheExpressionsCannotReadIsQuarantined() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    at.apply(bound(MAPPED));
    mail.send(ORDERS, "{\"total\": 11}");
    JsonNode dead = mail.next(Entities.DEAD);
    assertThat(dead.path("queue").asText()).isEqualTo(ORDERS);
    assertThat(dead.path("job").asText()).isEqualTo("ship");
    assertThat(dead.path("cause").asText()).contains("`key` of the queue trigger of job 'ship'");
    mail.send(ORDERS, "{\"id\": \"seven\", \"total\": 11}");
    assertThat(mail.next(Entities.DEAD).path("cause").asText())
        .contains("order: must be of type integer");
    mail.send(ORDERS, "{", new AMQP.BasicProperties.Builder().contentType("application/json"));
    assertThat(mail.next(Entities.DEAD).path("cause").asText()).contains("not readable JSON");
    mail.passUntilMessages("refused", 3);
    assertThat(mail.left(ORDERS)).isZero();
  }

  @Test
  void aPausedJobLeavesItsMessagesInTheQueue() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    at.apply(bound(MAPPED));
    mail.send(ORDERS, "{\"id\": 1, \"total\": 11}");
    mail.passUntilRuns(1);
    for (String[] pause :
        new String[][] {
          {Command.Kind.JOB_PAUSE, Command.Kind.JOB_RESUME},
          {Command.Kind.JOB_STOP, Command.Kind.JOB_RESUME}
        }) {
      at.ask(new Command(pause[0], "default", "ship", "{}", "tester", null));
      at.passUntil("no consumer", () -> at.channel().consumerCount(ORDERS) == 0);
      int before = at.count("select count(*) from run");
      mail.send(ORDERS, "{\"id\": %d, \"total\": 11}".formatted(10 + before));
      at.passes();
      assertThat(at.channel().messageCount(ORDERS)).isEqualTo(1);
      assertThat(at.count("select count(*) from run")).isEqualTo(before);
      at.ask(new Command(pause[1], "default", "ship", "{}", "tester", null));
      mail.passUntilRuns(before + 1);
    }
    assertThat(mail.left(ORDERS)).isZero();
  }

  @Test
  void anotherVersionIsInForceForTheNextMessages() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    at.channel().queueDeclare("orders.other", true, false, false, null);
    at.apply(bound(MAPPED));
    mail.send(ORDERS, "{\"id\": 1, \"total\": 11}");
    mail.passUntilRuns(1);
    at.applyAgain(bound("{name: orders.created, map: {order: \"${{ message.id * 100 }}\"}}"));
    at.passUntil("armed", () -> at.count("select count(*) from trigger where active") == 1);
    long since = System.nanoTime();
    at.passUntil(
        "the new mapping",
        () -> {
          mail.send(ORDERS, "{\"id\": 2, \"total\": 1}");
          return at.count("select count(*) from run where params like '%200%'") > 0;
        });
    assertThat(Duration.ofNanos(System.nanoTime() - since)).isLessThan(Duration.ofSeconds(5));
    at.applyAgain(bound("{name: orders.other, map: {order: \"${{ message.id }}\"}}"));
    at.passUntil("the old one is left", () -> at.channel().consumerCount(ORDERS) == 0);
    mail.send("orders.other", "{\"id\": 3}");
    at.passUntil(
        "the other queue",
        () -> at.count("select count(*) from run where params like '%:3}'") == 1);
  }

  @Test
  void aMissingQueueIsToldOfAndConsumedWhenItIsThere() throws Exception {
    at.channel().queueDeclare("orders.well", true, false, false, null);
    at.apply("id: well\ntriggers: [{queue: {name: orders.well}}]\nstages: [{id: only, run: noop}]");
    at.apply(bound(MAPPED));
    at.passUntil(
        "it is told",
        () -> at.count("select count(*) from trigger where problem like '%is not there%'") == 1);
    mail.send("orders.well", "fine");
    mail.passUntilRuns(1);
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    mail.send(ORDERS, "{\"id\": 1, \"total\": 11}");
    mail.passUntilRuns(2);
    assertThat(at.count("select count(*) from trigger where problem is not null")).isZero();
    at.channel().queueDelete(ORDERS);
    at.passUntil(
        "it is told again",
        () -> at.count("select count(*) from trigger where problem is not null") == 1);
  }

  @Test
  void aQueueStartsOneJob() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    at.apply(bound(MAPPED));
    String other = bound(MAPPED).replace("id: ship", "id: other");
    assertThatThrownBy(() -> at.apply(other)).isInstanceOf(AssertionError.class);
    assertThat(at.text("select body from outcome order by inbox desc limit 1"))
        .contains("queue 'orders.created' starts job 'ship' of namespace 'default'")
        .contains("bind a queue of its own");
    at.ask(new Command(Command.Kind.JOB_STOP, "default", "ship", "{}", "tester", null));
    at.passes();
    at.apply(other);
    long resumed =
        at.ask(new Command(Command.Kind.JOB_RESUME, "default", "ship", "{}", "tester", null));
    at.passes();
    assertThat(at.outcome(resumed).status()).isEqualTo(409);
    assertThat(at.outcome(resumed).body()).contains("starts job 'other'");
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

  @Test
  void aSetMayHandAQueueOn() throws Exception {
    at.channel().queueDeclare(ORDERS, true, false, false, null);
    String ship = bound(MAPPED);
    String other = ship.replace("id: ship", "id: other");
    Outcome both = set(ship, other);
    assertThat(both.status()).isEqualTo(409);
    assertThat(both.body()).contains("1.yaml", "starts job 'ship'", "bind a queue of its own");
    assertThat(set(ship).status()).isEqualTo(200);
    Outcome handed = set(other); // and ship goes
    assertThat(handed.status()).as(handed.body()).isEqualTo(200);
    mail.send(ORDERS, "{\"id\": 7, \"total\": 11}");
    mail.passUntilRuns(1);
    assertThat(at.text("select j.name from run r join job j on j.id = r.job")).isEqualTo("other");
    String without = "id: other\nstages: [{id: only, run: noop}]";
    Outcome swapped = set(without, ship);
    assertThat(swapped.status()).as(swapped.body()).isEqualTo(200);
    mail.send(ORDERS, "{\"id\": 8, \"total\": 11}");
    mail.passUntilRuns(2);
  }
}
