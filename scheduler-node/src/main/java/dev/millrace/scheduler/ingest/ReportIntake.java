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

  /**
   * One message, read or bad.
   *
   * @param last false for a part that others of the same delivery follow: it cannot be acked yet
   */
  public record Message(QueueConsumer.Delivery delivery, Decoded<Reports> decoded, boolean last) {
    /** The same message when it was put into quarantine: what remains of it is the ack. */
    public Message dealtWith() {
      return new Message(delivery, new Decoded.Ok<>(new Reports("", List.of())), last);
    }

    /** How many reports it holds; a bad one counts as one. */
    public int size() {
      return decoded instanceof Decoded.Ok<Reports> ok ? ok.value().reports().size() : 1;
    }

    private Message part(int from, int to) {
      Reports all = ((Decoded.Ok<Reports>) decoded).value();
      Reports some = new Reports(all.worker(), all.reports().subList(from, to));
      return new Message(delivery, new Decoded.Ok<>(some), last && to == all.reports().size());
    }
  }

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
    messages.add(new Message(delivery, ReportCodec.decode(delivery.body()), true));
    if (size.getAndIncrement() == 0) {
      nudge.run();
    }
  }

  public boolean isEmpty() {
    return size.get() == 0;
  }

  /** How many messages are here and not taken. Any thread. */
  public int waiting() {
    return size.get();
  }

  /**
   * Takes messages of so many reports at the most, in order, the last one in part if need be; drops
   * those of a connection that is gone.
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
      int room = reportsMax - reports;
      if (message.size() > room) {
        returned.addFirst(message.part(room, message.size()));
        size.incrementAndGet();
        message = message.part(0, room);
      }
      taken.add(message);
      reports += message.size();
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
   * Acks messages that {@link #take} gave: they were the oldest, so one ack up to the last whole
   * one does. Of a delivery that is acked later the reports come twice if the leader dies before,
   * and say nothing new then.
   */
  public void ack(List<Message> taken) {
    for (Message message : taken.reversed()) {
      if (message.last) {
        consumer.ack(message.delivery.generation(), message.delivery.tag(), true);
        return;
      }
    }
  }
}
