package dev.millrace.scheduler.dispatch;

import static org.assertj.core.api.Assertions.assertThat;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.millrace.amqp.Topology;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Entities;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import org.junit.jupiter.api.Test;

class TopologyTest {
  /** So is it after an upgrade from a version that declared them otherwise. */
  @Test
  void queuesThatAreThereWithOtherArgumentsAreUsedAsTheyAre() throws Exception {
    try (TestVirtualHost host = TestServers.broker().freshVirtualHost()) {
      ConnectionFactory factory = new ConnectionFactory();
      factory.setUri(host.uri());
      try (Connection connection = factory.newConnection("test");
          Channel channel = connection.createChannel()) {
        channel.queueDeclare(Entities.DEAD, true, false, false, null);
        channel.queueDeclare(Entities.LOGS, true, false, false, Map.of("x-max-length", 5));
        String pool = Entities.stagesOf("pool");
        channel.queueDeclare(pool, true, false, false, null);
        channel.basicPublish("", pool, null, "kept".getBytes(StandardCharsets.UTF_8));
        Topology.declareShared(channel);
        Topology.declareShared(channel);
        assertThat(Topology.declarePool(channel, "pool")).isEqualTo(pool);
        assertThat(channel.isOpen()).isTrue();
        assertThat(channel.queueDeclarePassive(pool).getMessageCount()).isEqualTo(1);
        channel.confirmSelect();
        channel.basicPublish(Entities.DEAD, "", null, new byte[] {1});
        channel.waitForConfirmsOrDie(20_000);
        assertThat(channel.queueDeclarePassive(Entities.DEAD).getMessageCount()).isEqualTo(1);
      }
    }
  }
}
