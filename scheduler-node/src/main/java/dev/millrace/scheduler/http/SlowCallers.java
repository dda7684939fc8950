package dev.millrace.scheduler.http;

import java.time.Duration;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import org.eclipse.jetty.io.Connection;
import org.eclipse.jetty.server.Connector;
import org.eclipse.jetty.server.Server;
import org.eclipse.jetty.util.component.AbstractLifeCycle;
import org.eclipse.jetty.util.component.LifeCycle;
import org.eclipse.jetty.util.thread.Scheduler;

/**
 * Closes connections on which no request has come to its end of headers for a minute: whoever sends
 * a byte now and then holds nothing for long. Connections with a request under way are left alone:
 * those have limits of their own. Any thread.
 */
final class SlowCallers extends AbstractLifeCycle implements Connection.Listener {
  static final Duration QUIET_MAX = Duration.ofSeconds(60);
  private static final Duration LOOK_EVERY = Duration.ofSeconds(5);

  /** How many requests a connection had when that number last changed. */
  private record Seen(long requests, long sinceNanos) {}

  private final Server server;
  private final Map<Connection, Seen> open = new ConcurrentHashMap<>();
  private Scheduler.Task task;

  SlowCallers(Server server) {
    this.server = server;
  }

  @Override
  protected void doStart() {
    server.addEventListener(
        new LifeCycle.Listener() {
          @Override
          public void lifeCycleStarted(LifeCycle event) {
            for (Connector connector : server.getConnectors()) {
              connector.addEventListener(SlowCallers.this);
            }
            again();
          }
        });
  }

  @Override
  protected void doStop() {
    if (task != null) {
      task.cancel();
    }
    open.clear();
  }

  @Override
  public void onOpened(Connection connection) {
    open.put(connection, new Seen(0, System.nanoTime()));
  }

  @Override
  public void onClosed(Connection connection) {
    open.remove(connection);
  }

  private void again() {
    task = server.getScheduler().schedule(this::look, LOOK_EVERY.toSeconds(), TimeUnit.SECONDS);
  }

  private void look() {
    long now = System.nanoTime();
    open.forEach(
        (connection, seen) -> {
          long requests = connection.getMessagesIn();
          if (requests != connection.getMessagesOut() || requests != seen.requests()) {
            open.replace(connection, seen, new Seen(requests, now));
          } else if (now - seen.sinceNanos() > QUIET_MAX.toNanos()) {
            connection.close();
          }
        });
    if (isRunning()) {
      again();
    }
  }
}
