package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import java.net.http.HttpClient;
import java.sql.Array;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.Executors;
import org.junit.jupiter.api.Test;

/**
 * 500 clients of events on two schedulers while runs flow, and the one that leads is killed by kill
 * -9: its clients go on with the other. Each of them, one more on a WebSocket, and a consumer at
 * the broker, have heard exactly what the log says.
 */
class EventStreamsKilledTest {
  private static final String TEST = "events";
  private static final int CLIENTS = Integer.getInteger("millrace.system.event-clients", 500);
  private static final int RUNS = 40;
  private static final Duration LIMIT = Duration.ofSeconds(90);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final Set<String> TOLD_AS_JOB =
      Set.of("RUNNING", "COMPLETED", "FAILED", "CANCELLED", "ENDED");

  private final Map<String, String> interned = new ConcurrentHashMap<>();
  private final List<EventClient> clients = new ArrayList<>();
  private final List<String> consumed = Collections.synchronizedList(new ArrayList<>());

  @Test
  void nobodyMissesAnythingOrHearsItTwice() throws Exception {
    try (Fleet fleet = Fleet.fresh(TEST);
        HttpClient http =
            HttpClient.newBuilder()
                .version(HttpClient.Version.HTTP_1_1)
                .executor(Executors.newVirtualThreadPerTaskExecutor())
                .build()) {
      fleet.set("MILLRACE_EVENTS_CLIENTS_PER_PRINCIPAL", "1000");
      fleet.start(2, 1);
      Connection broker = consume(fleet);
      try {
        fleet.apply(Jobs.chain("chain"));
        long from = fleet.sql().number("select max(batch) from transition_batch");
        connect(fleet, http, (from << 16 | 0xFFFF) + ".1");
        tell(fleet, from);
      } finally {
        clients.forEach(EventClient::close);
        broker.abort();
        http.shutdownNow();
      }
    }
  }

  private void tell(Fleet fleet, long from) throws Exception {
    Stopwatch started = Stopwatch.started();
    fleet.enqueue("chain", RUNS);
    fleet.awaitCompleted(RUNS / 4, LIMIT);
    NodeProcess killed = fleet.leader();
    long moved = clients.stream().filter(client -> client.on() == killed).count();
    Stopwatch struck = Stopwatch.started();
    killed.kill();
    await("all clients are on the other node")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(
            () ->
                clients.stream().allMatch(client -> client.on() != null && client.on() != killed));
    Duration resumed = struck.read();
    fleet.enqueue("chain", RUNS);
    fleet.awaitAllFinal(LIMIT);
    List<String> log = log(fleet, from);
    Stopwatch waiting = Stopwatch.started();
    await("everybody has the last event")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> clients.stream().allMatch(client -> client.has(log.getLast())));
    await("so has the consumer").atMost(LIMIT).until(() -> consumed.contains(log.getLast()));
    Figures.print(TEST, "clients", clients.size() + ", of the killed node " + moved);
    Figures.print(TEST, "all of them resumed after", resumed, "5 s");
    Figures.print(TEST, "last event everywhere after", waiting.read(), "5 s");
    Figures.print(TEST, "all of it took", started.read(), "30 s");
    judge(log, moved);
  }

  private void judge(List<String> log, long moved) {
    assertThat(moved).as("clients of the node that was killed").isGreaterThan(CLIENTS / 4);
    for (EventClient client : clients) {
      assertThat(client.ids()).as("each once, in order").isEqualTo(log);
    }
    List<String> distinct = new ArrayList<>(new LinkedHashSet<>(consumed));
    distinct.retainAll(Set.copyOf(log)); // what was before the clients came is not compared
    assertThat(distinct).as("the broker told the same").isEqualTo(log);
    Figures.print(
        TEST,
        "events",
        log.size()
            + " to each client, "
            + (consumed.size() - Set.copyOf(consumed).size())
            + " came twice from the broker");
  }

  private void connect(Fleet fleet, HttpClient http, String last) {
    List<NodeProcess> nodes = fleet.schedulers();
    for (int i = 0; i <= CLIENTS; i++) {
      List<NodeProcess> order = i % 2 == 0 ? nodes : nodes.reversed();
      EventClient.Servers alive = () -> order.stream().filter(NodeProcess::alive).toList();
      clients.add(new EventClient(http, alive, i == CLIENTS, last, interned).start());
    }
    await("all clients are connected")
        .atMost(LIMIT)
        .pollInterval(Fleet.POLL)
        .until(() -> clients.stream().allMatch(client -> client.connects() > 0));
  }

  private Connection consume(Fleet fleet) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(fleet.broker());
    Connection connection = factory.newConnection("events-test");
    Channel channel = connection.createChannel();
    channel.queueDeclare("listener", true, false, false, null);
    channel.queueBind("listener", "millrace.events", "#");
    channel.basicConsume(
        "listener",
        true,
        new DefaultConsumer(channel) {
          @Override
          public void handleDelivery(
              String tag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
            consumed.add(properties.getMessageId());
          }
        });
    return connection;
  }

  /** The ids of all events above a batch, worked out from the tables alone. */
  private static List<String> log(Fleet fleet, long from) throws Exception {
    List<String> ids = new ArrayList<>();
    fleet
        .sql()
        .rows(
            "select batch, moves, which from transition_batch where batch > ? order by batch",
            row -> {
              String[] moves = (String[]) row.getArray("moves").getArray();
              Array which = row.getArray("which");
              Short[] stories = (Short[]) which.getArray();
              for (int place = 0; place < stories.length; place++) {
                long seq = row.getLong("batch") << 16 | place;
                int events = events(moves[stories[place] - 1]);
                for (int number = 1; number <= events; number++) {
                  ids.add(seq + "." + number);
                }
              }
              return row.getLong("batch");
            },
            from);
    return ids;
  }

  private static int events(String moves) {
    try {
      int count = 0;
      for (JsonNode move : JSON.readTree(moves)) {
        boolean asJob =
            move.path(0).asText().isEmpty() && TOLD_AS_JOB.contains(move.path(2).asText());
        count += asJob ? 2 : 1;
      }
      return count;
    } catch (java.io.IOException e) {
      throw new java.io.UncheckedIOException(e);
    }
  }
}
