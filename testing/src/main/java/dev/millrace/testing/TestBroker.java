package dev.millrace.testing;

import dev.millrace.embedded.LocalBroker;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.net.URI;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * The AMQP broker that this JVM's tests share; every test takes a virtual host of its own from it.
 *
 * <p>Thread-safe.
 */
public sealed interface TestBroker extends AutoCloseable {
  String URI_VARIABLE = "MILLRACE_TEST_RABBITMQ";
  String CHOICE_VARIABLE = "MILLRACE_TEST_BROKER";

  /**
   * An empty virtual host. Only a broker named by {@link #URI_VARIABLE} cannot give one: there the
   * virtual host of the URI is shared by all tests, which has to be an otherwise unused one, and
   * tests must not run side by side.
   */
  TestVirtualHost freshVirtualHost();

  /** True if the broker is a RabbitMQ, so that what only RabbitMQ has may be tested. */
  boolean isRabbit();

  @Override
  void close() throws IOException;

  static TestBroker find() {
    String uri = System.getenv(URI_VARIABLE);
    if (uri != null && !uri.isBlank()) {
      TestServers.announce(
          "rabbitmq of " + URI_VARIABLE + ", one virtual host shared by all tests");
      return new Named(URI.create(uri.strip()));
    }
    boolean wantsEmbedded = "embedded".equals(System.getenv(CHOICE_VARIABLE));
    if (!wantsEmbedded && PrivateRabbit.available()) {
      PrivateRabbit node = PrivateRabbit.start(TestServers.newDirectory("rabbit"));
      TestServers.announce(
          "private rabbitmq node on port " + node.port() + " (" + URI_VARIABLE + " is not set)");
      return new PrivateNode(node, new AtomicInteger());
    }
    TestServers.announce(
        "embedded broker ("
            + URI_VARIABLE
            + " is not set; "
            + (wantsEmbedded
                ? CHOICE_VARIABLE + "=embedded)"
                : "no rabbitmq-server on this machine)"));
    return new Embedded();
  }

  /** A broker that somebody named and owns. */
  record Named(URI uri) implements TestBroker {
    @Override
    public TestVirtualHost freshVirtualHost() {
      return new TestVirtualHost(uri, () -> {});
    }

    @Override
    public boolean isRabbit() {
      return true;
    }

    @Override
    public void close() {
      // It belongs to whoever named it.
    }
  }

  /** A RabbitMQ node of our own. */
  record PrivateNode(PrivateRabbit node, AtomicInteger count) implements TestBroker {
    @Override
    public TestVirtualHost freshVirtualHost() {
      String name = "test" + count.incrementAndGet();
      return new TestVirtualHost(node.addVirtualHost(name), () -> {});
    }

    @Override
    public boolean isRabbit() {
      return true;
    }

    @Override
    public void close() throws IOException {
      node.close();
    }
  }

  /** One embedded broker per virtual host: it starts faster than RabbitMQ adds one. */
  record Embedded() implements TestBroker {
    @Override
    public TestVirtualHost freshVirtualHost() {
      try {
        LocalBroker broker = LocalBroker.settings().start();
        return new TestVirtualHost(broker.uri(), broker::close);
      } catch (IOException e) {
        throw new UncheckedIOException("the embedded broker did not start", e);
      }
    }

    @Override
    public boolean isRabbit() {
      return false;
    }

    @Override
    public void close() {
      // Each test closes the broker it took.
    }
  }
}
