package dev.millrace.scheduler.event;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.OrderedPublisher;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.runtime.QuietFailure;
import dev.millrace.runtime.Service;
import dev.millrace.runtime.Services;
import dev.millrace.scheduler.dispatch.Outbox;
import dev.millrace.scheduler.store.EventCursors;
import dev.millrace.settings.RabbitSettings;
import dev.millrace.wire.Entities;
import io.micrometer.core.instrument.Counter;
import io.micrometer.core.instrument.MeterRegistry;
import java.nio.charset.StandardCharsets;
import java.time.Duration;
import java.util.ArrayList;
import java.util.BitSet;
import java.util.List;
import java.util.OptionalLong;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;

/**
 * Publishes events to the exchange {@code millrace.events}, for one term: each at least once and in
 * the order of the log, from a cursor in the database that moves only past what the broker has
 * confirmed. What nobody is bound for is not written at all ({@link Routes}). A connection and a
 * loop of its own, which sleeps until the turn has committed something.
 */
public final class EventPublisher implements Service {
  private static final String CURSOR = "amqp";
  private static final String CONTENT_TYPE = "application/cloudevents+json";
  private static final Duration CONFIRM_MAX = Duration.ofSeconds(10);

  /** Messages and bytes under way: a broker that stops reading still has room for them. */
  private static final int CHUNK = 256;

  private static final int CHUNK_BYTES = 128 * 1024;
  private static final long LOOK_EVERY_MILLIS = 50;
  private static final long SAVE_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long AWAY_NANOS = TimeUnit.MILLISECONDS.toNanos(500);

  /** The turn says when there is something; this is for what nobody has said. */
  private static final long IDLE_NANOS = TimeUnit.SECONDS.toNanos(10);

  private final Jdbi jdbi;
  private final long epoch;
  private final LogFollower follower;
  private final OrderedPublisher publisher = new OrderedPublisher();
  private final AmqpLink link;
  private final Routes routes = new Routes();
  private final Pulse pulse = new Pulse();
  private final Pulse pace = new Pulse();
  private final Services services = new Services();
  private final Counter published;

  private List<EventBatch> page = List.of();

  /** What the broker has of the page: up to this event. */
  private long doneSeq;

  private int doneNumber;
  private long done;
  private long saved = -1;
  private long savedNanos;
  private long lookedNanos;

  public EventPublisher(
      String node, RabbitSettings broker, Jdbi jdbi, long epoch, MeterRegistry metrics) {
    this.jdbi = jdbi;
    this.epoch = epoch;
    this.follower = new LogFollower(jdbi, new EventNames(jdbi));
    this.link =
        new AmqpLink(node + "-events", broker, List.of(new Outbox.Declarations(), publisher));
    publisher.on(link);
    this.published = metrics.counter("millrace.events.published");
  }

  /** Nothing is published: who is told later begins with what happens then. */
  public static void forget(Jdbi jdbi) {
    jdbi.useHandle(handle -> EventCursors.forget(handle, CURSOR));
  }

  @Override
  public void start() throws Exception {
    begin(); // what happens in this term is told, whenever the broker can be reached
    // The link is closed first: that ends a publish that the broker does not read.
    services.start(new Loop("events-publish", this::runOnce, pulse, this::waitNanos));
    services.start(link);
  }

  @Override
  public void close() {
    pace.stop();
    pulse.stop();
    services.close();
  }

  /** Something was committed. Any thread. */
  public void nudge() {
    pulse.nudge();
  }

  private long waitNanos() {
    if (!page.isEmpty() || !publisher.ready()) {
      return AWAY_NANOS;
    }
    if (follower.waiting()) {
      return follower.waitNanos();
    }
    return saved == done ? IDLE_NANOS : SAVE_NANOS;
  }

  /** One pass: true when there is probably more. */
  boolean runOnce() throws InterruptedException {
    if (!publisher.ready()) {
      return false; // the log keeps it
    }
    if (page.isEmpty()) {
      keepPace();
      page = follower.next();
    }
    if (!page.isEmpty()) {
      publish();
      page = List.of();
    }
    if (follower.settled()) {
      done = follower.cursor();
    }
    save();
    return follower.more();
  }

  private void begin() {
    OptionalLong cursor = jdbi.withHandle(handle -> EventCursors.read(handle, CURSOR));
    if (cursor.isPresent()) {
      follower.startAbove(cursor.getAsLong());
    } else {
      follower.startAtEnd();
    }
    done = follower.cursor();
    saved = cursor.orElse(-1);
  }

