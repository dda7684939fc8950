package dev.millrace.scheduler.dispatch;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.GetResponse;
import dev.millrace.amqp.Topology;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.settings.EngineSettings;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import dev.millrace.wire.Wire;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Starts go to a real broker in messages that are neither too many nor too large. */
class DispatcherTest {
  private static final Duration SOON = Duration.ofSeconds(20);
  private static final String POOL = "default";
  private static final int BUNDLE_MAX = 8;

  private final Pools pools = new Pools(new EngineSettings(2_000, 1_000, 1_000, BUNDLE_MAX));
  private TestVirtualHost host;
  private Connection connection;
  private Channel channel;
  private Outbox outbox;
  private Dispatcher dispatcher;
  private long dispatches;

  @BeforeEach
  void start() throws Exception {
    host = TestServers.broker().freshVirtualHost();
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(host.uri());
    connection = factory.newConnection("test");
    channel = connection.createChannel();
    Topology.declareShared(channel);
    Topology.declarePool(channel, POOL);
    outbox = new Outbox("test", RabbitSettings.of(host.uri().toString()));
    outbox.start();
    await().atMost(SOON).until(outbox::ready);
    pools.capacities(Map.of(POOL, new Pools.Capacity(1, 100, Set.of("noop"))));
    dispatcher = new Dispatcher(outbox, pools, () -> {}, new SimpleMeterRegistry(), 0);
  }

  @AfterEach
  void stop() throws Exception {
    outbox.close();
    connection.abort(1_000);
    host.close();
  }

  private Dispatcher.Item item(String with, String params) {
    long number = ++dispatches;
    Start start =
        new Start(
            new Claim(new RunId(number), "main", 1),
            "job",
            "default",
            "noop",
            with,
            params,
            "{}",
            null,
            null,
            null,
            null);
    return new Dispatcher.Item(new Stages.Key(number, 0), start, POOL, number);
  }

  private static String json(int chars, String filling) {
    return "{\"a\":\"" + filling.repeat(chars - 8) + "\"}";
  }

  /** Publishes all, and gives back the messages as they are in the queue. */
  private List<byte[]> messages(List<Dispatcher.Item> items) throws Exception {
    dispatcher.dispatch(items, true);
    assertThat(dispatcher.pump()).as("published in one pass").isFalse();
    await().atMost(SOON).until(() -> dispatcher.confirmedUpTo() == dispatches);
    List<byte[]> bodies = new ArrayList<>();
    String queue = Entities.stagesOf(POOL);
    for (GetResponse got = channel.basicGet(queue, true);
        got != null;
        got = channel.basicGet(queue, true)) {
      bodies.add(got.getBody());
    }
    return bodies;
  }

  private static List<Start> starts(byte[] body) {
    return switch (StartCodec.decode(body)) {
      case Decoded.Ok<List<Start>> ok -> ok.value();
      case Decoded.Bad<List<Start>> bad -> throw new AssertionError(bad.cause());
    };
  }

  private static List<Integer> sizes(List<byte[]> bodies) {
    return bodies.stream().map(body -> starts(body).size()).toList();
  }

  /** Each of them once, in the order of dispatch. */
  private static void assertComplete(List<byte[]> bodies, List<Dispatcher.Item> items) {
    assertThat(bodies.stream().flatMap(body -> starts(body).stream()))
        .containsExactlyElementsOf(items.stream().map(Dispatcher.Item::start).toList());
  }

  @Test
  void oneThatCannotBeWrittenIsToldAndTheOthersOfItsBundleGo() throws Exception {
    List<Dispatcher.Item> items = new ArrayList<>();
    for (int i = 0; i < 5; i++) {
      items.add(item("{}", "{}"));
    }
    Dispatcher.Item good = item("{}", "{}");
    Start start = good.start();
    Start bad =
        new Start(
            start.claim(),
            start.job(),
            start.namespace(),
            start.handler(),
            "{}",
            "{}",
            "{}",
            null,
            Duration.ofSeconds(Long.MAX_VALUE), // no number of milliseconds
            null,
            null);
    List<Dispatcher.Item> all = new ArrayList<>(items);
    all.add(2, new Dispatcher.Item(good.key(), bad, POOL, good.dispatch()));
    assertComplete(messages(all), items);
    assertThat(dispatcher.hasNews()).isTrue();
    assertThat(dispatcher.takeUnwritable())
        .containsExactly(new Dispatcher.Unwritable(start.claim(), "long overflow"));
    assertThat(dispatcher.hasNews()).isFalse();
  }

  @Test
  void smallStartsAreBundledByNumber() throws Exception {
    List<Dispatcher.Item> items = new ArrayList<>();
    for (int i = 0; i < 20; i++) {
      items.add(item("{}", "{}"));
    }
    List<byte[]> bodies = messages(items);
    assertThat(sizes(bodies)).containsExactly(8, 8, 4);
    assertComplete(bodies, items);
  }

  @Test
  void largeStartsAreBundledBySize() throws Exception {
    List<Dispatcher.Item> items = new ArrayList<>();
    for (int i = 0; i < 10; i++) {
      items.add(item(json(25_000, "x"), "{}"));
    }
    List<byte[]> bodies = messages(items);
    assertThat(sizes(bodies)).as("three of 25 thousand fit 80").containsExactly(3, 3, 3, 1);
    assertComplete(bodies, items);
  }

  @Test
  void aLargeOneAmongSmallOnesTakesNobodyAlongOverTheLimit() throws Exception {
    List<Dispatcher.Item> items = new ArrayList<>();
    String most = json(Start.WITH_CHARS_MAX, "\u20ac");
    for (int i = 0; i < 30; i++) {
      items.add(i % 5 == 2 ? item(most, json(Start.PARAMS_CHARS_MAX, "\u20ac")) : item("{}", "{}"));
    }
    List<byte[]> bodies = messages(items);
    assertThat(bodies).allMatch(body -> body.length <= Wire.MESSAGE_BYTES_MAX);
    assertThat(bodies).hasSizeLessThan(items.size());
    assertComplete(bodies, items);
  }
}
