package dev.millrace.scheduler.artifact;

import static dev.millrace.scheduler.artifact.ArtifactStores.begin;
import static dev.millrace.scheduler.artifact.ArtifactStores.bytes;
import static dev.millrace.scheduler.artifact.ArtifactStores.chunk;
import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.millrace.amqp.Topology;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.Database;
import dev.millrace.scheduler.store.Partitions;
import dev.millrace.settings.PostgresSettings;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.testing.TestVirtualHost;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactAnswer.Refusal;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactCodec;
import dev.millrace.wire.ArtifactRequest;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Collections;
import java.util.List;
import java.util.Map;
import java.util.Random;
import java.util.concurrent.ConcurrentHashMap;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Two nodes answer what a client in any language could send. */
class ArtifactExchangeTest {
  private static final Duration SOON = Duration.ofSeconds(30);
  private static final byte[] BYTES = bytes(7 * ArtifactChunks.BYTES + 1);

  private final Map<String, ArtifactAnswer> answers = new ConcurrentHashMap<>();
  private final List<AutoCloseable> opened = new ArrayList<>();
  private final SimpleMeterRegistry metrics = new SimpleMeterRegistry();
  private TestDatabase postgres;
  private Database database;
  private TestVirtualHost host;
  private Channel channel;
  private String replyTo;
  private RunId run;
  private int asked;

  @BeforeEach
  void start() throws Exception {
    postgres = TestServers.postgres().freshDatabase();
    opened.add(postgres);
    database =
        new Database(
            new PostgresSettings(postgres.jdbcUrl(), postgres.user(), postgres.password(), 6));
    database.start();
    opened.add(database);
    database.leader().useHandle(Partitions::ensure);
    run = database.api().withHandle(ArtifactExchangeTest::newRun);
    host = TestServers.broker().freshVirtualHost();
    opened.add(host);
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(host.uri());
    Connection connection = factory.newConnection("test");
    opened.add(connection::abort);
    channel = connection.createChannel();
    Topology.declareShared(channel);
    replyTo = Topology.declareAnswers(channel);
    channel.basicConsume(
        replyTo,
        true,
        (tag, message) ->
            answers.put(message.getProperties().getCorrelationId(), answer(message.getBody())),
        (tag, signal) -> {});
    node("one");
    node("two");
  }

  private static RunId newRun(org.jdbi.v3.core.Handle handle) {
    long millis =
        handle
            .createQuery("select (extract(epoch from clock_timestamp()) * 1000)::bigint")
            .mapTo(Long.class)
            .one();
    RunId id = new RunId(RunId.firstAt(millis));
    handle.execute(
        """
        insert into run (id, job, version, state, trigger_kind, params, actor, created_at, born)
        values (?, 1, 1, 'RUNNING', 'manual', '{}', 'test', now(), 0)
        """,
        id.value());
    return id;
  }

  private ArtifactExchange node(String name) throws Exception {
    RabbitSettings broker = RabbitSettings.of(host.uri().toString());
    Outbox outbox = new Outbox(name, broker);
    outbox.start();
    opened.add(outbox);
    var store = new ArtifactStore(database.api(), ArtifactStores.settings(), Clock.systemUTC());
    ArtifactExchange node = new ArtifactExchange(name, broker, store, outbox, metrics);
    node.start();
    opened.add(node);
    return node;
  }

  @AfterEach
  void stop() throws Exception {
    for (AutoCloseable part : opened.reversed()) {
      part.close();
    }
  }

  private static ArtifactAnswer answer(byte[] body) {
    return switch (ArtifactCodec.decodeAnswer(body)) {
      case Decoded.Ok<ArtifactAnswer> ok -> ok.value();
      case Decoded.Bad<ArtifactAnswer> bad -> throw new AssertionError(bad.cause());
    };
  }

  /** Sends without waiting; the number that its answer will have. */
  private String send(byte[] body) throws Exception {
    String number = Integer.toString(++asked);
    channel.basicPublish(
        "",
        Entities.ARTIFACTS,
        new AMQP.BasicProperties.Builder().replyTo(replyTo).correlationId(number).build(),
        body);
    return number;
  }

