package dev.millrace.scheduler.http;

import dev.millrace.model.RunId;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.Service;
import dev.millrace.scheduler.store.AuditRows;
import java.time.Clock;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.Queue;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ConcurrentLinkedQueue;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ThreadLocalRandom;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.TimeoutException;
import java.util.concurrent.atomic.AtomicLong;
import org.jdbi.v3.core.Jdbi;
import org.jdbi.v3.core.JdbiException;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Writes who asked for which change. A call that may change something is executed only after its
 * row is committed; all calls of a moment share one transaction. How it ended follows within half a
 * second: a row without a status is of a call whose node has ended meanwhile. What was refused
 * before anything was done is written afterwards. Callers: any thread; one thread writes.
 */
final class AuditTrail implements Service {
  private static final Logger log = LoggerFactory.getLogger(AuditTrail.class);
  private static final Duration WRITE_EVERY = Duration.ofMillis(250);
  private static final Duration BEGIN_WAIT_MAX = Duration.ofSeconds(3);
  private static final int BATCH_MAX = 1_000;
  private static final int WAITING_MAX = 100_000;
  private static final int TEXT_CHARS_MAX = 500;
  private static final int KEEP_ALL_DAYS = 36_500;
  private static final int LOW_BITS = 22;

  /** A row on its way; {@code written} is null when nobody waits for it. */
  private record Begun(AuditRows.Row row, CompletableFuture<Void> written) {}

  private final Jdbi jdbi;
  private final Clock clock;
  private final Pulse pulse = new Pulse();
  private final Loop loop = new Loop("audit", this::runOnce, pulse, WRITE_EVERY);
  private final Queue<Begun> begun = new ConcurrentLinkedQueue<>();
  private final Queue<AuditRows.End> ended = new ConcurrentLinkedQueue<>();
  private final AtomicLong lastId = new AtomicLong();

  AuditTrail(Jdbi jdbi, Clock clock) {
    this.jdbi = jdbi;
    this.clock = clock;
  }

  @Override
  public void start() {
    loop.start();
  }

  @Override
  public void close() {
    loop.close();
    try {
      while (runOnce() || !ended.isEmpty()) {
        log.debug("writing the last of the audit log");
      }
    } catch (JdbiException e) {
      begun.forEach(one -> log.warn("not in the audit log: {}", one.row()));
      ended.forEach(one -> log.warn("not in the audit log: {}", one));
    }
  }

  /** True for a call that has to be in the log. */
  static boolean concerns(Route route) {
    return !route.method().equals("GET")
        && (route.needs().role() != Role.VIEWER || route.needs().scope() == Scope.PUBLIC);
  }

  /**
   * Returns when the row of the call is committed.
   *
   * @return its id
   */
  long begin(Call call, Route route) throws InterruptedException {
    AuditRows.Row row = row(call, route, null);
    Begun one = new Begun(row, new CompletableFuture<>());
    begun.add(one);
    pulse.nudge();
    try {
      one.written().get(BEGIN_WAIT_MAX.toMillis(), TimeUnit.MILLISECONDS);
      return row.id();
    } catch (ExecutionException | TimeoutException e) {
      begun.remove(one);
      log.warn("a change is refused because it cannot be audited cause={}", e.toString());
      throw new Problem.Refused(Problem.unavailable("the audit log cannot be written"));
    }
  }

  /** The call that has begun has this status. */
  void end(long id, Call call) {
    ended.add(
        new AuditRows.End(
            id,
            namespace(call),
            plain(call.http().attribute(Call.SUBJECT)),
            call.http().statusCode(),
            plain(call.http().attribute(Call.REASON))));
  }

  /** A call that was refused before anything was done. */
  void refused(Call call, Route route) {
    if (begun.size() < WAITING_MAX) {
      begun.add(new Begun(row(call, route, call.http().statusCode()), null));
    } else {
      log.warn("not in the audit log: {}", row(call, route, call.http().statusCode()));
    }
  }

