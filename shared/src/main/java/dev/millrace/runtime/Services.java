package dev.millrace.runtime;

import java.util.ArrayDeque;
import java.util.Deque;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Starts services in order and closes them in reverse; a failing start closes what came before. One
 * thread.
 */
public final class Services implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(Services.class);
  private final Deque<Service> started = new ArrayDeque<>();

  /** Starts the service, remembers it, and gives the same object back. */
  public <S extends Service> S start(S service) throws Exception {
    try {
      service.start();
    } catch (Exception e) {
      close();
      throw e;
    }
    started.push(service);
    return service;
  }

  @Override
  public void close() {
    while (!started.isEmpty()) {
      Service service = started.pop();
      try {
        service.close();
      } catch (RuntimeException e) {
        log.error("could not close {}; the others are closed all the same", service, e);
      }
    }
  }
}
