package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import java.net.http.HttpResponse;
import java.sql.Connection;
import java.sql.PreparedStatement;
import java.sql.ResultSet;
import java.sql.SQLException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Queue;
import java.util.Random;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.concurrent.atomic.AtomicInteger;
import org.junit.jupiter.api.Test;

/** Starts that are accepted become one run each, whatever dies; and how long many of them take. */
class StartsTest {
  private static final String TEST = "starts";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final int CLIENTS = 4;
  private static final int TRANSACTIONS = 60;
  private static final int BULK = 10_000;

  /** What applications saw committed, and what they rolled back. */
  private record Seen(Queue<String> committed, Queue<String> rolledBack, AtomicInteger done) {}

  @Test
  void aCommittedTransactionIsOneRunThoughTheLeaderIsKilled() throws Exception {
    long seed = Long.getLong("millrace.seed", System.nanoTime());
    Figures.print(TEST, "seed", seed);
    Seen seen =
        new Seen(new ConcurrentLinkedQueue<>(), new ConcurrentLinkedQueue<>(), new AtomicInteger());
    try (Fleet fleet = Fleet.fresh(TEST)) {
      fleet.start(2, 1);
      fleet.apply(takesOrder("shipped"));
      fleet.sql().execute("create table orders (client int, n int)");
      try (ExecutorService clients = Executors.newFixedThreadPool(CLIENTS)) {
        List<Future<?>> all = new ArrayList<>();
        for (int i = 0; i < CLIENTS; i++) {
          int client = i;
          Random random = new Random(seed + i);
          all.add(
              clients.submit(
                  () -> {
                    orders(fleet, client, random, seen);
                    return null;
                  }));
        }
        await().atMost(LIMIT).until(() -> seen.done.get() > CLIENTS * TRANSACTIONS / 3);
        Duration takeover = fleet.nextTermAfter(fleet.leader()::kill, LIMIT);
        Figures.print(TEST, "takeover after kill -9 in mid-stream", takeover, "2 s");
        for (Future<?> client : all) {
          client.get();
        }
      }
      int committed = seen.committed.size();
      await()
          .atMost(LIMIT)
          .until(
              () ->
                  fleet.sql().number("select count(*) from inbox") == 0
                      && completed(fleet) >= committed);
      Figures.print(
          TEST, "committed and rolled back", committed + " and " + seen.rolledBack.size());
      assertThat(runs(fleet)).containsExactlyInAnyOrderElementsOf(seen.committed);
      assertThat(fleet.sql().number("select count(*) from orders")).isEqualTo(committed);
      assertThat(seen.rolledBack).isNotEmpty();
    }
  }

  private static String takesOrder(String id) {
    return """
    {"id": "%s", "params": {"client": "integer", "n": "integer"},
     "stages": [{"id": "a", "run": "noop", "pool": "fast"}]}
    """
        .formatted(id);
  }

  /** An application: an order and its start in one transaction, a third of them rolled back. */
  private static void orders(Fleet fleet, int client, Random random, Seen seen)
      throws SQLException {
    try (Connection connection = fleet.sql().open();
        PreparedStatement insert =
            connection.prepareStatement("insert into millrace.orders values (?, ?)");
        PreparedStatement trigger =
            connection.prepareStatement(
                "select millrace.trigger('shipped', cast(? as jsonb), ?)")) {
      connection.setAutoCommit(false);
      for (int n = 0; n < TRANSACTIONS; n++) {
        insert.setInt(1, client);
        insert.setInt(2, n);
        insert.executeUpdate();
        trigger.setString(1, "{\"client\": %d, \"n\": %d}".formatted(client, n));
        trigger.setString(2, random.nextBoolean() ? "order-" + client + "-" + n : null);
        String run;
        try (ResultSet row = trigger.executeQuery()) {
          row.next();
          run = row.getString(1);
        }
        if (random.nextInt(3) == 0) {
          connection.rollback();
          seen.rolledBack.add(run);
        } else {
          connection.commit();
          seen.committed.add(run);
        }
        seen.done.incrementAndGet();
      }
    }
  }

  private static long completed(Fleet fleet) throws SQLException {
    return fleet.sql().number("select count(*) from run where state = 'COMPLETED'");
  }

  private static List<String> runs(Fleet fleet) throws SQLException {
    return fleet.sql().rows("select run_text(id) from run", row -> row.getString(1));
  }

  @Test
  void tenThousandByOneCall() throws Exception {
    try (Fleet fleet = Fleet.fresh(TEST + "-bulk")) {
      fleet.start(1, 1);
      fleet.apply(takesOrder("many"));
      fleet.apply(takesOrder("warm"));
      assertThat(fleet.post("/api/v1/runs/bulk", bulk("warm", 500, false, true)).statusCode())
          .isEqualTo(200);
      await().atMost(LIMIT).until(() -> completed(fleet) >= 500);

      Stopwatch asked = Stopwatch.started();
      var accepted = fleet.post("/api/v1/runs/bulk", bulk("many", BULK, false, false));
      Figures.print(TEST, "10,000 starts accepted in", asked.read());
      assertThat(accepted.statusCode()).isEqualTo(202);
      await().atMost(LIMIT).pollInterval(Fleet.POLL).until(() -> made(fleet) == BULK);
      Figures.print(TEST, "10,000 starts accepted and made in", asked.read());

      Stopwatch keyed = Stopwatch.started();
      HttpResponse<String> answered =
          fleet.post("/api/v1/runs/bulk", bulk("many", BULK, true, true));
      Figures.print(TEST, "10,000 starts with keys, answered one by one, in", keyed.read());
      assertThat(answered.statusCode()).as(answered.body()).isEqualTo(200);
      assertThat(answered.body()).startsWith("{\"accepted\":10000,\"refused\":0");
      assertThat(made(fleet)).isEqualTo(2 * BULK);
      fleet.post("/api/v1/runs/bulk", bulk("many", BULK, true, true));
      assertThat(made(fleet)).isEqualTo(2 * BULK);
    }
  }

  private static long made(Fleet fleet) throws SQLException {
    return fleet
        .sql()
        .number("select count(*) from run r join job j on j.id = r.job where j.name = 'many'");
  }

  private static String bulk(String job, int count, boolean keys, boolean wait) {
    StringBuilder body = new StringBuilder("{\"wait\":" + wait + ",\"items\":[");
    for (int n = 0; n < count; n++) {
      body.append(n == 0 ? "" : ",")
          .append("{\"job\":\"")
          .append(job)
          .append("\",\"params\":{\"client\":1,\"n\":")
          .append(n)
          .append('}')
          .append(keys ? ",\"key\":\"order-" + n + "\"" : "")
          .append('}');
    }
    return body.append("]}").toString();
  }
}
