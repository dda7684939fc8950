package dev.millrace.testing;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.sql.SQLException;
import org.junit.jupiter.api.Test;

final class TestServersTest {
  @Test
  void databasesAreEmptyAndApartAndGoneAfterwards() throws Exception {
    TestPostgres postgres = TestServers.postgres();
    assertThat(TestServers.postgres()).isSameAs(postgres);
    TestDatabase closed;
    try (var one = postgres.freshDatabase();
        var two = postgres.freshDatabase()) {
      closed = one;
      try (var connection = one.connect();
          var statement = connection.createStatement()) {
        statement.execute("create table mine (n int)");
      }
      try (var connection = two.connect();
          var statement = connection.createStatement()) {
        assertThatThrownBy(() -> statement.execute("select * from mine"))
            .isInstanceOf(SQLException.class);
      }
    }
    assertThatThrownBy(closed::connect).isInstanceOf(SQLException.class);
  }

  @Test
  void virtualHostsAreUsable() throws Exception {
    assertUsable(TestServers.broker());
  }

  @Test
  void embeddedVirtualHostsAreApart() throws Exception {
    TestBroker broker = new TestBroker.Embedded();
    assertUsable(broker);
    try (var one = broker.freshVirtualHost();
        var two = broker.freshVirtualHost()) {
      assertThat(one.uri()).isNotEqualTo(two.uri());
    }
  }

  private static void assertUsable(TestBroker broker) throws Exception {
    try (var host = broker.freshVirtualHost()) {
      ConnectionFactory factory = new ConnectionFactory();
      factory.setUri(host.uri());
      try (Connection connection = factory.newConnection("test");
          var channel = connection.createChannel()) {
        String queue = channel.queueDeclare().getQueue();
        channel.confirmSelect();
        channel.basicPublish("", queue, null, new byte[] {1});
        assertThat(channel.waitForConfirms(5_000)).isTrue();
        assertThat(channel.basicGet(queue, true)).isNotNull();
      }
    }
  }
}
