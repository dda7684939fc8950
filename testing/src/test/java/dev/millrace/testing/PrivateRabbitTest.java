package dev.millrace.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import java.net.URI;
import org.junit.jupiter.api.Test;

final class PrivateRabbitTest {
  @Test
  void keepsMessagesThroughAKillAndForgetsThemWhenWiped() throws Exception {
    assumeTrue(PrivateRabbit.available(), "no rabbitmq-server on this machine");
    try (var rabbit = PrivateRabbit.start()) {
      assertThat(rabbit.port()).isNotEqualTo(5672);
      URI extra = rabbit.addVirtualHost("extra");
      publish(extra);
      publish(rabbit.uri());
      rabbit.killHard();
      assertThat(rabbit.running()).isFalse();
      rabbit.startAgain();
      assertThat(waiting(rabbit.uri())).isEqualTo(1);
      assertThat(waiting(extra)).isEqualTo(1);
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
