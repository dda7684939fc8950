package dev.millrace.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.net.URI;
import java.time.Duration;
import org.junit.jupiter.api.Test;

final class PrivateRabbitTest {
  private static final Duration SOON = Duration.ofSeconds(20);

  @Test
  void keepsMessagesThroughAKillAndForgetsThemWhenWiped() throws Exception {
    assumeTrue(PrivateRabbit.available(), "no rabbitmq-server on this machine");
    try (var rabbit = PrivateRabbit.start()) {
      assertThat(rabbit.port()).isNotEqualTo(5672);
      URI extra = rabbit.addVirtualHost("extra");
      // A queue of the last moment may be forgotten by a kill, unlike confirmed messages.
      assertThat(waiting(extra)).isZero();
      assertThat(waiting(rabbit.uri())).isZero();
      rabbit.stop();
      rabbit.startAgain();
      publish(extra);
      publish(rabbit.uri());
      rabbit.killHard();
      assertThat(rabbit.running()).isFalse();
      rabbit.startAgain();
      // A node that was killed answers before it has read all of its queues again.
      await().atMost(SOON).until(() -> waiting(rabbit.uri()) == 1);
      await().atMost(SOON).until(() -> waiting(extra) == 1);
      rabbit.stop();
      rabbit.wipe();
      rabbit.startAgain();
      assertThat(waiting(rabbit.uri())).isZero();
    }
  }

  private static void publish(URI uri) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(uri);
    try (var connection = factory.newConnection("test");
        var channel = connection.createChannel()) {
      channel.queueDeclare("kept", true, false, false, null);
      channel.confirmSelect();
      channel.basicPublish("", "kept", MessageProperties.PERSISTENT_BASIC, new byte[] {1});
      channel.waitForConfirmsOrDie(5_000);
    }
  }

  private static int waiting(URI uri) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(uri);
    try (var connection = factory.newConnection("test");
        var channel = connection.createChannel()) {
      return channel.queueDeclare("kept", true, false, false, null).getMessageCount();
    }
  }
}
