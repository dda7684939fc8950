package dev.millrace.scheduler.http;

import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.settings.EventSettings;
import java.time.Duration;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicInteger;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Who follows events on this node: so many at most, and so many of one principal. Ends writes that
 * a client does not take: its thread would wait for ever, and its place with it. Any thread; the
 * watch has one of its own, which sleeps without clients.
 */
final class EventClients implements Service {
  private static final Logger log = LoggerFactory.getLogger(EventClients.class);
  private static final long WATCH_NANOS = TimeUnit.MILLISECONDS.toNanos(500);
  private static final long IDLE_NANOS = TimeUnit.HOURS.toNanos(1);

  /** A client that takes nothing for so long has stopped reading. */
  private static final Duration STUCK_MAX = Duration.ofSeconds(10);

  /** The same when what comes next was given up already. */
  private static final Duration STUCK_BEHIND_MAX = Duration.ofSeconds(2);

  private final int max;
  private final int perPrincipalMax;
  private final AtomicInteger count = new AtomicInteger();
  private final Map<String, Integer> byPrincipal = new ConcurrentHashMap<>();
  private final Set<EventStream> streams = ConcurrentHashMap.newKeySet();
  private final Pulse pulse = new Pulse();
  private final Loop loop = new Loop("event-clients", this::watch, pulse, this::waitNanos);

  EventClients(EventSettings settings) {
    this.max = settings.clientsMax();
    this.perPrincipalMax = settings.clientsPerPrincipalMax();
  }

  @Override
  public void start() {
    loop.start();
  }

  @Override
  public void close() {
    loop.close();
    streams.forEach(EventStream::close);
  }

  int count() {
    return count.get();
  }

  /** Clients of one principal. */
  int count(String principal) {
    return byPrincipal.getOrDefault(principal, 0);
  }

  /** Takes one more in; a problem is thrown when there is no room. */
  void enter(String principal) {
    int own = byPrincipal.merge(principal, 1, Integer::sum);
    if (own > perPrincipalMax) {
      giveBack(principal);
      throw tooMany(
          "'" + principal + "' follows events " + perPrincipalMax + " times already",
          "Share one stream, end some, or raise events.clients-per-principal.");
    }
    if (count.incrementAndGet() > max) {
      count.decrementAndGet();
      giveBack(principal);
      throw tooMany(
          max + " clients follow events of this node already",
          "Use another node, or raise events.clients-max.");
    }
  }

  void leave(String principal) {
    count.decrementAndGet();
    giveBack(principal);
  }

  private void giveBack(String principal) {
    byPrincipal.computeIfPresent(principal, (name, own) -> own == 1 ? null : own - 1);
  }

  private static Problem.Refused tooMany(String detail, String remedy) {
    return new Problem.Refused(
        new Problem(429, "too-many-clients", "Too many clients", detail, remedy));
  }

  /** From now on it is watched. */
  void watch(EventStream stream) {
    streams.add(stream);
    pulse.nudge();
  }

  void forget(EventStream stream) {
    streams.remove(stream);
  }

  private long waitNanos() {
    return streams.isEmpty() ? IDLE_NANOS : WATCH_NANOS;
  }

  private boolean watch() {
    for (EventStream stream : streams) {
      Duration stuck = stream.stuckFor();
      Duration patience = stream.behind() ? STUCK_BEHIND_MAX : STUCK_MAX;
      if (stuck.compareTo(patience) > 0) {
        log.info(
            "a client does not take its events stream={} stuck={} ms; ending its connection",
            stream,
            stuck.toMillis());
        stream.abort();
      }
    }
    return false;
  }
}
