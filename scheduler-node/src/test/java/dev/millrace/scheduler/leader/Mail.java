package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.GetResponse;
import dev.millrace.testing.TestBroker;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.List;

/**
 * What other systems do at the broker, for tests of messages that start runs. The test's thread.
 */
final class Mail {
  static final String ANSWERS = "answers";
  private static final ObjectMapper JSON = new ObjectMapper();

  /** Which broker. */
  enum At {
    FOUND,
    EMBEDDED;

    TestVirtualHost host() {
      return this == FOUND
          ? TestServers.broker().freshVirtualHost()
          : new TestBroker.Embedded().freshVirtualHost();
    }
  }

  private final TurnFixture at;

  /** From now on messages start runs. */
  Mail(TurnFixture at) throws Exception {
    this.at = at;
    at.channel().queueDeclare(ANSWERS, true, false, false, null);
    at.consumeQueues();
  }

  void send(String queue, String body) throws Exception {
    send(queue, body, new AMQP.BasicProperties.Builder());
  }

  void send(String queue, String body, AMQP.BasicProperties.Builder properties) throws Exception {
    byte[] bytes = body.getBytes(StandardCharsets.UTF_8);
    at.channel().basicPublish("", queue, properties.deliveryMode(2).build(), bytes);
    at.channel().waitForConfirmsOrDie(20_000);
  }

  static AMQP.BasicProperties.Builder asking(String correlation) {
    return new AMQP.BasicProperties.Builder().replyTo(ANSWERS).correlationId(correlation);
  }

  void passUntilRuns(int count) {
    at.passUntil(count + " runs", () -> at.count("select count(*) from run") == count);
  }

  double messages(String result) {
    var counter = at.metrics.find("millrace.start.messages").tag("result", result).counter();
    return counter == null ? 0 : counter.count();
  }

  void passUntilMessages(String result, int count) {
    at.passUntil(count + " messages " + result, () -> messages(result) == count);
  }

  /** The next letter of a queue, while the turn goes on. */
  JsonNode next(String queue) {
    List<GetResponse> got = new ArrayList<>();
    at.passUntil(
        "a message in " + queue,
        () -> {
          GetResponse one = at.channel().basicGet(queue, true);
          return one != null && got.add(one);
        });
    try {
      return JSON.readTree(got.getFirst().getBody());
    } catch (IOException e) {
      throw new AssertionError(e);
    }
  }

  /** With the consumers gone, what is left is in the queue. */
  long left(String queue) throws IOException {
    at.stopQueues();
    return at.channel().messageCount(queue);
  }
}
