package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.scheduler.event.Event;
import dev.millrace.scheduler.event.EventSelector;
import dev.millrace.scheduler.event.EventTypes;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.time.Duration;
import java.util.concurrent.Semaphore;
import java.util.concurrent.TimeUnit;
import java.util.concurrent.atomic.AtomicReference;
import org.eclipse.jetty.websocket.api.Callback;
import org.eclipse.jetty.websocket.api.Session;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * One client on a WebSocket. A virtual thread of its own writes, so that no thread of the server
 * waits for it; what the client says comes on the server's threads.
 */
final class EventSocket implements EventSink {
  /** As for the stream; with {@code wait} nothing comes before the first frame asks for it. */
  static final String[] QUERY = {
    "namespace", "job", "run", "type", "digest", "lastEventId", "wait"
  };

  static final int TEXT_BYTES_MAX = 16 * 1024;
  static final Duration IDLE_MAX = Duration.ofSeconds(45);
  static final int BAD = 4400;
  static final int DENIED = 4401;
  static final int FORBIDDEN = 4403;
  static final int BEHIND = 4408;
  static final int TOO_MANY = 4429;
  private static final int GOING_AWAY = 1001;
  private static final int NOT_SUPPORTED = 1003;
  private static final int INTERNAL = 1011;

  private static final Logger log = LoggerFactory.getLogger(EventSocket.class);

  /** Frames that the client has not taken yet. */
  private static final int WINDOW = 64;

  private static final int FRAMES_MAX = 20;
  private static final long FRAMES_PER_NANOS = TimeUnit.SECONDS.toNanos(10);

  /** Of a control frame there are 125 bytes, two for the code. */
  private static final int CLOSE_BYTES_MAX = 120;

  /** Whose it is, and how to find what it asks for. */
  record Owner(EventsApi api, EventHub hub, EventAccess access, String name) {}

  /** What is wanted from now on; with an answer when a frame has asked. */
  private record Wanted(EventSelector selector, EventPosition last, JsonNode answer) {}

  private final Owner owner;
  private final Session session;
  private final Semaphore window = new Semaphore(WINDOW);
  private final Semaphore asked = new Semaphore(0);
  private final AtomicReference<Wanted> wanted = new AtomicReference<>();
  private volatile EventStream stream;
  private volatile boolean gone;
  private long framesSinceNanos = System.nanoTime();
  private int frames;

  EventSocket(Owner owner, Session session) {
    this.owner = owner;
    this.session = session;
  }

  /** Begins with what its request asked for, or waits for a frame. */
  void start(EventQuery query, EventPosition last, boolean wait) {
    if (!wait) {
      want(new Wanted(query.selector(owner.access), last, null));
    }
    Thread.ofVirtual().name("millrace-ws-" + owner.name).start(this::run);
  }

  private void want(Wanted next) {
    wanted.set(next);
    EventStream current = stream;
    if (current != null) {
      current.close();
    }
    asked.release();
  }

  private void run() {
    try {
      while (!gone) {
        if (!asked.tryAcquire(1, TimeUnit.SECONDS)) {
          if (owner.hub.closed()) {
            close(GOING_AWAY, "this node stops; come back");
          } else if (owner.access.denied() != null) {
            denied(owner.access.denied());
          }
          continue;
        }
        Wanted next = wanted.getAndSet(null);
        if (next != null) {
          follow(next);
        }
      }
    } catch (IOException e) {
      log.debug("a client is gone client={}", owner.name, e);
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    } catch (RuntimeException e) {
      log.warn("a stream of events failed client={}; it is closed", owner.name, e);
      close(INTERNAL, "something unexpected happened; come back");
    } finally {
      session.disconnect();
      gone();
      owner.hub.clients().leave(owner.access.name());
    }
  }

