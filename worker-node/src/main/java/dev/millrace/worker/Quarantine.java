package dev.millrace.worker;

import com.rabbitmq.client.Connection;
import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.wire.DeadCodec;
import dev.millrace.wire.Entities;
import java.util.List;
import java.util.concurrent.ConcurrentLinkedQueue;

/**
 * Moves messages that cannot be read to {@code millrace.dead}, with the cause; the delivery is
 * acked when the broker has confirmed it there. Bounded by the prefetch. Any thread.
 */
final class Quarantine {
  private record Bad(Bundle bundle, byte[] body) {}

  private final String worker;
  private final ConfirmedPublisher<Bad> publisher = new ConfirmedPublisher<>(new Fates());
  private final ConcurrentLinkedQueue<Bad> waiting = new ConcurrentLinkedQueue<>();

  Quarantine(String worker) {
    this.worker = worker;
  }

  void on(AmqpLink link) {
    publisher.on(link);
  }

  List<AmqpLink.Session> sessions() {
    return List.of(
        publisher,
        new AmqpLink.Session() {
          @Override
          public void opened(Connection connection, long generation) {
            for (int i = waiting.size(); i > 0; i--) {
              Bad bad = waiting.poll();
              if (bad != null && bad.bundle().ledger().isCurrent()) {
                publish(bad);
              }
            }
          }

          @Override
          public void closed(long generation) {
            // the publisher tells the fates
          }
        });
  }

  void put(Bundle bundle, String pool, String cause) {
    publish(
        new Bad(
            bundle,
            DeadCodec.encode(Entities.stagesOf(pool), worker, cause, bundle.delivery().body())));
  }

  private void publish(Bad bad) {
    if (!publisher.publish(Entities.DEAD, "", false, true, bad.body(), bad)) {
      waiting.add(bad);
    }
  }

  /** Told on the connection's threads. */
  private final class Fates implements ConfirmedPublisher.Fate<Bad> {
    @Override
    public void confirmed(Bad bad) {
      if (bad.bundle().oneDone()) {
        bad.bundle().ledger().settle();
      }
    }

    @Override
    public void unroutable(Bad bad) {
      waiting.add(bad);
    }

    @Override
    public void lost(Bad bad) {
      waiting.add(bad);
    }
  }
}
