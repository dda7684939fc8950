package dev.millrace.definition;

import dev.millrace.definition.Tick.Fate;
import dev.millrace.definition.Tick.Mark;
import dev.millrace.model.Dst;
import java.time.Duration;
import java.time.Instant;
import java.time.LocalDateTime;
import java.time.ZoneOffset;
import java.time.temporal.ChronoUnit;
import java.time.zone.ZoneOffsetTransition;
import java.util.function.BiPredicate;

/**
 * Lays the local times of a cron expression on the line of instants, piece by piece between the
 * changes of a zone's offset. Immutable, any thread.
 *
 * <p>Between two changes the local line is the line of instants, moved. At a gap there are local
 * times that no instant has; at an overlap those that two instants have. Every one of them becomes
 * a tick or part of one, also where the policy lets it not fire, so that nothing is left out in
 * silence:
 *
 * <ul>
 *   <li>Overlap: two ticks for each local time, marked as first and second. The policy says which
 *       fire; the other ones are SKIPPED_DST.
 *   <li>Gap, {@code skip}: all its times are one tick, SKIPPED_DST.
 *   <li>Gap, {@code shift}: one of its times fires at the first instant after the gap, unless the
 *       expression has that instant anyway; the other ones are one tick, COALESCED.
 *   <li>Gap, {@code before}: the same with the last second before the gap.
 * </ul>
 *
 * @param excluded true when the calendar is against an instant with its local time
 */
