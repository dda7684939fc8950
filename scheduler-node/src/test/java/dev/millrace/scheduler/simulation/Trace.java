package dev.millrace.scheduler.simulation;

import java.util.ArrayList;
import java.util.List;

/**
 * What happened in a simulation: always its hash, the lines only where somebody reads them. One
 * thread.
 */
final class Trace {
  private static final long PRIME = 0x100000001b3L;

  private final List<String> lines;
  private long hash = 0xcbf29ce484222325L;

  Trace(boolean kept) {
    this.lines = kept ? new ArrayList<>() : null;
  }

  void say(long now, String what, String who, long a, long b, long c) {
    mix(now);
    mix(what.hashCode());
    mix(who == null ? 0 : who.hashCode());
    mix(a);
    mix(b);
    mix(c);
    if (lines != null) {
      lines.add(
          String.format(
              "%10.3f %-12s %-8s %d %d %d",
              (now - World.BEGIN) / 1e6, what, who == null ? "" : who, a, b, c));
    }
  }

  /** With a text that goes into the hash only by what the numbers of other lines say. */
  void note(long now, String text) {
    if (lines != null) {
      lines.add(String.format("%10.3f   %s", (now - World.BEGIN) / 1e6, text));
    }
  }

  private void mix(long value) {
    hash = (hash ^ value) * PRIME;
    hash ^= hash >>> 29;
  }

  long hash() {
    return hash;
  }

  List<String> lines() {
    return lines == null ? List.of() : lines;
  }
}
