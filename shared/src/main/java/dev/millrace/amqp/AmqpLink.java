package dev.millrace.amqp;

import com.rabbitmq.client.BlockedListener;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.ConnectionFactory;
import dev.millrace.runtime.Delays;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.settings.Masks;
import dev.millrace.settings.RabbitSettings;
import java.io.IOException;
import java.net.URISyntaxException;
import java.security.GeneralSecurityException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.TimeoutException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One connection to the broker that comes back by itself. Publishing and consuming use a link each,
 * because a broker under a memory or disk alarm stops reading from connections that publish, their
 * acks included. Owns one thread, which connects and calls the sessions; the state may be read from
 * any thread.
 */
public final class AmqpLink implements Service {
  /** What lives on a connection: channels, consumers, unconfirmed publishes. */
  public interface Session {
    /**
     * Declares, opens channels through {@link AmqpLink#channel}, starts consumers. On the link's
     * thread; a failure tears the connection down and it is tried again.
     */
    void opened(Connection connection, long generation) throws IOException;

    /**
     * Everything of this generation is gone. On the link's thread, also when {@code opened} failed
     * half way.
     */
    void closed(long generation);
  }

  private static final Logger log = LoggerFactory.getLogger(AmqpLink.class);
  private static final Duration RETRY_FIRST = Duration.ofMillis(200);
  private static final Duration RETRY_MAX = Duration.ofSeconds(3);
  private static final int RPC_MILLIS_MAX = 10_000;
  private static final int INBOUND_BYTES_MAX = 1024 * 1024;

  private final String name;
  private final RabbitSettings broker;
  private final List<Session> sessions;
  private final int inboundBytesMax;
  private final Pulse pulse = new Pulse();
  private final Delays delays = new Delays(RETRY_FIRST, RETRY_MAX);
  private volatile Connection connection;
  private volatile boolean connected;
  private volatile boolean blocked;
  private volatile long generation;
  private volatile String lastFailure = "not connected yet";
  private Thread thread;

  /**
   * @param name shown by the broker as the connection's name and used in log lines
   * @param broker where it is and how patient to be with it; never logged with its password
   */
  public AmqpLink(String name, RabbitSettings broker, List<Session> sessions) {
    this(name, broker, sessions, INBOUND_BYTES_MAX);
  }

  /**
   * @param inboundBytesMax a larger message ends the connection, and comes again with the next one:
   *     where others decide what is sent, it must not be less than what the broker takes
   */
  public AmqpLink(String name, RabbitSettings broker, List<Session> sessions, int inboundBytesMax) {
    this.name = name;
    this.broker = broker;
    this.sessions = List.copyOf(sessions);
    this.inboundBytesMax = inboundBytesMax;
  }

  /** Starts connecting; does not wait for it. */
  @Override
  public void start() {
    thread = Thread.ofPlatform().name("millrace-amqp-" + name).daemon().start(this::run);
  }

