package dev.millrace.worker;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import com.rabbitmq.client.Delivery;
import dev.millrace.amqp.Topology;
import dev.millrace.wire.ArtifactAnswer;
import dev.millrace.wire.ArtifactChunks;
import dev.millrace.wire.ArtifactCodec;
import dev.millrace.wire.ArtifactReference;
import dev.millrace.wire.ArtifactRequest;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import java.io.IOException;
import java.net.URI;
import java.util.Arrays;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.function.Function;
import java.util.function.Predicate;

/** A node's part in artifacts, kept in memory, that drops and refuses as a test wants. */
final class FakeStore implements AutoCloseable {
  private final Connection connection;
  private final Channel channel;
  private final Map<String, ArtifactRequest.Begin> begun = new ConcurrentHashMap<>();
  private final Map<String, byte[]> bytes = new ConcurrentHashMap<>();
  private volatile Predicate<ArtifactRequest> drops = request -> false;
  private volatile Function<ArtifactRequest, ArtifactAnswer> refuses = request -> null;

  FakeStore(URI uri) throws Exception {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(uri);
    factory.setAutomaticRecoveryEnabled(false);
    connection = factory.newConnection("fake-store");
    channel = connection.createChannel();
    Topology.declareShared(channel);
    channel.basicConsume(
        Entities.ARTIFACTS, true, (tag, message) -> on(message), (tag, signal) -> {});
  }

  void drops(Predicate<ArtifactRequest> which) {
    drops = which;
  }

  /** Null lets it be answered. */
  void refuses(Function<ArtifactRequest, ArtifactAnswer> how) {
    refuses = how;
  }

  byte[] bytes(String artifact) {
    return bytes.get(artifact);
  }

  private void on(Delivery message) throws IOException {
    ArtifactRequest request =
        switch (ArtifactCodec.decodeRequest(message.getBody())) {
          case Decoded.Ok<ArtifactRequest> ok -> ok.value();
          case Decoded.Bad<ArtifactRequest> bad -> throw new AssertionError(bad.cause());
        };
    if (drops.test(request)) {
      return;
    }
    ArtifactAnswer refusal = refuses.apply(request);
    AMQP.BasicProperties asked = message.getProperties();
    channel.basicPublish(
        "",
        asked.getReplyTo(),
        new AMQP.BasicProperties.Builder().correlationId(asked.getCorrelationId()).build(),
        ArtifactCodec.encode(refusal == null ? answer(request) : refusal));
  }

  private ArtifactAnswer answer(ArtifactRequest request) {
    return switch (request) {
      case ArtifactRequest.Begin begin -> {
        String id = begin.sha256().substring(0, 32);
        begun.put(id, begin);
        bytes.putIfAbsent(id, new byte[(int) begin.size()]);
        yield new ArtifactAnswer.Begun(id);
      }
      case ArtifactRequest.Chunk chunk -> {
        System.arraycopy(
            chunk.data(),
            0,
            bytes.get(chunk.artifact()),
            chunk.number() * ArtifactChunks.BYTES,
            chunk.data().length);
        yield new ArtifactAnswer.Took(chunk.artifact(), chunk.number());
      }
      case ArtifactRequest.End end -> new ArtifactAnswer.Stored(reference(end.artifact()));
      case ArtifactRequest.Get get -> {
        int from = get.number() * ArtifactChunks.BYTES;
        byte[] all = bytes.get(get.artifact());
        yield new ArtifactAnswer.Data(
            reference(get.artifact()),
            get.number(),
            Arrays.copyOfRange(all, from, from + ArtifactChunks.length(all.length, get.number())));
      }
    };
  }

  private ArtifactReference reference(String id) {
    ArtifactRequest.Begin begin = begun.get(id);
    return new ArtifactReference(id, begin.name(), begin.mediaType(), begin.size(), begin.sha256());
  }

  @Override
  public void close() {
    connection.abort();
  }
}
