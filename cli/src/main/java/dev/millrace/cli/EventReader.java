package dev.millrace.cli;

import java.io.BufferedInputStream;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.time.Duration;

/**
 * Server-sent events of one connection. Read by one thread; another one may ask whether the server
 * still lives.
 */
final class EventReader implements AutoCloseable {
  /** The server writes something every 15 s, if only a comment. */
  private static final Duration SILENCE_MAX = Duration.ofSeconds(45);

  private static final int LINE_BYTES_MAX = 64 * 1024;

  /**
   * One event.
   *
   * @param id empty when it has none
   */
  record Event(String id, String type, String data) {}

  private final InputStream stream;
  private final InputStream in;
  private volatile long heardAtNanos = System.nanoTime();
  private volatile boolean silent;

  EventReader(InputStream stream) {
    this.stream = stream;
    this.in = new BufferedInputStream(stream);
  }

  /**
   * Waits for an event.
   *
   * @return its id, empty when it has none; null when the server has ended the stream
   */
  String next() throws IOException {
    Event event = nextEvent();
    return event == null ? null : event.id();
  }

  /** Waits for an event; null when the server has ended the stream. */
  Event nextEvent() throws IOException {
    String id = "";
    String type = "message";
    StringBuilder data = null;
    for (String line = line(); line != null; line = line()) {
      if (line.isEmpty() && data != null) {
        return new Event(id, type, data.toString());
      }
      if (line.startsWith("id:")) {
        id = line.substring("id:".length()).strip();
      }
      if (line.startsWith("event:")) {
        type = line.substring("event:".length()).strip();
      }
      if (line.startsWith("data:")) {
        data = data == null ? new StringBuilder() : data.append('\n');
        data.append(line.substring("data:".length()).strip());
      }
    }
    return null;
  }

  /** Ends the reading when the server has been silent for too long: nobody is there any more. */
  void endIfSilent() throws IOException {
    if (!silent && System.nanoTime() - heardAtNanos > SILENCE_MAX.toNanos()) {
      silent = true;
      stream.close();
    }
  }

  private String line() throws IOException {
    String line;
    try {
      line = read();
    } catch (IOException e) {
      throw silent ? nothingHeard(e) : e;
    }
    if (line == null && silent) {
      throw nothingHeard(null);
    }
    heardAtNanos = System.nanoTime();
    return line;
  }

  private String read() throws IOException {
    ByteArrayOutputStream line = new ByteArrayOutputStream();
    for (int next = in.read(); next != '\n'; next = in.read()) {
      if (next < 0) {
        return null;
      }
      if (line.size() == LINE_BYTES_MAX) {
        throw new IOException("an event has a line of more than " + LINE_BYTES_MAX + " bytes");
      }
      line.write(next);
    }
    return line.toString(StandardCharsets.UTF_8).stripTrailing();
  }

  private static IOException nothingHeard(IOException cause) {
    return new IOException("nothing was heard for " + SILENCE_MAX.toSeconds() + " s", cause);
  }

  @Override
  public void close() throws IOException {
    stream.close();
  }
}
