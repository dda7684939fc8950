package dev.millrace.worker;

import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.MessageProperties;
import dev.millrace.amqp.Topology;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.wire.Control;
import dev.millrace.wire.ControlCodec;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.FileNews;
import dev.millrace.wire.FileNewsCodec;
import dev.millrace.wire.Heartbeat;
import dev.millrace.wire.HeartbeatCodec;
import dev.millrace.wire.LogCodec;
import dev.millrace.wire.LogLines;
import dev.millrace.wire.Outcome;
import dev.millrace.wire.Report;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import java.io.IOException;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.CopyOnWriteArrayList;
import java.util.concurrent.atomic.AtomicLong;
import org.awaitility.Awaitility;

/** What a test says and hears in the leader's place, over a real broker. Thread-safe. */
final class FakeLeader implements AutoCloseable {
  static final String POOL = "default";
  private static final AtomicLong RUNS = new AtomicLong(1);
  static final Duration PATIENCE = Duration.ofSeconds(20);

  final List<Report> reports = new CopyOnWriteArrayList<>();
  final List<Heartbeat> heartbeats = new CopyOnWriteArrayList<>();
  final List<LogLines.Line> logs = new CopyOnWriteArrayList<>();
  final List<String> dead = new CopyOnWriteArrayList<>();
  final List<FileNews> files = new CopyOnWriteArrayList<>();
  private final Connection connection;
  private final Channel channel;

  FakeLeader(URI uri) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(uri);
    factory.setAutomaticRecoveryEnabled(false);
    connection = factory.newConnection("fake-leader");
    channel = connection.createChannel();
    Topology.declareShared(channel);
    Topology.declarePool(channel, POOL);
    hear(Entities.REPORTS, body -> reports.addAll(ok(ReportCodec.decode(body)).reports()));
    hear(Entities.FILES, body -> files.add(ok(FileNewsCodec.decode(body))));
    hear(Entities.LOGS, body -> logs.addAll(ok(LogCodec.decode(body)).lines()));
    hear(Entities.DEAD, body -> dead.add(new String(body, StandardCharsets.UTF_8)));
    hear(
        Entities.HEARTBEATS,
        body ->
            heartbeats.add(
                ((HeartbeatCodec.Beat.Worker) ok(HeartbeatCodec.decode(body))).heartbeat()));
  }

  static Claim newClaim() {
    return new Claim(new RunId(RUNS.getAndIncrement()), "main", 1);
  }

  static Start start(String handler, String with) {
    return start(newClaim(), handler, with, null);
  }

  static Start start(Claim claim, String handler, String with, Duration timeout) {
    return new Start(claim, "job", "default", handler, with, "{}", "{}", null, timeout, null, null);
  }

  void publish(Start... starts) throws IOException {
    publishRaw(StartCodec.encode(List.of(starts)));
  }

  void publishRaw(byte[] body) throws IOException {
    synchronized (channel) {
      channel.basicPublish(Entities.STAGES, POOL, MessageProperties.PERSISTENT_TEXT_PLAIN, body);
    }
  }

  void say(Control control) throws IOException {
    synchronized (channel) {
      channel.basicPublish(Entities.CONTROL, "", null, ControlCodec.encode(control));
    }
  }

  /** Messages in the pool's queue that nobody holds. */
  int waiting() {
    synchronized (channel) {
      try {
        return channel.queueDeclarePassive(Entities.stagesOf(POOL)).getMessageCount();
      } catch (IOException e) {
        throw new IllegalStateException(e);
      }
    }
  }

  void awaitStarted(Claim claim) {
    await("start of " + claim)
        .until(() -> reports.contains(new Report.Started(claim)) || ends(claim).size() > 0);
  }

  Report.Finished awaitFinished(Claim claim) {
    await("end of " + claim).until(() -> !ends(claim).isEmpty());
    return ends(claim).getFirst();
  }

  void awaitHeartbeat() {
    await("a heartbeat").until(() -> !heartbeats.isEmpty());
  }

  List<Report.Finished> ends(Claim claim) {
    List<Report.Finished> ends = new ArrayList<>();
    for (Report report : reports) {
      if (report instanceof Report.Finished finished && finished.claim().equals(claim)) {
        ends.add(finished);
      }
    }
    return ends;
  }

  List<Outcome> outcomes(Claim claim) {
    return ends(claim).stream().map(Report.Finished::outcome).toList();
  }

  List<String> linesOf(Claim claim) {
    return logs.stream()
        .filter(line -> line.claim().equals(claim))
        .map(line -> line.stream() + ": " + line.text())
        .toList();
  }

  static org.awaitility.core.ConditionFactory await(String what) {
    return Awaitility.await(what).atMost(PATIENCE).pollInterval(Duration.ofMillis(5));
  }

  private interface Ear {
    void hear(byte[] body);
  }

  private void hear(String queue, Ear ear) throws IOException {
    channel.basicConsume(
        queue, true, (tag, message) -> ear.hear(message.getBody()), (tag, signal) -> {});
  }

  private static <T> T ok(Decoded<T> decoded) {
    return switch (decoded) {
      case Decoded.Ok<T> ok -> ok.value();
      case Decoded.Bad<T> bad -> throw new AssertionError(bad.cause());
    };
  }

  @Override
  public void close() throws IOException {
    connection.abort(1_000);
  }
}