  private AuditRows.Row row(Call call, Route route, Integer status) {
    Principal principal = call.principal();
    return new AuditRows.Row(
        nextId(),
        null,
        plain(call.actor()),
        principal.kind().name().toLowerCase(Locale.ROOT),
        call.http().ip(),
        action(route),
        route.method(),
        plain(call.http().path()),
        namespace(call),
        subject(call, route),
        status,
        plain(call.http().attribute(Call.REASON)));
  }

  private static String namespace(Call call) {
    return plain(call.http().attribute(Call.NAMESPACE));
  }

  /** What is done, such as {@code runs.stop} or {@code jobs.delete}. */
  static String action(Route route) {
    String path = route.path().replaceFirst("^/api/v1/", "");
    String words = path.replaceAll("/?\\{\\w+}", "").replace('/', '.');
    boolean verb = route.method().equals("POST") && path.contains("/") && !path.endsWith("}");
    return verb ? words : words + "." + route.method().toLowerCase(Locale.ROOT);
  }

  /** What it is done to: the names in the path. */
  private static String subject(Call call, Route route) {
    StringBuilder subject = new StringBuilder();
    for (String part : route.path().split("/", -1)) {
      if (part.startsWith("{") && !part.equals("{namespace}")) {
        subject.append(subject.isEmpty() ? "" : "/");
        subject.append(call.http().pathParam(part.substring(1, part.length() - 1)));
      }
    }
    return subject.isEmpty() ? null : plain(subject.toString());
  }

  /** Without what would make two lines of one, or more than a line. */
  static String plain(Object value) {
    if (value == null) {
      return null;
    }
    String text = value.toString();
    String whole = text.length() > TEXT_CHARS_MAX ? text.substring(0, TEXT_CHARS_MAX) : text;
    return whole.replaceAll("\\p{Cntrl}|[\\u2028\\u2029\\ud800-\\udfff]", "?");
  }

  /** Time-ordered, and its own by random bits below the millisecond. */
  private long nextId() {
    long fresh =
        RunId.firstAt(clock.millis()) + ThreadLocalRandom.current().nextLong(1L << (LOW_BITS - 2));
    return lastId.updateAndGet(last -> fresh >> LOW_BITS > last >> LOW_BITS ? fresh : last + 1);
  }

  /** One batch; what cannot be written is refused when somebody waits, else tried again. */
  boolean runOnce() {
    List<Begun> rows = take(begun);
    List<AuditRows.End> ends = take(ended);
    if (rows.isEmpty() && ends.isEmpty()) {
      return false;
    }
    try {
      write(rows, ends);
    } catch (RuntimeException e) {
      for (Begun one : rows) {
        if (one.written() == null) {
          begun.add(one);
        } else {
          one.written().completeExceptionally(e);
        }
      }
      ended.addAll(ends);
      throw e;
    }
    rows.stream().filter(one -> one.written() != null).forEach(one -> one.written().complete(null));
    return !begun.isEmpty() || ended.size() >= BATCH_MAX;
  }

  private void write(List<Begun> rows, List<AuditRows.End> ends) {
    try {
      writeOnce(rows, ends);
    } catch (JdbiException e) {
      if (Failures.isAway(e)) {
        throw e;
      }
      jdbi.useTransaction(tx -> AuditRows.keep(tx, KEEP_ALL_DAYS)); // after months of rest
      writeOnce(rows, ends);
    }
  }

  private void writeOnce(List<Begun> rows, List<AuditRows.End> ends) {
    jdbi.useTransaction(
        tx -> {
          if (!rows.isEmpty()) {
            AuditRows.put(tx, rows.stream().map(Begun::row).toList());
          }
          if (!ends.isEmpty()) {
            AuditRows.end(tx, ends);
          }
        });
  }

  private static <T> List<T> take(Queue<T> from) {
    List<T> taken = new ArrayList<>();
    while (taken.size() < BATCH_MAX) {
      T one = from.poll();
      if (one == null) {
        break;
      }
      taken.add(one);
    }
    return taken;
  }
}
