package dev.millrace.scheduler.ingest;

import dev.millrace.amqp.QueueConsumer;
import dev.millrace.wire.Decoded;
import dev.millrace.wire.Entities;
import dev.millrace.wire.ReportCodec;
import dev.millrace.wire.Reports;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Holds reports between the broker and the leader's turn, bounded by the consumer's prefetch.
 * Messages are decoded on the connection's thread, taken in order by the leader's thread, and acked
 * after its commit. One per term.
 */
public final class ReportIntake {
  /** Messages, of up to 200 reports each. */
  private static final int PREFETCH = 200;

  /** One message, read or bad. */
  public record Message(QueueConsumer.Delivery delivery, Decoded<Reports> decoded) {}

  private final ConcurrentLinkedQueue<Message> messages = new ConcurrentLinkedQueue<>();

  /** Taken once and given back; the leader's thread only. */
  private final java.util.ArrayDeque<Message> returned = new java.util.ArrayDeque<>();

  private final AtomicInteger size = new AtomicInteger();
  private final Runnable nudge;
  private final QueueConsumer consumer;

  public ReportIntake(Runnable nudge) {
    this.nudge = nudge;
    this.consumer = new QueueConsumer(channel -> Entities.REPORTS, PREFETCH, this::on);
  }

  public QueueConsumer consumer() {
    return consumer;
  }

  private void on(QueueConsumer.Delivery delivery) {
    messages.add(new Message(delivery, ReportCodec.decode(delivery.body())));
    if (size.getAndIncrement() == 0) {
      nudge.run();
    }
  }

  public boolean isEmpty() {
    return size.get() == 0;
  }

  /**
   * Takes messages of at least one and about so many reports, in order; drops those of a connection
   * that is gone.
   */
  public List<Message> take(int reportsMax) {
    List<Message> taken = new ArrayList<>();
    int reports = 0;
    long generation = consumer.generation();
    while (reports < reportsMax) {
      Message message = returned.isEmpty() ? messages.poll() : returned.poll();
      if (message == null) {
        break;
      }
      size.decrementAndGet();
      if (message.delivery.generation() != generation) {
        continue; // unacked and gone with its connection: the broker delivers it again
      }
      taken.add(message);
      reports +=
          message.decoded instanceof Decoded.Ok<Reports> ok ? ok.value().reports().size() : 1;
    }
    return taken;
  }

  /**
   * Gives messages back that were not committed: they come first again, in order. Leader's thread.
   */
  public void giveBack(List<Message> taken) {
    taken.reversed().forEach(returned::addFirst);
    size.addAndGet(taken.size());
  }

  /**
   * Acks messages that {@link #take} gave: they were the oldest, so one ack up to the last does.
   */
  public void ack(List<Message> taken) {
    if (!taken.isEmpty()) {
      QueueConsumer.Delivery last = taken.getLast().delivery;
      consumer.ack(last.generation(), last.tag(), true);
    }
  }
}
