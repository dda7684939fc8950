package dev.millrace.definition;

import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneId;
import java.time.ZoneOffset;
import java.time.zone.ZoneOffsetTransition;
import java.time.zone.ZoneRules;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * The clocks of a zone, piece by piece between their changes. Nearly everybody asks about now, so
 * the last piece is remembered; the JDK's rules make new transitions each time, which costs more
 * than all the rest of a tick. Any thread.
 */
final class Clocks {
  /**
   * Between two changes the clocks run evenly.
   *
   * @param begin the change before, or null
   * @param end the change after, or null
   */
  record Piece(ZoneOffsetTransition begin, ZoneOffset offset, ZoneOffsetTransition end) {
    boolean has(Instant instant) {
      return (begin == null || !instant.isBefore(begin.getInstant()))
          && (end == null || instant.isBefore(end.getInstant()));
    }

    /** True when this local time of the piece comes once more after it. */
    boolean isRepeated(LocalDateTime local) {
      return end != null && end.isOverlap() && !local.isBefore(end.getDateTimeAfter());
    }

    /** True when this local time of the piece has been before it already. */
    boolean isRepetition(LocalDateTime local) {
      return begin != null && begin.isOverlap() && local.isBefore(begin.getDateTimeBefore());
    }
  }

  private static final Map<ZoneId, Clocks> KNOWN = new ConcurrentHashMap<>();

  private final ZoneRules rules;
  private volatile Piece last;

  private Clocks(ZoneRules rules) {
    this.rules = rules;
    this.last = piece(Instant.EPOCH);
  }

  static Clocks of(ZoneId zone) {
    return KNOWN.computeIfAbsent(zone, missing -> new Clocks(missing.getRules()));
  }

  /** The piece that an instant is in. */
  Piece at(Instant instant) {
    Piece known = last;
    if (known.has(instant)) {
      return known;
    }
    Piece found = piece(instant);
    last = found;
    return found;
  }

  private Piece piece(Instant instant) {
    return new Piece(
        rules.previousTransition(instant.plusNanos(1)),
        rules.getOffset(instant),
        rules.nextTransition(instant));
  }
}
