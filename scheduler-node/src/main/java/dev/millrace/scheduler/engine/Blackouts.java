package dev.millrace.scheduler.engine;

import dev.millrace.definition.CronSchedule;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;

/**
 * When nothing new starts in the runs of a plan, on the local time line of its window. Instants are
 * microseconds since 1970. Any thread: what it remembers of its last answer follows from the rest.
 */
public final class Blackouts {
  /** It does not change any more. */
  public static final long NEVER = Long.MAX_VALUE;

  private static final Blackouts NONE = new Blackouts(List.of());

  /** Those that follow each other without a gap are looked through so far; then once more. */
  private static final int CHAIN_MAX = 1_000;

  private final List<One> all;
  private volatile Span last = new Span(0, 0, false);

  /** From one instant until before another the answer is the same. */
  private record Span(long from, long until, boolean covered) {}

  /** One of them, compiled. */
  private sealed interface One {
    /** The end of the blackout at this instant, or null when there is none. */
    Instant endAt(Instant at);

    /** The first beginning after this instant, or null. */
    Instant beginAfter(Instant at);
  }

  private record Again(CronSchedule cron, ZoneId zone, Duration length) implements One {
    @Override
    public Instant endAt(Instant at) {
      Optional<Instant> begun = cron.next(at.minus(length), zone);
      return begun
          .filter(begin -> !begin.isAfter(at))
          .map(begin -> begin.plus(length))
          .orElse(null);
    }

    @Override
    public Instant beginAfter(Instant at) {
      return cron.next(at, zone).orElse(null);
    }
  }

  private record Once(Instant from, Instant until) implements One {
    @Override
    public Instant endAt(Instant at) {
      return !at.isBefore(from) && at.isBefore(until) ? until : null;
    }

    @Override
    public Instant beginAfter(Instant at) {
      return from.isAfter(at) ? from : null;
    }
  }

  private Blackouts(List<One> all) {
    this.all = all;
  }

  /**
   * @param window or null for none
   */
  public static Blackouts of(Window window) {
    if (window == null || window.blackouts().isEmpty()) {
      return NONE;
    }
    return new Blackouts(
        window.blackouts().stream().map(each -> compiled(each, window.zone())).toList());
  }

  private static One compiled(Window.Blackout blackout, ZoneId zone) {
    return blackout.cron() == null
        ? new Once(blackout.from(), blackout.until())
        : new Again(CronSchedule.parse(blackout.cron()), zone, blackout.length());
  }

  boolean any() {
    return !all.isEmpty();
  }

  /** True when nothing new starts at this instant. */
  public boolean covers(long at) {
    return any() && at(at).covered();
  }

  /** When that is different next; {@link #NEVER} for never. */
  public long changes(long after) {
    return any() ? at(after).until() : NEVER;
  }

  private Span at(long micros) {
    Span known = last;
    if (known.from() > micros || micros >= known.until()) {
      known = look(micros);
      last = known;
    }
    return known;
  }

  private Span look(long micros) {
    Instant at = Values.instant(micros);
    Instant end = endAt(at);
    if (end != null) {
      for (int i = 0; i < CHAIN_MAX; i++) {
        Instant later = endAt(end);
        if (later == null) {
          break;
        }
        end = later;
      }
      return new Span(micros, Values.micros(end), true);
    }
    Instant begin = null;
    for (One each : all) {
      Instant next = each.beginAfter(at);
      begin = begin == null || (next != null && next.isBefore(begin)) ? next : begin;
    }
    return new Span(micros, begin == null ? NEVER : Values.micros(begin), false);
  }

  private Instant endAt(Instant at) {
    Instant end = null;
    for (One each : all) {
      Instant own = each.endAt(at);
      end = end == null || (own != null && own.isAfter(end)) ? own : end;
    }
    return end;
  }
}
