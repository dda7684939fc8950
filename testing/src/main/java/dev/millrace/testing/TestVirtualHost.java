package dev.millrace.testing;

import java.io.IOException;
import java.net.URI;

/**
 * One test's place at the broker.
 *
 * <p>Immutable; safe for any thread.
 */
public final class TestVirtualHost implements AutoCloseable {
  private final URI uri;
  private final Stop stop;

  /** What closing means for this kind of broker. */
  interface Stop {
    void run() throws IOException;
  }

  TestVirtualHost(URI uri, Stop stop) {
    this.uri = uri;
    this.stop = stop;
  }

  /** With credentials and virtual host. */
  public URI uri() {
    return uri;
  }

  @Override
  public void close() throws IOException {
    stop.run();
  }
}
