package dev.millrace.scheduler.store;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.settings.PostgresSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.sql.Connection;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Optional;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.CyclicBarrier;
import java.util.concurrent.ExecutionException;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** One leader at a time, whatever happens between them. Rows are aged; no clock is moved. */
class LeasesTest {
  private static final double TTL = 6;
  private static TestDatabase postgres;
  private static Database database;

  private final List<Connection> connections = new ArrayList<>();

  @BeforeAll
  static void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 4));
    database.start();
  }

  @AfterAll
  static void stop() throws SQLException {
    database.close();
    postgres.close();
  }

  @BeforeEach
  void nobodyLeads() {
    database.api().useHandle(handle -> handle.execute("delete from lease"));
  }

  @AfterEach
  void closeAll() throws SQLException {
    for (Connection connection : connections) {
      connection.close();
    }
  }

  @Test
  void aLeaseIsTakenOnlyWhenItIsFree() throws SQLException {
    Connection one = connect();
    Connection two = connect();
    assertThat(Leases.look(one, TTL).free()).isTrue();
    Leases.Won won = take(one, "one").orElseThrow();
    Leases.Look look = Leases.look(two, TTL);
    assertThat(look.free()).isFalse();
    assertThat(look.holder()).isEqualTo("one");
    assertThat(look.epoch()).isEqualTo(won.epoch());
    assertThat(take(two, "two")).isEmpty();

    assertThat(Leases.renew(one, "one", won.epoch(), TTL, 42)).isPresent();
    Leases.resign(one, "one", won.epoch(), 41);
    assertThat(Leases.renew(one, "one", won.epoch(), TTL, 0)).as("resigned").isEmpty();
    Leases.Won next = take(two, "two").orElseThrow();
    assertThat(next.epoch()).isGreaterThan(won.epoch());
    assertThat(next.confirmed()).as("the watermark never goes back").isEqualTo(42);
  }

  @Test
  void aHolderWhoseSessionIsGoneIsReplacedAtOnce() throws SQLException {
    Connection one = connect();
    assertThat(take(one, "one")).isPresent();
    Connection two = connect();
    one.close();
    await().atMost(Duration.ofSeconds(5)).until(() -> Leases.look(two, TTL).free());
    assertThat(take(two, "two")).isPresent();
  }

  @Test
  void aSilentHolderIsReplacedWhenItsTimeIsOver() throws SQLException {
    Connection one = connect();
    Leases.Won won = take(one, "one").orElseThrow();
    Connection two = connect();
    expire();
    assertThat(Leases.look(two, TTL).free()).isTrue();
    assertThat(fence(won.epoch())).as("the term is over").isFalse();
    assertThat(Leases.renew(one, "one", won.epoch(), TTL, 0)).as("too late").isEmpty();
    Leases.Won next = take(two, "two").orElseThrow();
    assertThat(fence(next.epoch())).isTrue();
    assertThat(fence(won.epoch())).isFalse();
  }

  @Test
  void aLeaseFromTheFutureIsFree() throws SQLException {
    assertThat(take(connect(), "one")).isPresent();
    database
        .api()
        .useHandle(
            handle -> handle.execute("update lease set expires_at = now() + interval '1 hour'"));
    assertThat(Leases.look(connect(), TTL).free()).as("the clock went back").isTrue();
  }

  @Test
  void ofManyTakersOneWins() throws Exception {
    for (int round = 0; round < 5; round++) {
      nobodyLeads();
      int takers = 6;
      CyclicBarrier together = new CyclicBarrier(takers);
      List<CompletableFuture<Boolean>> results = new ArrayList<>();
      for (int taker = 0; taker < takers; taker++) {
        Connection connection = connect();
        String name = "taker" + taker;
        results.add(
            inBackground(
                () -> {
                  together.await();
                  return take(connection, name).isPresent();
                }));
      }
      int won = 0;
      for (CompletableFuture<Boolean> result : results) {
        won += result.get() ? 1 : 0;
      }
      assertThat(won).isEqualTo(1);
    }
  }

  @Test
  void aTakeoverWaitsForTheOldTermsTransactionAndSeesItsWrites() throws Exception {
    Connection one = connect();
    Leases.Won won = take(one, "one").orElseThrow();
    Connection two = connect();
    List<CompletableFuture<Optional<Leases.Won>>> takeover = new ArrayList<>();
    database
        .leader()
        .useTransaction(
            tx -> {
              assertThat(Leases.fence(tx, won.epoch())).isTrue();
              expire();
              assertThat(Leases.renew(one, "one", won.epoch(), TTL, 0)).isEmpty();
              takeover.add(inBackground(() -> take(two, "two")));
              await().atMost(Duration.ofSeconds(2)).until(LeasesTest::somebodyWaitsForALock);
              tx.execute("insert into pool (name, created_at) values ('late', now())");
              assertThat(takeover.getFirst()).isNotDone();
            });
    assertThat(takeover.getFirst().get()).isPresent();
    try (var statement = two.createStatement();
        var row = statement.executeQuery("select count(*) from pool where name = 'late'")) {
      row.next();
      assertThat(row.getInt(1)).isEqualTo(1);
    }
  }

  @Test
  void aRenewalPassesTheLeadersOwnTransaction() throws SQLException {
    Connection one = connect();
    Leases.Won won = take(one, "one").orElseThrow();
    database
        .leader()
        .useTransaction(
            tx -> {
              Leases.fence(tx, won.epoch());
              assertThat(Leases.renew(one, "one", won.epoch(), TTL, 0)).isPresent();
            });
  }

  @Test
  void epochsStayAheadOfARestoredTable() throws SQLException {
    Connection one = connect();
    Leases.Won before = take(one, "one").orElseThrow();
    database
        .api()
        .useHandle(
            handle ->
                handle.execute("update lease set epoch = 5, expires_at = now() - interval '1 s'"));
    Leases.Won after = take(connect(), "two").orElseThrow();
    assertThat(after.epoch()).isGreaterThan(before.epoch());
    assertThat(after.epoch()).isGreaterThanOrEqualTo(before.now() / 1_000);
  }

  private static Optional<Leases.Won> take(Connection connection, String name) throws SQLException {
    return Leases.take(connection, name, "test", TTL);
  }

  private Connection connect() throws SQLException {
    Connection connection = database.single("test", Duration.ofSeconds(10));
    connections.add(connection);
    return connection;
  }

  private static void expire() {
    database
        .api()
        .useHandle(
            handle -> handle.execute("update lease set expires_at = now() - interval '1 second'"));
  }

  private static boolean fence(long epoch) {
    return database.leader().inTransaction(tx -> Leases.fence(tx, epoch));
  }

  private static boolean somebodyWaitsForALock() {
    return database
        .api()
        .withHandle(
            handle ->
                handle
                    .createQuery("select exists (select 1 from pg_locks where not granted)")
                    .mapTo(Boolean.class)
                    .one());
  }

  private interface Task<T> {
    T run() throws Exception;
  }

  private static <T> CompletableFuture<T> inBackground(Task<T> task) {
    return CompletableFuture.supplyAsync(
        () -> {
          try {
            return task.run();
          } catch (Exception e) {
            throw new IllegalStateException(new ExecutionException(e));
          }
        },
        command -> Thread.ofVirtual().start(command));
  }
}
