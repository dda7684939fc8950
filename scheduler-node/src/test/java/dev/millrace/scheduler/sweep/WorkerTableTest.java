package dev.millrace.scheduler.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.settings.EngineSettings;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.settings.WorkerTimeouts;
import dev.millrace.wire.Control;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.sql.SQLException;
import java.time.Duration;
import java.util.Arrays;
import java.util.List;
import org.jdbi.v3.core.Jdbi;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Who is alive, who is full, and who has to let go. The judge's instant moves, no clock does. */
class WorkerTableTest {
  /** The canary is never overdue here; lost is above ten seconds. */
  private static final WorkerTimeouts TIMEOUTS =
      new WorkerTimeouts(Duration.ofHours(1), Duration.ofSeconds(6), Duration.ofSeconds(10));

  private static final Claim FIRST = claim(1);
  private static final Claim SECOND = claim(2);
  private static final Claim THIRD = claim(3);

  private final WorkerTable table =
      new WorkerTable(
          TIMEOUTS,
          new Outbox("test", RabbitSettings.of("amqp://127.0.0.1:1")),
          new Pools(new EngineSettings(100, 64, 1_000, 64)),
          Jdbi.create(
              () -> {
                throw new SQLException("nothing is stored in this test");
              }),
          new DatabaseClock(),
          new WorkerTable.Identity("test", () -> {}, new SimpleMeterRegistry()));

  @BeforeEach
  void theBrokerAnswers() {
    hear(HeartbeatCodec.encodeCanary("test", 1));
    table.judge(System.nanoTime());
    assertThat(table.frozen()).isFalse();
  }

  private static Claim claim(int number) {
    return new Claim(new RunId(number), "main", 1);
  }

  private void hear(byte[] message) {
    table.on(new QueueConsumer.Delivery(1, 1, false, message));
  }

  private void beat(String worker, Claim... open) {
    beat(worker, List.of(new Heartbeat.PoolSlots("default", 4, 4 - open.length)), false, open);
  }

  private void beat(
      String worker, List<Heartbeat.PoolSlots> pools, boolean draining, Claim... open) {
    hear(
        HeartbeatCodec.encode(
            new Heartbeat(
                worker,
                "host",
                1,
                "test",
                0,
                pools,
                List.of("noop"),
                draining,
                Arrays.stream(open).map(one -> new Heartbeat.Open(one, null, null)).toList())));
  }

  private void silence(Duration time) {
    table.judge(System.nanoTime() + time.toNanos());
  }

  private List<String> lost() {
    return table.takeLost().stream().map(WorkerTable.LostWorker::worker).toList();
  }

  @Test
  void aLostWorkerThatComesBackIsToldToDropWhatItHeld() {
    beat("one", FIRST, SECOND);
    beat("two", THIRD);
    silence(Duration.ofSeconds(11));
    assertThat(lost()).containsExactlyInAnyOrder("one", "two");
    assertThat(table.isHeld(FIRST)).isFalse();
    assertThat(table.takeDrops()).as("nobody is there to hear it").isEmpty();

    beat("one", FIRST, SECOND);
    assertThat(table.takeDrops())
        .containsExactlyInAnyOrder(new Control.Drop(FIRST, "one"), new Control.Drop(SECOND, "one"));
    assertThat(table.takeDrops()).as("once for each heartbeat").isEmpty();
  }

  @Test
  void itIsToldAgainUntilItHasLetGo() {
    beat("one", FIRST, SECOND);
    silence(Duration.ofSeconds(11));
    beat("one", FIRST, SECOND);
    table.takeDrops(); // and they are lost on their way
    beat("one", SECOND);
    assertThat(table.takeDrops()).containsExactly(new Control.Drop(SECOND, "one"));
    beat("one");
    assertThat(table.takeDrops()).isEmpty();
    beat("one", FIRST, SECOND);
    assertThat(table.takeDrops()).as("what it let go is forgotten").isEmpty();
  }

  @Test
  void whatItTookAfterItCameBackIsItsOwn() {
    beat("one", FIRST);
    silence(Duration.ofSeconds(11));
    beat("one", FIRST, SECOND);
    assertThat(table.takeDrops()).containsExactly(new Control.Drop(FIRST, "one"));
    beat("one", SECOND);
    assertThat(table.takeDrops()).isEmpty();
    assertThat(table.isHeld(SECOND)).isTrue();
  }

  @Test
  void whoeverIsLostTwiceDropsTheClaimsOfBothTimes() {
    beat("one", FIRST);
    silence(Duration.ofSeconds(11));
    beat("one", FIRST, SECOND);
    silence(Duration.ofSeconds(11));
    beat("one", FIRST, SECOND);
    assertThat(table.takeDrops())
        .containsExactlyInAnyOrder(new Control.Drop(FIRST, "one"), new Control.Drop(SECOND, "one"));
  }

  @Test
  void aSilenceThatIsNotALossDropsNothing() {
    beat("one", FIRST);
    silence(Duration.ofSeconds(7));
    beat("one", FIRST);
    assertThat(lost()).isEmpty();
    assertThat(table.takeDrops()).isEmpty();
  }

  @Test
  void afterAnHourALostWorkerIsForgotten() {
    beat("one", FIRST);
    silence(Duration.ofSeconds(11));
    silence(Duration.ofMinutes(61));
    assertThat(table.countByState()).isEmpty();
    beat("one", FIRST);
    assertThat(table.takeDrops()).isEmpty();
  }

  @Test
  void aPoolIsFullWhereAnyWorkerHasNoRoom() {
    assertThat(table.fullIn("default")).as("without workers").isFalse();
    beat("one", List.of(new Heartbeat.PoolSlots("default", 4, 1)), false);
    beat("two", List.of(new Heartbeat.PoolSlots("default", 4, 4)), false);
    assertThat(table.fullIn("default")).isFalse();
    beat("two", List.of(new Heartbeat.PoolSlots("default", 4, 0)), false);
    assertThat(table.fullIn("default")).as("one of two is enough").isTrue();
    assertThat(table.idleIn("default")).as("and the other has room").isTrue();
    assertThat(table.fullIn("elsewhere")).isFalse();
  }

  @Test
  void aFullWorkerCountsInThePoolsWhereItIsFull() {
    beat(
        "one",
        List.of(new Heartbeat.PoolSlots("a", 2, 0), new Heartbeat.PoolSlots("b", 2, 2)),
        false);
    assertThat(table.fullIn("a")).isTrue();
    assertThat(table.fullIn("b")).isFalse();
    beat(
        "one",
        List.of(new Heartbeat.PoolSlots("a", 2, 0), new Heartbeat.PoolSlots("b", 2, 2)),
        true);
    assertThat(table.fullIn("a")).as("while it drains it still holds them").isTrue();
  }

  @Test
  void aLostWorkerIsNotFull() {
    beat("one", List.of(new Heartbeat.PoolSlots("default", 1, 0)), false);
    silence(Duration.ofSeconds(7));
    assertThat(table.fullIn("default")).as("suspect").isFalse();
    silence(Duration.ofSeconds(11));
    assertThat(table.fullIn("default")).as("lost").isFalse();
  }
}
