package dev.millrace.worker;

import dev.millrace.amqp.QueueConsumer;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * One start message in this worker's hands. It is acked when each of its starts has a first report
 * that the broker confirmed. Thread-safe.
 */
final class Bundle {
  private final Ledger ledger;
  private final QueueConsumer.Delivery delivery;

  /** Starts without a confirmed report, and one for the bundle until all its starts are read. */
  private final AtomicInteger missing = new AtomicInteger(1);

  private volatile boolean putBack;

  Bundle(Ledger ledger, QueueConsumer.Delivery delivery) {
    this.ledger = ledger;
    this.delivery = delivery;
  }

  QueueConsumer.Delivery delivery() {
    return delivery;
  }

  Ledger ledger() {
    return ledger;
  }

  void expectOne() {
    missing.incrementAndGet();
  }

  /**
   * One start has its first report confirmed, or all starts are read.
   *
   * @return true when nothing is missing any more; then the ledger can be settled
   */
  boolean oneDone() {
    return missing.decrementAndGet() == 0;
  }

  boolean over() {
    return putBack || missing.get() == 0;
  }

  boolean putBack() {
    return putBack;
  }

  void markPutBack() {
    putBack = true;
  }
}
