package dev.millrace.embedded;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DeliverCallback;
import com.rabbitmq.client.MessageProperties;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CountDownLatch;
import java.util.concurrent.TimeUnit;
import org.awaitility.Awaitility;
import org.junit.jupiter.api.Test;

final class LocalBrokerTest {
  @Test
  void confirmsReturnsAndDelivers() throws Exception {
    try (var broker = LocalBroker.settings().start();
        Connection connection = connect(broker);
        Channel channel = connection.createChannel()) {
      assertThat(broker.port()).isNotIn(0, 5672);
      channel.queueDeclare("work", true, false, false, Map.of("x-queue-type", "quorum"));
      channel.confirmSelect();
      CompletableFuture<String> returned = new CompletableFuture<>();
      channel.addReturnListener(message -> returned.complete(message.getRoutingKey()));
      CompletableFuture<String> delivered = new CompletableFuture<>();
      channel.basicConsume("work", false, take(channel, delivered), tag -> {});

      publish(channel, "work", "hello");
      assertThat(channel.waitForConfirms(5_000)).isTrue();
      publish(channel, "nobody", "lost?");
      // RabbitMQ acks what it has returned, Broker-J nacks it; both settle it.
      assertThat(channel.waitForConfirms(5_000)).isFalse();
      assertThat(delivered.get(5, TimeUnit.SECONDS)).isEqualTo("hello");
      assertThat(returned.get(5, TimeUnit.SECONDS)).isEqualTo("nobody");
    }
  }

  @Test
  void survivesItsClientsAndReleasesItsPortAndThreads() throws Exception {
    var broker = LocalBroker.settings().start();
    Connection connection = connect(broker);
    CountDownLatch shut = new CountDownLatch(1);
    connection.addShutdownListener(cause -> shut.countDown());
    broker.close();
    broker.close();
    assertThat(shut.await(10, TimeUnit.SECONDS)).isTrue();
    Awaitility.await()
        .atMost(10, TimeUnit.SECONDS)
        .untilAsserted(
            () ->
                assertThat(Thread.getAllStackTraces().keySet())
                    .filteredOn(LocalBrokerTest::brokerThread)
                    .isEmpty());
    try (var again = LocalBroker.settings().port(broker.port()).credentials("a", "b").start();
        Connection second = connect(again)) {
      assertThat(again.port()).isEqualTo(broker.port());
      assertThat(second.isOpen()).isTrue();
    }
  }

  @Test
  void refusesAWrongPasswordAndATakenPort() throws Exception {
    try (var broker = LocalBroker.settings().start()) {
      ConnectionFactory factory = new ConnectionFactory();
      factory.setUri(broker.uri());
      factory.setPassword("guess");
      assertThatThrownBy(factory::newConnection).isInstanceOf(java.io.IOException.class);
      assertThatThrownBy(() -> LocalBroker.settings().port(broker.port()).start())
          .isInstanceOf(java.io.IOException.class)
          .hasMessageContaining("is taken");
      try (Connection connection = connect(broker)) {
        assertThat(connection.isOpen()).isTrue();
      }
    }
  }

  @Test
  void twoBrokersDoNotSeeEachOther() throws Exception {
    var other = CompletableFuture.supplyAsync(LocalBrokerTest::startUnchecked);
    try (var one = LocalBroker.settings().start();
        var two = other.get(30, TimeUnit.SECONDS);
        Connection toOne = connect(one);
        Connection toTwo = connect(two)) {
      toOne.createChannel().queueDeclare("mine", true, false, false, null);
      assertThatThrownBy(() -> toTwo.createChannel().queueDeclarePassive("mine"))
          .isInstanceOf(java.io.IOException.class);
    }
  }

  private static boolean brokerThread(Thread thread) {
    String name = thread.getName();
    return name.contains("Broker-Config")
        || name.contains("VirtualHost")
        || name.startsWith("IO-")
        || name.startsWith("Selector")
        || name.contains("Housekeeping");
  }

  private static LocalBroker startUnchecked() {
    try {
      return LocalBroker.settings().start();
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }

  private static Connection connect(LocalBroker broker) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.uri());
    factory.setAutomaticRecoveryEnabled(false);
    return factory.newConnection("test");
  }

  private static DeliverCallback take(Channel channel, CompletableFuture<String> target) {
    return (tag, delivery) -> {
      channel.basicAck(delivery.getEnvelope().getDeliveryTag(), false);
      target.complete(new String(delivery.getBody(), StandardCharsets.UTF_8));
    };
  }

  private static void publish(Channel channel, String queue, String body) throws Exception {
    channel.basicPublish(
        "",
        queue,
        true,
        MessageProperties.PERSISTENT_TEXT_PLAIN,
        body.getBytes(StandardCharsets.UTF_8));
  }
}
