package dev.millrace.scheduler.sweep;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import dev.millrace.model.RunId;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.scheduler.command.Commands;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.DeadLetters;
import dev.millrace.scheduler.store.Redrives;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Entities;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.stream.LongStream;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Letters on their way out, and the steps of redrives, on a real database and a real broker. */
class DeadLetterSweepTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final long NOW = 1_800_000_000_000_000L;

  private TestDatabase postgres;
  private Database database;
  private TestVirtualHost host;
  private Connection connection;
  private Outbox outbox;
  private DeadLetterSweep sweep;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
    host = TestServers.broker().freshVirtualHost();
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(host.uri());
    connection = factory.newConnection("test");
    outbox = new Outbox("test", RabbitSettings.of(host.uri().toString()));
    sweep = new DeadLetterSweep(database.leader(), outbox, new Commands(database.api(), () -> {}));
  }

  @AfterEach
  void stop() throws Exception {
    outbox.close();
    connection.abort(1_000);
    host.close();
    database.close();
    postgres.close();
  }

  private void connect() {
    outbox.start();
    await().atMost(SOON).until(outbox::ready);
  }

  private void letters(int count) {
    List<DeadLetters.Fresh> letters = new ArrayList<>();
    for (int i = 1; i <= count; i++) {
      letters.add(
          new DeadLetters.Fresh(
              i,
              new DeadLetters.Place(1_000 + i, 0, "only", 1, 0, 0, DeadLetters.NO_ITEM),
              "default",
              "job",
              1,
              "noop",
              "default",
              "{\"with\":{}}",
              "exit:1",
              "no",
              "print",
              1,
              "worker",
              NOW,
              NOW));
    }
    database.leader().useTransaction(tx -> DeadLetters.insert(tx, letters));
  }

  private int count(String sql) {
    return database.api().withHandle(handle -> handle.createQuery(sql).mapTo(Integer.class).one());
  }

  @Test
  void everyLetterIsToldAndMarked() throws Exception {
    connect();
    letters(120);
    assertThat(sweep.runOnce()).isTrue();
    assertThat(sweep.runOnce()).isFalse();
    assertThat(sweep.open()).isEqualTo(120);
    assertThat(count("select count(*) from dead_letter where not published")).isZero();
    List<Long> told = new ArrayList<>();
    try (var channel = connection.createChannel()) {
      for (GetResponse got = channel.basicGet(Entities.DEAD, true);
          got != null;
          got = channel.basicGet(Entities.DEAD, true)) {
        JsonNode message = new ObjectMapper().readTree(got.getBody());
        assertThat(message.path("type").asText()).isEqualTo("dead.stage");
        told.add(RunId.parse(message.path("id").asText()).value());
      }
    }
    assertThat(told).containsExactlyElementsOf(LongStream.rangeClosed(1, 120).boxed().toList());
    assertThat(sweep.runOnce()).isFalse();
  }

  @Test
  void withoutABrokerTheyStayAndAreToldLater() throws Exception {
    letters(3);
    assertThatThrownBy(sweep::runOnce)
        .isInstanceOf(QuietFailure.class)
        .hasMessageContaining("confirmed 0 of 3");
    assertThat(count("select count(*) from dead_letter where not published")).isEqualTo(3);
    connect();
    sweep.runOnce();
    assertThat(count("select count(*) from dead_letter where not published")).isZero();
  }

  @Test
  void oneStepIsAskedForUntilItWasDone() throws Exception {
    database
        .leader()
        .useTransaction(
            tx ->
                Redrives.insert(
                    tx,
                    new Redrives.Fresh(
                        9,
                        new DeadLetters.Filter("shop", 0, null, null, null, null, 0, 0),
                        10,
                        5,
                        "anna",
                        null,
                        NOW)));
    sweep.runOnce();
    sweep.runOnce();
    assertThat(count("select count(*) from inbox where kind = 'dead.redrive' and not answer"))
        .isEqualTo(1);
    database
        .leader()
        .useTransaction(tx -> Redrives.step(tx, new Redrives.Step(9, 3, 2, 1, NOW, false, NOW)));
    sweep.runOnce();
    assertThat(count("select count(*) from inbox")).isEqualTo(2);
    database
        .leader()
        .useTransaction(tx -> Redrives.step(tx, new Redrives.Step(9, 5, 1, 0, NOW, true, NOW)));
    sweep.runOnce();
    assertThat(count("select count(*) from inbox")).isEqualTo(2);
    Redrives.Row row = database.api().withHandle(handle -> Redrives.find(handle, 9)).orElseThrow();
    assertThat(row.state()).isEqualTo("DONE");
    assertThat(row.redriven()).isEqualTo(3);
    assertThat(row.refused()).isEqualTo(1);
    assertThat(row.endedAt()).isNotNull();
  }
}