record CronTicks(
    CronTimes times, Clocks clocks, Dst dst, BiPredicate<Instant, LocalDateTime> excluded) {
  /** No gap and no overlap is longer: it is the date line that moves. */
  private static final Duration CHANGE_MAX = Duration.ofDays(2);

  /** The first tick strictly after an instant, or null when there is none any more. */
  Tick next(Instant after) {
    Instant from = after;
    Clocks.Piece piece = clocks.at(from);
    LocalDateTime passed = LocalDateTime.ofInstant(from, piece.offset());
    while (true) {
      LocalDateTime local = times.next(passed);
      ZoneOffsetTransition change = piece.end();
      if (local == null && !piece.isRepeated(passed)) {
        return null;
      }
      Instant instant = local == null ? Instant.MAX : local.toInstant(piece.offset());
      if (change == null || instant.isBefore(edge(change))) {
        return onLine(instant, local, piece);
      }
      Instant changed = change.getInstant();
      if (local != null
          && isFar(from, changed)
          && isFar(changed, instant)
          && !local.minus(CHANGE_MAX).isBefore(passed)) {
        // Nothing is planned until then: what a summer hour does in between is no matter.
        from = instant.minus(CHANGE_MAX);
        piece = clocks.at(from);
        passed = LocalDateTime.ofInstant(from, piece.offset());
        continue;
      }
      Clocks.Piece next = clocks.at(changed);
      if (change.isGap()) {
        Tick tick = atGap(piece, next, after);
        if (tick != null) {
          return tick;
        }
        passed = change.getDateTimeAfter(); // the tick at this very time is the gap's business
      } else {
        passed = change.getDateTimeAfter().minusNanos(1);
      }
      from = changed;
      piece = next;
    }
  }

  private static boolean isFar(Instant from, Instant to) {
    return from.until(to, ChronoUnit.SECONDS) > CHANGE_MAX.toSeconds();
  }

  /** Where a change begins to matter. */
  private Instant edge(ZoneOffsetTransition change) {
    boolean early = change.isGap() && dst.gap() == Dst.Gap.BEFORE;
    return early ? change.getInstant().minusSeconds(1) : change.getInstant();
  }

  private Tick onLine(Instant instant, LocalDateTime local, Clocks.Piece piece) {
    Mark mark = Mark.NONE;
    if (piece.isRepeated(local)) {
      mark = Mark.OVERLAP_FIRST;
    } else if (piece.isRepetition(local)) {
      mark = Mark.OVERLAP_SECOND;
    }
    boolean left =
        (mark == Mark.OVERLAP_FIRST && dst.overlap() == Dst.Overlap.SECOND)
            || (mark == Mark.OVERLAP_SECOND && dst.overlap() == Dst.Overlap.FIRST);
    Fate fate = left ? Fate.SKIPPED_DST : Fate.FIRES;
    if (!left && excluded.test(instant, local)) {
      fate = Fate.SKIPPED_CALENDAR;
    }
    return new Tick(instant, local, piece.offset(), mark, fate, 1);
  }

  /** The first tick of a gap and its edges after an instant, or null. */
  private Tick atGap(Clocks.Piece before, Clocks.Piece behind, Instant after) {
    ZoneOffsetTransition gap = before.end();
    Found found = inGap(gap);
    boolean early = dst.gap() == Dst.Gap.BEFORE;
    Tick last = onTime(gap.getDateTimeBefore().minusSeconds(1), before);
    Tick first = onTime(gap.getDateTimeAfter(), behind);
    Tick edge = early ? last : first;
    int silent = found.count;
    if (dst.gap() != Dst.Gap.SKIP && found.wanted != null && (edge == null || !edge.fires())) {
      silent += edge == null ? -1 : 0; // one of them fires; what stood there gives way
      ZoneOffset offset = early ? gap.getOffsetBefore() : gap.getOffsetAfter();
      Mark mark = early ? Mark.GAP_BEFORE : Mark.GAP_SHIFTED;
      edge = new Tick(edgeOf(gap, early), found.wanted, offset, mark, Fate.FIRES, 1);
    }
    Tick group = silent == 0 ? null : silent(gap, found, silent, edge);
    if (early) {
      return firstAfter(after, edge, group, first);
    }
    return firstAfter(after, group, edge, null);
  }

  private static Instant edgeOf(ZoneOffsetTransition gap, boolean early) {
    return early ? gap.getInstant().minusSeconds(1) : gap.getInstant();
  }

  private static Tick firstAfter(Instant after, Tick one, Tick two, Tick three) {
    if (one != null && one.instant().isAfter(after)) {
      return one;
    }
    if (two != null && two.instant().isAfter(after)) {
      return two;
    }
    return three != null && three.instant().isAfter(after) ? three : null;
  }

  /**
   * The times of a gap.
   *
   * @param wanted the last one that the calendar is not against, or null
   */
  private record Found(LocalDateTime first, LocalDateTime wanted, int count) {}

  private Found inGap(ZoneOffsetTransition gap) {
    LocalDateTime end = gap.getDateTimeAfter();
    Instant instant = edgeOf(gap, dst.gap() == Dst.Gap.BEFORE);
    LocalDateTime first = null;
    LocalDateTime wanted = null;
    int count = 0;
    LocalDateTime local = times.next(gap.getDateTimeBefore().minusNanos(1));
    while (local != null && local.isBefore(end)) {
      first = first == null ? local : first;
      wanted = excluded.test(instant, local) ? wanted : local;
      count++;
      local = times.next(local);
    }
    return new Found(first, wanted, count);
  }

  private Tick onTime(LocalDateTime local, Clocks.Piece piece) {
    return times.has(local) ? onLine(local.toInstant(piece.offset()), local, piece) : null;
  }

  /** What of a gap does not fire, in the last microsecond before it. */
  private Tick silent(ZoneOffsetTransition gap, Found found, int count, Tick edge) {
    Fate fate = Fate.COALESCED;
    if (found.wanted == null) {
      fate = Fate.SKIPPED_CALENDAR;
    } else if (dst.gap() == Dst.Gap.SKIP) {
      fate = Fate.SKIPPED_DST;
    } else if (edge == null || !edge.fires()) {
      throw new IllegalStateException("times of the gap " + gap + " are lost");
    }
    return new Tick(
        gap.getInstant().minus(1, ChronoUnit.MICROS),
        found.first,
        gap.getOffsetBefore(),
        Mark.GAP_SILENT,
        fate,
        count);
  }
}
