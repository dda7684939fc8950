package dev.millrace.amqp;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.ShutdownSignalException;
import dev.millrace.wire.Entities;
import java.io.IOException;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Declares the broker's entities, the same from every node, so that whoever comes first makes them.
 * Every argument must mean the same on RabbitMQ 3.10 to 4.x; the embedded broker ignores those it
 * does not know. Stateless; the channel's thread.
 */
public final class Topology {
  private static final int HEARTBEAT_TTL_MILLIS = 10_000;
  private static final int LOGS_MAX = 100_000;
  private static final int QUORUM_DELIVERY_LIMIT = 100;

  /** After this time whoever asked has asked again. */
  private static final int ARTIFACT_TTL_MILLIS = 30_000;

  /** As {@link #ARTIFACT_TTL_MILLIS}. */
  private static final int SECRETS_TTL_MILLIS = 10_000;

  private static final int SECRETS_MAX = 20_000;

  /** After this time the worker has told it again. */
  private static final int FILES_TTL_MILLIS = 600_000;

  private static final int FILES_BYTES_MAX = 64 * 1024 * 1024;

  /**
   * Bytes of requests that wait there while no node takes them; further ones are refused to the
   * sender.
   */
  private static final int ARTIFACT_BYTES_MAX = 256 * 1024 * 1024;

  /**
   * Nobody may ever read them, and a full disk would stop everything: the oldest go. Dead stages
   * stay in the database.
   */
  private static final int DEAD_BYTES_MAX = 256 * 1024 * 1024;

  private static final Logger log = LoggerFactory.getLogger(Topology.class);

  /** Queues of which the log has told already; every reconnection declares again. */
  private static final Set<String> TOLD = ConcurrentHashMap.newKeySet();

  private Topology() {}

  /** Declares everything that is not one pool's. */
  public static void declareShared(Channel channel) throws IOException {
    channel.exchangeDeclare(Entities.STAGES, "direct", true);
    channel.exchangeDeclare(Entities.CONTROL, "fanout", true);
    channel.exchangeDeclare(Entities.DEAD, "fanout", true);
    channel.exchangeDeclare(Entities.EVENTS, "topic", true);
    declare(channel, Entities.DEAD, Map.of("x-max-length-bytes", DEAD_BYTES_MAX));
    channel.queueBind(Entities.DEAD, Entities.DEAD, "");
    channel.queueDeclare(Entities.REPORTS, true, false, false, null);
    declareTriggers(channel);
    declare(channel, Entities.HEARTBEATS, Map.of("x-message-ttl", HEARTBEAT_TTL_MILLIS));
    declare(channel, Entities.LOGS, Map.of("x-max-length", LOGS_MAX));
    declare(
        channel,
        Entities.FILES,
        Map.of("x-message-ttl", FILES_TTL_MILLIS, "x-max-length-bytes", FILES_BYTES_MAX));
    declare(
        channel,
        Entities.ARTIFACTS,
        Map.of(
            "x-message-ttl",
            ARTIFACT_TTL_MILLIS,
            "x-max-length-bytes",
            ARTIFACT_BYTES_MAX,
            "x-overflow",
            "reject-publish"));
    declare(
        channel,
        Entities.SECRETS,
        Map.of(
            "x-message-ttl",
            SECRETS_TTL_MILLIS,
            "x-max-length",
            SECRETS_MAX,
            "x-overflow",
            "reject-publish"));
  }

  /**
   * Declares a pool's queue: a quorum queue on RabbitMQ. The delivery limit is declared because 4.0
   * made it 20 without being asked; above it the broker drops the message, and the sweep publishes
   * it again from the row.
   *
   * @return the queue's name
   */
  public static String declarePool(Channel channel, String pool) throws IOException {
    String queue = Entities.stagesOf(pool);
    channel.exchangeDeclare(Entities.STAGES, "direct", true);
    declare(
        channel,
        queue,
        Map.of("x-queue-type", "quorum", "x-delivery-limit", QUORUM_DELIVERY_LIMIT));
    channel.queueBind(queue, Entities.STAGES, pool);
    return queue;
  }

  /**
   * A durable queue that is there with other arguments is used as it is: an older version or an
   * operator has made it, and no limit is worth refusing to work for. On a channel of its own,
   * because a refused declaration closes the channel.
   */
  private static void declare(Channel channel, String queue, Map<String, Object> arguments)
      throws IOException {
    Channel own = channel.getConnection().createChannel();
    if (own == null) {
      throw new IOException("the connection has no channel left to declare queue " + queue + " on");
    }
    try {
      own.queueDeclare(queue, true, false, false, arguments);
    } catch (IOException refused) {
      if (!isOtherwiseThere(refused)) {
        throw refused;
      }
      if (TOLD.add(queue)) {
        log.warn(
            "queue exists with other arguments than this version declares; it is used as it is."
                + " Delete it when it is empty and it is made anew, or set a policy queue={}"
                + " wanted={} broker={}",
            queue,
            arguments,
            refused.getCause().getMessage());
      }
    } finally {
      own.abort();
    }
  }

  private static boolean isOtherwiseThere(IOException refused) {
    return refused.getCause() instanceof ShutdownSignalException signal
        && signal.getReason() instanceof AMQP.Channel.Close close
        && close.getReplyCode() == AMQP.PRECONDITION_FAILED;
  }

  /**
   * Declares the queue of messages that start runs. Without a bound: what others were told is
   * accepted is not thrown away.
   *
   * @return the queue's name
   */
  public static String declareTriggers(Channel channel) throws IOException {
    declare(channel, Entities.TRIGGERS, Map.of());
    return Entities.TRIGGERS;
  }

  /** Declares a worker's own control queue, gone with its connection. */
  public static String declareControl(Channel channel) throws IOException {
    channel.exchangeDeclare(Entities.CONTROL, "fanout", true);
    String queue = channel.queueDeclare("", false, true, true, null).getQueue();
    channel.queueBind(queue, Entities.CONTROL, "");
    return queue;
  }

  /**
   * Declares a queue for the answers to what this connection asks, gone with it.
   *
   * @return its name, which requests carry
   */
  public static String declareAnswers(Channel channel) throws IOException {
    return channel.queueDeclare("", false, true, true, null).getQueue();
  }
}