  private void follow(Wanted next) throws IOException, InterruptedException {
    if (next.answer != null) {
      send(Json.write(next.answer));
    }
    EventStream current =
        new EventStream(owner.hub, this, next.selector, owner.access::denied, owner.name);
    stream = current;
    if (wanted.get() == null && !gone) {
      current.run(next.last);
    }
    stream = null;
    if (wanted.get() == null) {
      gone = true; // it ended by itself, and has told why
    }
  }

  /** A frame of the client. A thread of the server. */
  void heard(String text) {
    long now = System.nanoTime();
    if (now - framesSinceNanos > FRAMES_PER_NANOS) {
      framesSinceNanos = now;
      frames = 0;
    }
    frames++;
    if (frames > FRAMES_MAX) {
      close(TOO_MANY, "more than " + FRAMES_MAX + " frames in 10 s");
      return;
    }
    try {
      JsonNode frame = Json.read(text);
      if (!(frame instanceof ObjectNode object)
          || object.size() != 1
          || object.get("subscribe") == null) {
        throw Problem.badRequest("a frame is {\"subscribe\":{...}}", "Send one.");
      }
      EventQuery query = EventQuery.of(object.get("subscribe"));
      EventSelector selector = query.selector(owner.access);
      EventPosition last = owner.api.known(query.last());
      want(new Wanted(selector, last, Json.object().set("subscribed", object.get("subscribe"))));
    } catch (Problem.Refused refused) {
      boolean forbidden = refused.problem().status() == 403;
      close(forbidden ? FORBIDDEN : BAD, refused.problem().detail());
    } catch (RuntimeException e) {
      log.debug("cannot take what a client asks for client={}", owner.name, e);
      close(INTERNAL, "the database is away; come back");
    }
  }

  void heardBytes() {
    close(NOT_SUPPORTED, "only text is taken");
  }

  /** The client has gone. Any thread. */
  void gone() {
    gone = true;
    EventStream current = stream;
    if (current != null) {
      current.close();
    }
    asked.release();
    window.release(WINDOW); // who waits to write finds out
  }

  private void close(int code, String reason) {
    session.close(code, shortened(reason), Callback.NOOP);
    gone();
  }

  private static String shortened(String reason) {
    String ascii = reason.replaceAll("[^ -~]", "?");
    return ascii.length() <= CLOSE_BYTES_MAX ? ascii : ascii.substring(0, CLOSE_BYTES_MAX);
  }

  private void send(String text) throws IOException {
    try {
      window.acquire();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IOException("interrupted while writing", e);
    }
    if (gone || !session.isOpen()) {
      throw new IOException("the client is gone");
    }
    session.sendText(text, Callback.from(window::release, failure -> gone()));
  }

  @Override
  public void open() {
    // the upgrade has told
  }

  @Override
  public void event(Event event) throws IOException {
    send(event.json());
  }

  @Override
  public void changed(long seq, long rows) throws IOException {
    ObjectNode event = control(EventTypes.CHANGED).put("id", Long.toString(seq));
    event.putObject("data").put("rows", rows);
    send(Json.write(event));
  }

  private static ObjectNode control(String type) {
    return Json.object().put("specversion", "1.0").put("source", "/millrace").put("type", type);
  }

  @Override
  public void alive() {
    session.sendPing(ByteBuffer.allocate(0), Callback.NOOP);
  }

  @Override
  public void flush() {
    // frames go out by themselves
  }

  @Override
  public void denied(String why) throws IOException {
    ObjectNode event = control(EventTypes.DENIED).put("id", "denied");
    event.putObject("data").put("detail", why);
    send(Json.write(event));
    close(DENIED, why);
  }

  @Override
  public void end(boolean behind) {
    if (behind) {
      close(BEHIND, "not kept up; come back with lastEventId");
    } else if (owner.hub.closed()) {
      close(GOING_AWAY, "this node stops; come back with lastEventId");
    } // else it goes on with what a frame has asked for
  }

  @Override
  public void abort() {
    session.disconnect();
    gone();
  }
}
