package dev.millrace.scheduler.ingest;

import com.rabbitmq.client.AMQP;
import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import com.rabbitmq.client.Connection;
import com.rabbitmq.client.DefaultConsumer;
import com.rabbitmq.client.Envelope;
import com.rabbitmq.client.ShutdownSignalException;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.Topology;
import dev.millrace.runtime.Delays;
import java.io.IOException;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.function.BiConsumer;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Consumes the queues that start runs: as many as jobs are bound to, on few channels. Brings what
 * is open in line with what is wanted in {@link #runOnce}, on a loop of its own; a queue that
 * cannot be consumed is told of and tried again, and is in nobody's way. Sinks are called on the
 * connection's thread.
 */
public final class QueueConsumers implements AmqpLink.Session {
  private static final Logger log = LoggerFactory.getLogger(QueueConsumers.class);

  /** On RabbitMQ, where each consumer has a prefetch of its own. */
  private static final int PER_CHANNEL_MAX = 100;

  private static final Duration RETRY_FIRST = Duration.ofMillis(500);
  private static final Duration RETRY_MAX = Duration.ofSeconds(10);
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(30);

  /** A broker that does not tell of deleted queues is asked so often. */
  private static final long LOOK_NANOS = TimeUnit.SECONDS.toNanos(5);

  private final Consumer<QueueDelivery> sink;
  private final BiConsumer<Long, String> problems;
  private final Runnable nudge;

  /** What is open, by the rows of triggers. */
  private final Map<Long, Opened> open = new ConcurrentHashMap<>();

  /** What could not be opened. The loop's thread. */
  private final Map<Long, Failing> failing = new ConcurrentHashMap<>();

  /** The broker refused these after they were found: each has a channel of its own. The loop's. */
  private final Set<Long> alone = new HashSet<>();

  /** Those with room for more. The loop's thread. */
  private final List<Channel> shared = new ArrayList<>();

  /** When the broker was asked last whether the queues are still there. The loop's. */
  private long lookedNanos = System.nanoTime();

  private volatile boolean silent;
  private volatile List<QueueUse> wanted = List.of();
  private volatile Connection connection;

  private record Opened(QueueSource source, String consumerTag) {}

  private static final class Failing {
    final Delays delays = new Delays(RETRY_FIRST, RETRY_MAX);
    String problem;
    long retryNanos;
  }

  /**
   * @param sink takes what is delivered, at once
   * @param problems is told what is wrong with a trigger, and null when it is right again; on the
   *     loop's thread
   * @param nudge that {@link #runOnce} has something to do
   */
  public QueueConsumers(
      Consumer<QueueDelivery> sink, BiConsumer<Long, String> problems, Runnable nudge) {
    this.sink = sink;
    this.problems = problems;
    this.nudge = nudge;
  }

  /** From now on these are consumed and no others. Any thread. */
  public void want(List<QueueUse> uses) {
    wanted = List.copyOf(uses);
    nudge.run();
  }

  /** How many queues are consumed. Any thread. */
  public int consuming() {
    return open.size();
  }

  /** How many queues are wanted and cannot be consumed. Any thread. */
  public int blocked() {
    return failing.size();
  }

  @Override
  public void opened(Connection connected, long generation) {
    silent = !isRabbit(connected);
    connection = connected;
    nudge.run();
  }

  @Override
  public void closed(long generation) {
    connection = null;
    for (Opened each : open.values()) {
      each.source.close();
    }
    open.clear();
  }

  /** How long the loop may wait. */
  public long waitNanos() {
    long now = System.nanoTime();
    long wait = silent ? LOOK_NANOS : IDLE_NANOS;
    for (Failing each : failing.values()) {
      wait = Math.min(wait, each.retryNanos - now);
    }
    return Math.max(0, wait);
  }

  /** One pass: closes what is not wanted any more and opens what is wanted and due. */
  public boolean runOnce() {
    List<QueueUse> uses = wanted;
    Map<Long, QueueUse> byTrigger = new HashMap<>();
    uses.forEach(use -> byTrigger.put(use.trigger(), use));
    open.forEach(
        (trigger, opened) -> {
          if (!opened.source.use().equals(byTrigger.get(trigger))) {
            cancel(trigger, opened);
          }
        });
    failing.keySet().retainAll(byTrigger.keySet());
    alone.retainAll(byTrigger.keySet());
    Connection on = connection;
    if (on == null || !on.isOpen()) {
      shared.clear();
      return false; // told when it is back
    }
    shared.removeIf(channel -> !channel.isOpen() || channel.getConnection() != on);
    if (silent && System.nanoTime() - lookedNanos >= LOOK_NANOS) {
      lookedNanos = System.nanoTime();
      open.forEach((trigger, opened) -> look(on, trigger, opened));
    }
    for (QueueUse use : uses) {
      Failing trouble = failing.get(use.trigger());
      boolean due = trouble == null || trouble.retryNanos - System.nanoTime() <= 0;
      if (due && !open.containsKey(use.trigger())) {
        open(on, use);
      }
    }
    return wanted != uses;
  }

  private void cancel(long trigger, Opened opened) {
    opened.source.close();
    open.remove(trigger, opened);
    try {
      opened.source.channel().basicCancel(opened.consumerTag);
      log.info("stopped consuming queue={}", opened.source.use().told());
    } catch (IOException | AlreadyClosedException e) {
      log.debug("the consumer is gone already", e);
    }
    opened.source.retire();
  }

  /** Whether its queue is still there and is still the one that is consumed. */
  private void look(Connection on, long trigger, Opened opened) {
    try {
      if (probe(on, opened.source.use()) > 0) {
        return;
      }
    } catch (IOException | AlreadyClosedException e) {
      log.debug("the queue is gone; what is wrong is told when it is opened again", e);
    }
    open.remove(trigger, opened);
    opened.source.retire();
  }

  private static boolean isRabbit(Connection on) {
    return String.valueOf(on.getServerProperties().get("product")).equalsIgnoreCase("RabbitMQ");
  }

  private void open(Connection on, QueueUse use) {
    try {
      probe(on, use);
      consume(channel(on, use), use, isAlone(on, use));
      failing.remove(use.trigger());
      tell(use, null); // an earlier term may have told something else
      log.info("consuming queue={} prefetch={}", use.told(), use.prefetch());
    } catch (IOException | RuntimeException e) {
      if (!on.isOpen()) {
        return; // nothing is wrong with the queue; it is opened with the next connection
      }
      Failing trouble = failing.computeIfAbsent(use.trigger(), any -> new Failing());
      long delayMillis = trouble.delays.nextMillis();
      trouble.retryNanos = System.nanoTime() + TimeUnit.MILLISECONDS.toNanos(delayMillis);
      String problem = problem(use, e);
      if (!Objects.equals(problem, trouble.problem)) {
        trouble.problem = problem;
        log.warn("cannot consume queue={} cause={}; trying again", use.told(), problem);
        tell(use, problem);
      }
    }
  }

  private void tell(QueueUse use, String problem) {
    if (!use.isShared()) {
      problems.accept(use.trigger(), problem);
    }
  }

  /**
   * On a channel that may be lost: asking for a queue that is not there closes it.
   *
   * @return how many consume it
   */
  private static int probe(Connection on, QueueUse use) throws IOException {
    Channel scratch = newChannel(on);
    try {
      if (use.isShared()) {
        Topology.declareTriggers(scratch);
      }
      return scratch.queueDeclarePassive(use.queue()).getConsumerCount();
    } finally {
      scratch.abort();
    }
  }

  private static Channel newChannel(Connection on) throws IOException {
    Channel channel = on.createChannel();
    if (channel == null) {
      throw new IOException("the broker allows no more channels on this connection");
    }
    return channel;
  }

  private Channel channel(Connection on, QueueUse use) throws IOException {
    if (isAlone(on, use)) {
      return ownedChannel(on);
    }
    for (Channel channel : shared) {
      long users = open.values().stream().filter(each -> each.source.channel() == channel).count();
      if (users < PER_CHANNEL_MAX) {
        return channel;
      }
    }
    Channel fresh = ownedChannel(on);
    shared.add(fresh);
    return fresh;
  }

  private boolean isAlone(Connection on, QueueUse use) {
    // Elsewhere a prefetch is the channel's, and one queue's messages would hold up another's.
    return !isRabbit(on) || use.isShared() || alone.contains(use.trigger());
  }

  private Channel ownedChannel(Connection on) throws IOException {
    Channel channel = newChannel(on);
    channel.addShutdownListener(cause -> lost(channel, cause));
    return channel;
  }

  /** Everything that was on it is opened again; what it had delivered comes again. */
  private void lost(Channel channel, ShutdownSignalException cause) {
    open.forEach(
        (trigger, opened) -> {
          if (opened.source.channel() == channel) {
            opened.source.close();
            open.remove(trigger, opened);
          }
        });
    if (!cause.isInitiatedByApplication() && !cause.isHardError()) {
      log.warn("lost a channel of queue triggers cause={}; opening another", cause.getReason());
      nudge.run();
    }
  }

  private void consume(Channel channel, QueueUse use, boolean own) throws IOException {
    QueueSource source = new QueueSource(use, channel, own);
    channel.basicQos(use.prefetch());
    String tag;
    try {
      tag = channel.basicConsume(use.queue(), false, new Taking(channel, source));
    } catch (IOException e) {
      alone.add(use.trigger()); // the channel is gone, and with it others' messages: not again
      throw e;
    }
    open.put(use.trigger(), new Opened(source, tag));
    if (!channel.isOpen()) {
      lost(channel, channel.getCloseReason()); // it went before it was known
    }
  }

  private final class Taking extends DefaultConsumer {
    private final QueueSource source;

    Taking(Channel channel, QueueSource source) {
      super(channel);
      this.source = source;
    }

    @Override
    public void handleDelivery(
        String consumerTag, Envelope envelope, AMQP.BasicProperties properties, byte[] body) {
      source.delivered();
      sink.accept(QueueDelivery.of(source, envelope, properties, body));
    }

    @Override
    public void handleCancel(String consumerTag) {
      // The queue was deleted, or its leader moved; what it delivered can still be acked.
      log.warn("the broker cancelled the consumer of queue={}", source.use().told());
      open.computeIfPresent(
          source.use().trigger(), (trigger, opened) -> opened.source == source ? null : opened);
      source.retire();
      nudge.run();
    }
  }

  private static String problem(QueueUse use, Exception e) {
    Throwable cause = e.getCause() == null ? e : e.getCause();
    if (cause instanceof ShutdownSignalException signal
        && signal.getReason() instanceof AMQP.Channel.Close close) {
      return switch (close.getReplyCode()) {
        case AMQP.NOT_FOUND ->
            "queue '" + use.queue() + "' is not there; declare it, this is tried again";
        case AMQP.ACCESS_REFUSED ->
            "may not read queue '"
                + use.queue()
                + "'; give the broker's user of this scheduler the right to";
        default -> "queue '" + use.queue() + "': " + close.getReplyText();
      };
    }
    return "queue '" + use.queue() + "': " + cause.getMessage();
  }
}