  private ArtifactAnswer wait(String number) {
    await().atMost(SOON).until(() -> answers.containsKey(number));
    return answers.get(number);
  }

  private ArtifactAnswer ask(ArtifactRequest request) throws Exception {
    return wait(send(ArtifactCodec.encode(request)));
  }

  @Test
  void anUploadOfShuffledAndRepeatedChunksThroughTwoNodesIsWhole() throws Exception {
    String id = ((ArtifactAnswer.Begun) ask(begin(run, "a.csv", BYTES))).artifact();
    List<Integer> order = new ArrayList<>();
    for (int number = 0; number < 8; number++) {
      order.addAll(List.of(number, number, number));
    }
    Collections.shuffle(order, new Random(3));
    List<String> numbers = new ArrayList<>();
    for (int number : order) {
      numbers.add(send(ArtifactCodec.encode(chunk(id, BYTES, number))));
    }
    for (String number : numbers) {
      assertThat(wait(number)).isInstanceOf(ArtifactAnswer.Took.class);
    }
    String first = send(ArtifactCodec.encode(new ArtifactRequest.End(id)));
    String second = send(ArtifactCodec.encode(new ArtifactRequest.End(id)));
    assertThat(wait(first)).isInstanceOf(ArtifactAnswer.Stored.class).isEqualTo(wait(second));
    byte[] read = new byte[BYTES.length];
    for (int number = 7; number >= 0; number--) {
      var data = (ArtifactAnswer.Data) ask(new ArtifactRequest.Get(id, number));
      System.arraycopy(data.data(), 0, read, number * ArtifactChunks.BYTES, data.data().length);
    }
    assertThat(read).isEqualTo(BYTES);
    assertThat(metrics.counter("millrace.artifact.bytes", "way", "out").count())
        .isEqualTo(BYTES.length);
  }

  @Test
  void anUploadGoesOnWhenTheNodeThatBeganItHasEnded() throws Exception {
    String id = ((ArtifactAnswer.Begun) ask(begin(run, "a.csv", BYTES))).artifact();
    for (int number = 0; number < 4; number++) {
      ask(chunk(id, BYTES, number));
    }
    opened.removeLast().close();
    for (int number = 4; number < 8; number++) {
      ask(chunk(id, BYTES, number));
    }
    assertThat(ask(new ArtifactRequest.End(id))).isInstanceOf(ArtifactAnswer.Stored.class);
  }

  @Test
  void whatCannotBeReadIsQuarantinedAndTheOthersGoOn() throws Exception {
    String rubbish = send("{\"v\":1,\"type\":".getBytes(StandardCharsets.UTF_8));
    String evil =
        send(
            new String(ArtifactCodec.encode(begin(run, "a", BYTES)), StandardCharsets.UTF_8)
                .replace("\"name\":\"a\"", "\"name\":\"../a\"")
                .getBytes(StandardCharsets.UTF_8));
    String future = send("{\"v\":2,\"type\":\"artifact.get\"}".getBytes(StandardCharsets.UTF_8));
    channel.basicPublish("", Entities.ARTIFACTS, null, new byte[0]); // nobody waits for an answer
    for (String number : List.of(rubbish, evil, future)) {
      assertThat(((ArtifactAnswer.Refused) wait(number)).why()).isEqualTo(Refusal.MALFORMED);
    }
    await().atMost(SOON).until(() -> channel.messageCount(Entities.DEAD) == 4);
    assertThat(ask(begin(run, "a", BYTES))).isInstanceOf(ArtifactAnswer.Begun.class);
    assertThat(metrics.counter("millrace.messages.quarantined").count()).isEqualTo(4);
  }

  @Test
  void aDatabaseThatIsAwayIsAnAnswer() throws Exception {
    database.close();
    for (ArtifactRequest request :
        List.of(
            begin(run, "a", BYTES),
            chunk("0123456789abcdef0123456789abcdef", BYTES, 0),
            new ArtifactRequest.End("0123456789abcdef0123456789abcdef"),
            new ArtifactRequest.Get("0123456789abcdef0123456789abcdef", 0))) {
      assertThat(((ArtifactAnswer.Refused) ask(request)).why()).isEqualTo(Refusal.UNAVAILABLE);
    }
  }
}