  @Override
  public void close() {
    pulse.stop();
    try {
      if (thread != null) {
        thread.join(Duration.ofSeconds(15));
      }
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** True when connected and every session is open. */
  public boolean connected() {
    return connected;
  }

  /** True while the broker refuses to read from us because of an alarm. */
  public boolean blocked() {
    return blocked;
  }

  /** Counts connections; 0 before the first. */
  public long generation() {
    return generation;
  }

  /** Why it is not connected, for people. */
  public String lastFailure() {
    return lastFailure;
  }

  /** Tears the connection down; the recovery loop makes a new one. */
  public void reset(String why) {
    lastFailure = why;
    Connection current = connection;
    if (current != null) {
      log.warn("resetting the broker connection link={} cause={}", name, why);
      current.abort(1_000);
    }
    pulse.nudge();
  }

  /**
   * Opens a channel whose unexpected end resets the link: closed channels never come back by
   * themselves.
   */
  public Channel channel(Connection on) throws IOException {
    Channel channel = on.createChannel();
    if (channel == null) {
      throw new IOException("the broker allows no more channels on connection " + name);
    }
    channel.addShutdownListener(
        cause -> {
          if (!cause.isInitiatedByApplication() && on.isOpen()) {
            // Not on this thread: aborting waits for the reader that runs this listener.
            Thread.ofVirtual().start(() -> reset("channel closed: " + cause.getReason()));
          }
        });
    return channel;
  }

  private void run() {
    while (!pulse.stopping()) {
      long current = generation + 1;
      generation = current;
      try {
        open(current);
        delays.succeeded();
        log.info("connected to the broker link={} generation={}", name, current);
        while (!pulse.stopping() && connection.isOpen()) {
          pulse.awaitMillis(1_000);
        }
        if (!pulse.stopping()) {
          var reason = connection.getCloseReason();
          lastFailure = reason == null ? "connection closed" : rootMessage(reason);
          log.warn("lost the broker link={} cause={}; reconnecting", name, lastFailure);
        }
      } catch (IOException
          | TimeoutException
          | GeneralSecurityException
          | URISyntaxException
          | RuntimeException e) {
        lastFailure = rootMessage(e);
        long delayMillis = delays.nextMillis();
        log.warn(
            "cannot reach the broker link={} uri={} cause={}; trying again in {} ms",
            name,
            Masks.url(broker.uri()),
            lastFailure,
            delayMillis);
        shut(current);
        pulse.awaitMillis(delayMillis);
        continue;
      }
      shut(current);
    }
  }

  private void open(long current)
      throws IOException, TimeoutException, GeneralSecurityException, URISyntaxException {
    ConnectionFactory factory = new ConnectionFactory();
    factory.setUri(broker.uri());
    factory.setAutomaticRecoveryEnabled(false);
    factory.setTopologyRecoveryEnabled(false);
    int connectMillisMax = Math.toIntExact(broker.connectTimeout().toMillis());
    factory.setConnectionTimeout(connectMillisMax);
    factory.setHandshakeTimeout(connectMillisMax);
    factory.setChannelRpcTimeout(RPC_MILLIS_MAX);
    factory.setRequestedHeartbeat(Math.toIntExact(broker.heartbeat().toSeconds()));
    factory.setMaxInboundMessageBodySize(inboundBytesMax);
    factory.setThreadFactory(
        work -> Thread.ofPlatform().name("millrace-amqp-" + name + "-io").daemon().unstarted(work));
    connection = factory.newConnection("millrace-" + name);
    connection.addShutdownListener(cause -> pulse.nudge());
    connection.addBlockedListener(
        new BlockedListener() {
          @Override
          public void handleBlocked(String reason) {
            blocked = true;
            log.warn(
                "the broker blocks publishing link={} reason={}; holding back until it allows it",
                name,
                reason);
          }

          @Override
          public void handleUnblocked() {
            blocked = false;
            log.info("the broker allows publishing again link={}", name);
          }
        });
    for (Session session : sessions) {
      session.opened(connection, current);
    }
    connected = true;
  }

  private void shut(long current) {
    connected = false;
    blocked = false;
    Connection old = connection;
    connection = null;
    if (old != null) {
      if (pulse.stopping() && old.isOpen()) {
        try {
          old.close(2_000);
        } catch (IOException | RuntimeException e) {
          log.debug("closing the broker connection link={}", name, e);
        }
      } else {
        old.abort(1_000);
      }
    }
    for (int i = sessions.size() - 1; i >= 0; i--) {
      sessions.get(i).closed(current);
    }
  }

  private static String rootMessage(Throwable e) {
    Throwable root = e;
    while (root.getCause() != null && root.getCause() != root) {
      root = root.getCause();
    }
    return root.getClass().getSimpleName()
        + (root.getMessage() == null ? "" : ": " + root.getMessage());
  }

  @Override
  public String toString() {
    return "broker link " + name;
  }
}