  private void keepPace() {
    long since = TimeUnit.NANOSECONDS.toMillis(System.nanoTime() - lookedNanos);
    if (!follower.waiting() && !follower.more() && since < LOOK_EVERY_MILLIS) {
      pace.awaitMillis(LOOK_EVERY_MILLIS - since);
    }
    lookedNanos = System.nanoTime();
  }

  private void save() {
    long now = System.nanoTime();
    boolean due = saved < 0 || now - savedNanos >= SAVE_NANOS;
    if (saved != done && due && follower.settled()) {
      if (!jdbi.withHandle(handle -> EventCursors.write(handle, CURSOR, done, epoch))) {
        throw new QuietFailure("a later term publishes events; this one has ended");
      }
      saved = done;
      savedNanos = now;
    }
  }

  /** All of the page that anybody is bound for, above what the broker has of it. */
  private void publish() throws InterruptedException {
    ask();
    Chunk chunk = new Chunk();
    for (EventBatch batch : page) {
      List<List<String>> keys = batch.stories().stream().map(Routes::keys).toList();
      if (keys.stream().flatMap(List::stream).anyMatch(routes::mayLead)) {
        for (int place = 0; place < batch.size(); place++) {
          EventRow row = batch.row(place);
          add(row, keys.get(batch.storyOf(place)), chunk);
        }
      } else {
        routes.skip(batch, keys);
      }
    }
    send(chunk);
  }

  /** Keys that led nowhere may do so now: an event that was skipped tells. */
  private void ask() throws InterruptedException {
    Chunk chunk = new Chunk();
    for (Routes.Skipped each : routes.toAsk(page)) {
      chunk.add(each.key(), each.event());
      if (chunk.full()) {
        routes.heard(chunk, confirmed(chunk));
        chunk.clear();
      }
    }
    if (!chunk.isEmpty()) {
      routes.heard(chunk, confirmed(chunk));
    }
  }

  private void add(EventRow row, List<String> keys, Chunk chunk) throws InterruptedException {
    if (row.seq() < doneSeq) {
      return;
    }
    List<Event> events = row.events();
    for (int i = 0; i < events.size(); i++) {
      Event event = events.get(i);
      boolean had = row.seq() == doneSeq && event.number() <= doneNumber;
      if (had) {
        continue;
      }
      if (routes.mayLead(keys.get(i))) {
        chunk.add(keys.get(i), event);
        if (chunk.full()) {
          send(chunk);
        }
      } else {
        routes.skip(keys.get(i), event);
      }
    }
  }

  private void send(Chunk chunk) throws InterruptedException {
    if (chunk.isEmpty()) {
      return;
    }
    BitSet returned = confirmed(chunk);
    routes.heard(chunk, returned);
    published.increment(chunk.size() - returned.cardinality());
    Event last = chunk.last();
    doneSeq = last.row().seq();
    doneNumber = last.number();
    chunk.clear();
  }

  private BitSet confirmed(Chunk chunk) throws InterruptedException {
    return publisher
        .publish(Entities.EVENTS, chunk.messages(), CONFIRM_MAX)
        .orElseThrow(
            () ->
                new QuietFailure(
                    "the broker has not confirmed "
                        + chunk.size()
                        + " events; they are published again"));
  }

  /** Messages that are under way together. */
  static final class Chunk {
    private final List<Event> events = new ArrayList<>();
    private final List<String> keys = new ArrayList<>();
    private final List<OrderedPublisher.Message> messages = new ArrayList<>();
    private int bytes;

    void add(String key, Event event) {
      byte[] body = event.json().getBytes(StandardCharsets.UTF_8);
      events.add(event);
      keys.add(key);
      messages.add(
          new OrderedPublisher.Message(
              key, event.id(), event.type(), CONTENT_TYPE, event.row().at().toEpochMilli(), body));
      bytes += body.length;
    }

    boolean full() {
      return messages.size() >= CHUNK || bytes >= CHUNK_BYTES;
    }

    boolean isEmpty() {
      return messages.isEmpty();
    }

    int size() {
      return messages.size();
    }

    String key(int place) {
      return keys.get(place);
    }

    Event event(int place) {
      return events.get(place);
    }

    Event last() {
      return events.getLast();
    }

    List<OrderedPublisher.Message> messages() {
      return messages;
    }

    void clear() {
      events.clear();
      keys.clear();
      messages.clear();
      bytes = 0;
    }
  }
}
