package dev.millrace.scheduler.http;

import dev.millrace.scheduler.event.Event;
import java.io.IOException;

/**
 * How one client is written to. A failure is how a client goes. All but {@link #abort} is the
 * stream's thread, which may be kept waiting by the client.
 */
interface EventSink {
  /** Tells the client that it is connected. */
  void open() throws IOException;

  void event(Event event) throws IOException;

  /** Only that so many rows have changed, up to this one. */
  void changed(long seq, long rows) throws IOException;

  /** Nothing happens, and both are still there. */
  void alive() throws IOException;

  /** What was written goes out now. */
  void flush() throws IOException;

  /** Its credentials hold no more. */
  void denied(String why) throws IOException;

  /** It has not kept up, or this node stops; it may come back. */
  void end(boolean behind) throws IOException;

  /** Ends a write that the client does not take, by ending the connection. Any thread. */
  void abort();
}
