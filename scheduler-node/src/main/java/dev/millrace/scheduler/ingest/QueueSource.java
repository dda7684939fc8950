package dev.millrace.scheduler.ingest;

import com.rabbitmq.client.AlreadyClosedException;
import com.rabbitmq.client.Channel;
import java.io.IOException;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One consumer of one queue, from when it was opened until it is closed or its channel is gone;
 * what it delivered is settled through it. Any thread.
 */
public final class QueueSource {
  private static final Logger log = LoggerFactory.getLogger(QueueSource.class);

  private final QueueUse use;
  private final Channel channel;
  private final boolean alone;
  private final AtomicInteger unsettled = new AtomicInteger();
  private volatile boolean closed;
  private volatile boolean retired;

  /**
   * @param alone whether the channel is this consumer's only, and ends with it
   */
  QueueSource(QueueUse use, Channel channel, boolean alone) {
    this.use = use;
    this.channel = channel;
    this.alone = alone;
  }

  public QueueUse use() {
    return use;
  }

  Channel channel() {
    return channel;
  }

  /** What it delivers from now on, or has delivered and nobody has begun with, goes back. */
  void close() {
    closed = true;
  }

  /** True when nothing of it is to be begun with. */
  boolean closed() {
    return closed;
  }

  /** A message has come, which will be settled. */
  void delivered() {
    unsettled.incrementAndGet();
  }

  /**
   * Its consumer is gone. A channel of its own is closed when the last message is settled: earlier,
   * what is committed and not yet acked would come again.
   */
  void retire() {
    closed = true;
    retired = true;
    endIfDone();
  }

  private void endIfDone() {
    if (alone && retired && unsettled.get() == 0) {
      Thread.ofVirtual().start(this::abort); // waits for the broker's answer
    }
  }

  private void abort() {
    try {
      channel.abort();
    } catch (IOException e) {
      log.debug("the channel is gone already", e);
    }
  }

  /** Also after the source was closed, as long as its channel is there. */
  void ack(long tag) {
    settle(() -> channel.basicAck(tag, false));
  }

  /** Whoever consumes the queue next gets it. Nack, because newer brokers count a reject. */
  void putBack(long tag) {
    settle(() -> channel.basicNack(tag, false, true));
  }

  @FunctionalInterface
  private interface Step {
    void run() throws IOException;
  }

  private void settle(Step step) {
    try {
      step.run();
    } catch (IOException | AlreadyClosedException e) {
      log.debug("could not settle a message; the broker delivers it again", e);
    }
    unsettled.decrementAndGet();
    endIfDone();
  }
}
