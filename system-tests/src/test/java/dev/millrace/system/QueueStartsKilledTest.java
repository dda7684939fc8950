package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayDeque;
import java.util.Deque;
import java.util.List;
import java.util.TreeMap;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Messages start runs while each leader in turn is killed by {@code kill -9} exactly between the
 * commit of runs and the ack of their messages. {@code -Dmillrace.system.kills=500} kills more;
 * {@code -Dmillrace.system.seconds=300} ends the killing after that time.
 */
class QueueStartsKilledTest {
  private static final String TEST = "queue-starts";
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final String TRIGGERS = "millrace.triggers";
  private static final String ORDERS = "orders.created";

  /** Messages for each kill, half of them to each queue. */
  private static final int PER_KILL = 10;

  /** Schedulers that are up at the same time: one leads, the others are ready to. */
  private static final int STANDING_BY = 3;

  @Test
  void nothingIsLostAndNothingIsDoubled() throws Exception {
    int kills = Integer.getInteger("millrace.system.kills", 4);
    Duration time = Duration.ofSeconds(Integer.getInteger("millrace.system.seconds", 600));
    try (Fleet fleet = Fleet.fresh(TEST);
        Connection connection = connect(fleet);
        Channel channel = connection.createChannel()) {
      channel.confirmSelect();
      channel.queueDeclare(ORDERS, true, false, false, null);
      fleet.start(1, 1);
      Path witness = fleet.witness().file().resolveSibling("orders.txt");
      Files.deleteIfExists(witness);
      fleet.apply(job("shared", "", witness));
      fleet.apply(
          job(
              "bound",
              "\"triggers\": [{\"queue\": {\"name\": \"orders.created\","
                  + " \"map\": {\"order\": \"${{ message.order }}\"},"
                  + " \"key\": \"${{ 'order-' + string(message.order) }}\"}}],",
              witness));
      fleet.schedulers().getFirst().kill();
      Stopwatch watch = Stopwatch.started();
      Deque<NodeProcess> doomed = new ArrayDeque<>();
      int sent = 0;
      int killed = 0;
      while (killed < kills && watch.read().compareTo(time) < 0) {
        while (doomed.size() < STANDING_BY) {
          doomed.add(fleet.startDoomedScheduler());
        }
        for (int i = 0; i < PER_KILL; i++) {
          send(channel, sent++);
        }
        await("one more is killed")
            .atMost(LIMIT)
            .pollInterval(Fleet.POLL)
            .until(() -> doomed.stream().anyMatch(node -> !node.alive()));
        int before = doomed.size();
        doomed.removeIf(node -> !node.alive());
        killed += before - doomed.size();
      }
      Duration took = watch.read();
      for (NodeProcess rest : doomed) {
        rest.kill();
      }
      fleet.addScheduler();
      int messages = sent;
      await("all runs completed")
          .atMost(LIMIT)
          .pollInterval(Fleet.POLL)
          .ignoreExceptions()
          .until(
              () ->
                  fleet.sql().number("select count(*) from run where state = 'COMPLETED'")
                      >= messages);
      await("all messages acked")
          .atMost(LIMIT)
          .until(() -> channel.messageCount(TRIGGERS) == 0 && channel.messageCount(ORDERS) == 0);
      judge(fleet, messages, killed, took, witness);
      assertThat(channel.messageCount("millrace.dead")).isZero();
    }
  }

  private static Connection connect(Fleet fleet) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(fleet.broker());
    return factory.newConnection("orders");
  }

  private static String job(String id, String triggers, Path witness) {
    String shell = "echo $MILLRACE_RUN $MILLRACE_PARAM_ORDER >> '" + witness + "'";
    return """
    {"id": "%s", "params": {"order": {"type": "integer", "required": true}}, %s
     "stages": [{"id": "a", "run": "command", "pool": "slow", "with": {"shell": "%s"}}]}
    """
        .formatted(id, triggers, shell);
  }

  private static void send(Channel channel, int order) throws Exception {
    boolean shared = order % 2 == 0;
    String body =
        shared
            ? "{\"job\": \"shared\", \"params\": {\"order\": %d}, \"key\": \"order-%d\"}"
                .formatted(order, order)
            : "{\"order\": %d}".formatted(order);
    channel.basicPublish(
        "",
        shared ? TRIGGERS : ORDERS,
        new AMQP.BasicProperties.Builder().deliveryMode(2).build(),
        body.getBytes(StandardCharsets.UTF_8));
    channel.waitForConfirmsOrDie(20_000);
  }

  /** The tables, and what the programs themselves have seen. */
  private static void judge(Fleet fleet, int messages, int killed, Duration took, Path witness)
      throws Exception {
    List<Integer> asked = IntStream.range(0, messages).boxed().toList();
    List<Integer> made =
        fleet
            .sql()
            .rows(
                "select (params::jsonb->>'order')::int from run order by 1", row -> row.getInt(1));
    TreeMap<Integer, TreeSet<String>> seen = new TreeMap<>();
    for (String line : Files.readAllLines(witness)) {
      String[] words = line.split(" ", -1);
      seen.computeIfAbsent(Integer.parseInt(words[1]), any -> new TreeSet<>()).add(words[0]);
    }
    long lost = asked.stream().filter(order -> !made.contains(order)).count();
    long doubled = made.size() - made.stream().distinct().count();
    Figures.print(
        TEST,
        "kill -9 between commit and ack,",
        "%d kills in %d s, %d messages, %d runs: %d lost, %d doubled; witness: %d orders, %d of more than one run"
            .formatted(
                killed,
                took.toSeconds(),
                messages,
                made.size(),
                lost,
                doubled,
                seen.size(),
                seen.values().stream().filter(runs -> runs.size() > 1).count()));
    assertThat(killed).isPositive();
    assertThat(made).containsExactlyElementsOf(asked);
    assertThat(seen.keySet()).containsExactlyElementsOf(asked);
    assertThat(seen.values()).allMatch(runs -> runs.size() == 1);
  }
}
