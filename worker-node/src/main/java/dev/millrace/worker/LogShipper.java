package dev.millrace.worker;

import dev.millrace.amqp.AmqpLink;
import dev.millrace.amqp.ConfirmedPublisher;
import dev.millrace.runtime.Loop;
import dev.millrace.runtime.Pulse;
import dev.millrace.wire.Entities;
import dev.millrace.wire.LogCodec;
import dev.millrace.wire.LogLines;
import java.util.ArrayDeque;
import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;

/**
 * Brings log lines to the broker, many in a message. Bounded: when lines come faster than they go,
 * the oldest are dropped and the log says so. Runs on the log loop; any thread adds.
 */
final class LogShipper implements Loop.Pass {
  private static final int LINES_PER_MESSAGE_MAX = 200;
  private static final int MESSAGE_CHARS_MAX = 60 * 1024;
  private static final int LINE_CHARS_FIXED = 200;
  private static final int BUFFER_LINES_MAX = 20_000;
  private static final int BUFFER_CHARS_MAX = 8 * 1024 * 1024;
  private static final int UNDER_WAY_MAX = 32;

  private final String worker;
  private final Pulse pulse;
  private final ConfirmedPublisher<Integer> publisher;
  private final AtomicLong linesDropped = new AtomicLong();
  private final ArrayDeque<StageLog.Entry> buffer = new ArrayDeque<>();
  private long bufferChars;

  LogShipper(String worker, Pulse pulse) {
    this.worker = worker;
    this.pulse = pulse;
    this.publisher = new ConfirmedPublisher<>(new Fates());
  }

  AmqpLink.Session on(AmqpLink link) {
    return publisher.on(link);
  }

  AmqpLink.Session session() {
    return publisher;
  }

  long linesDropped() {
    return linesDropped.get();
  }

  void add(StageLog.Entry entry) {
    List<StageLog> victims = new ArrayList<>(0);
    boolean full;
    synchronized (buffer) {
      buffer.add(entry);
      bufferChars += entry.text().length();
      while (buffer.size() > BUFFER_LINES_MAX || bufferChars > BUFFER_CHARS_MAX) {
        StageLog.Entry oldest = buffer.poll();
        bufferChars -= oldest.text().length();
        victims.add(oldest.log());
      }
      full = buffer.size() == LINES_PER_MESSAGE_MAX;
    }
    for (StageLog victim : victims) {
      linesDropped.incrementAndGet();
      victim.countDropped();
    }
    if (full) {
      pulse.nudge();
    }
  }

  /** Sends what there is soon: an attempt has ended. */
  void hurry() {
    synchronized (buffer) {
      if (buffer.isEmpty()) {
        return;
      }
    }
    pulse.nudge();
  }

  @Override
  public boolean runOnce() {
    if (!publisher.ready() || publisher.unconfirmed() >= UNDER_WAY_MAX) {
      return false;
    }
    List<StageLog.Entry> entries = take();
    if (entries.isEmpty()) {
      return false;
    }
    long now = System.nanoTime();
    List<LogLines.Line> lines = new ArrayList<>(entries.size());
    for (StageLog.Entry entry : entries) {
      lines.add(entry.toLine(now));
    }
    byte[] body = LogCodec.encode(new LogLines(worker, lines));
    if (!publisher.publish("", Entities.LOGS, false, false, body, lines.size())) {
      putBack(entries);
      return false;
    }
    return true;
  }

  private List<StageLog.Entry> take() {
    List<StageLog.Entry> taken = new ArrayList<>();
    synchronized (buffer) {
      int chars = 0;
      while (!buffer.isEmpty() && taken.size() < LINES_PER_MESSAGE_MAX) {
        int size = LINE_CHARS_FIXED + buffer.peek().text().length();
        if (!taken.isEmpty() && chars + size > MESSAGE_CHARS_MAX) {
          break;
        }
        chars += size;
        StageLog.Entry entry = buffer.poll();
        bufferChars -= entry.text().length();
        taken.add(entry);
      }
    }
    Set<StageLog> logs = new LinkedHashSet<>();
    taken.forEach(entry -> logs.add(entry.log()));
    for (StageLog log : logs) {
      StageLog.Entry notice = log.takeDroppedNotice();
      if (notice != null) {
        taken.add(notice);
      }
    }
    return taken;
  }

  private void putBack(List<StageLog.Entry> entries) {
    synchronized (buffer) {
      for (StageLog.Entry entry : entries.reversed()) {
        buffer.addFirst(entry);
        bufferChars += entry.text().length();
      }
    }
  }

  /** Told on the connection's threads. */
  private final class Fates implements ConfirmedPublisher.Fate<Integer> {
    @Override
    public void confirmed(Integer lines) {
      if (publisher.unconfirmed() == UNDER_WAY_MAX - 1) {
        pulse.nudge();
      }
    }

    @Override
    public void unroutable(Integer lines) {
      linesDropped.addAndGet(lines);
    }

    @Override
    public void lost(Integer lines) {
      // May have arrived: sending them again would be right too, but logs are not worth the order.
      linesDropped.addAndGet(lines);
    }
  }
}
