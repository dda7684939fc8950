package dev.millrace.system;

import dev.millrace.embedded.LocalBroker;
import dev.millrace.testing.PrivateRabbit;
import java.io.IOException;
import java.net.URI;

/**
 * A broker that forgets everything and comes back at the same address: a RabbitMQ where this
 * machine has one, else the embedded broker. The test's thread.
 */
interface WipeableBroker extends AutoCloseable {
  URI uri();

  /** Ends it as a crash does and deletes its data. Returns when it is gone. */
  void wipe() throws IOException;

  void startAgain() throws IOException;

  @Override
  void close() throws IOException;

  static WipeableBroker start() throws IOException {
    return PrivateRabbit.available() ? new Rabbit(PrivateRabbit.start()) : new Embedded();
  }

  /** RabbitMQ; killed, not stopped. */
  record Rabbit(PrivateRabbit node) implements WipeableBroker {
    @Override
    public URI uri() {
      return node.uri();
    }

    @Override
    public void wipe() throws IOException {
      node.killHard();
      node.wipe();
    }

    @Override
    public void startAgain() throws IOException {
      node.startAgain();
    }

    @Override
    public void close() throws IOException {
      node.close();
    }
  }

  /** Keeps its queues in memory only. */
  final class Embedded implements WipeableBroker {
    private LocalBroker broker = LocalBroker.settings().start();

    Embedded() throws IOException {}

    @Override
    public URI uri() {
      return broker.uri();
    }

    @Override
    public void wipe() throws IOException {
      broker.close();
    }

    @Override
    public void startAgain() throws IOException {
      broker =
          LocalBroker.settings()
              .port(broker.port())
              .credentials(broker.user(), broker.password())
              .start();
    }

    @Override
    public void close() throws IOException {
      broker.close();
    }
  }
}
