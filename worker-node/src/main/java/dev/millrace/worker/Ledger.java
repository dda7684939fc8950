package dev.millrace.worker;

import dev.millrace.amqp.QueueConsumer;
import java.util.ArrayDeque;

/**
 * The deliveries of one pool on one connection, in the order they came, so that a whole run of them
 * is acked by one frame. Thread-safe.
 */
final class Ledger {
  private final QueueConsumer consumer;
  private final long generation;
  private final ArrayDeque<Bundle> unsettled = new ArrayDeque<>();

  Ledger(QueueConsumer consumer, long generation) {
    this.consumer = consumer;
    this.generation = generation;
  }

  long generation() {
    return generation;
  }

  /** True while what came on this connection is still ours to start. */
  boolean isCurrent() {
    return consumer.generation() == generation;
  }

  synchronized Bundle enter(QueueConsumer.Delivery delivery) {
    Bundle bundle = new Bundle(this, delivery);
    unsettled.add(bundle);
    return bundle;
  }

  /** Acks the deliveries at the head that need nothing more. */
  synchronized void settle() {
    long tag = 0;
    for (Bundle head = unsettled.peek(); head != null && head.over(); head = unsettled.peek()) {
      unsettled.poll();
      tag = head.putBack() ? tag : head.delivery().tag();
    }
    if (tag > 0) {
      consumer.ack(generation, tag, true);
    }
  }

  /** Gives a delivery back to the queue: another worker may take it at once. */
  synchronized void putBack(Bundle bundle) {
    bundle.markPutBack();
    consumer.putBack(generation, bundle.delivery().tag());
    settle();
  }
}
