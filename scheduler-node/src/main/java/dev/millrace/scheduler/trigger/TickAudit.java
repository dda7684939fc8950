package dev.millrace.scheduler.trigger;

import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.scheduler.store.Ticks;
import java.time.DateTimeException;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.List;
import java.util.Optional;
import java.util.Set;

/**
 * Compares the ticks that a schedule plans with the rows of the ledger: each tick is in exactly one
 * row, and each row stands for as many ticks as it says. One for each comparison; one thread.
 * Instants are microseconds since 1970.
 */
public final class TickAudit {
  /** What can be wrong. */
  public enum Kind {
    /** Ticks were planned of which the ledger says nothing. */
    MISSING,
    /** A row says that it stands for more ticks than there were. */
    SURPLUS,
    /**
     * A row stands for no tick that the schedule has, as when the clocks of a zone were defined
     * anew since. It hides nothing, so it is told and not counted.
     */
    UNPLANNED
  }

  /** Something that is wrong, from one tick up to another one. */
  public record Gap(Kind kind, long from, long until, int ticks) {}

  /**
   * What came of it.
   *
   * @param reached all before this instant was compared; no row lies over it
   * @param soundUntil before this instant nothing is wrong
   */
  public record Result(
      long planned, long accounted, List<Gap> gaps, long reached, long soundUntil) {
    /** By how many ticks the two are apart. */
    public long unaccounted() {
      return gaps.stream().filter(gap -> gap.kind != Kind.UNPLANNED).mapToLong(Gap::ticks).sum();
    }
  }

  /** Of ticks that never fire by their definition; COALESCED may be said of any. */
  private static final Set<String> SILENT = Set.of("SKIPPED_DST", "SKIPPED_CALENDAR");

  /** What the walk had found when no row lay over the place where it was. */
  private record Cut(long at, long planned, long accounted, List<Gap> gaps) {}

  /** A row and how many ticks of it have been met. */
  private static final class Cover {
    private final Ticks.Entry row;
    private long met;

    private Cover(Ticks.Entry row) {
      this.row = row;
    }

    private boolean takes(long at, Tick tick) {
      if (row.plannedAt() == at) {
        return true;
      }
      if (row.plannedUntil() < at) {
        return false;
      }
      return tick.fires()
          ? !SILENT.contains(row.disposition())
          : row.disposition().equals(tick.fate().name());
    }
  }

  private final Schedule schedule;
  private final Iterator<Ticks.Entry> rows;
  private final List<Cover> open = new ArrayList<>();
  private final List<Gap> gaps = new ArrayList<>();
  private Ticks.Entry next;
  private long planned;
  private long accounted;
  private boolean lastWasMissing;
  private long soundUntil;

  private TickAudit(Schedule schedule, List<Ticks.Entry> rows) {
    this.schedule = schedule;
    this.rows = rows.iterator();
    this.next = this.rows.hasNext() ? this.rows.next() : null;
  }

  /**
   * Compares a range.
   *
   * @param from where no row lies over it, such as the first tick of a trigger
   * @param until ticks from here on have no disposition yet
   * @param rows those that begin in the range, in their order; more of them than {@code rowsMax -
   *     1} means that there may be others behind
   * @param ticksMax about so many ticks are compared; then it ends where it may
   */
  public static Result of(
      PlannedTriggers.Planned trigger,
      long from,
      long until,
      List<Ticks.Entry> rows,
      int rowsMax,
      int ticksMax) {
    long end = rows.size() < rowsMax ? until : rows.getLast().plannedAt();
    return new TickAudit(trigger.schedule(), rows).walk(from, end, ticksMax);
  }

  private Result walk(long from, long end, int ticksMax) {
    Cut cut = new Cut(from, 0, 0, List.of());
    soundUntil = from;
    Tick tick = tick(from - 1);
    long at = tick == null ? Long.MAX_VALUE : Ticker.microsOf(tick.instant());
    int met = 0;
    while (at < end) {
      close(at);
      if (open.isEmpty()) {
        cut = cut(at);
        if (met >= ticksMax) {
          return result(cut);
        }
      }
      take(at, tick);
      met++;
      tick = tick(at);
      at = tick == null ? Long.MAX_VALUE : Ticker.microsOf(tick.instant());
    }
    close(end);
    boolean over = open.isEmpty() || cut.at == from;
    return result(over ? cut(end) : cut);
  }

  private Cut cut(long at) {
    if (gaps.stream().allMatch(gap -> gap.kind == Kind.UNPLANNED)) {
      soundUntil = at;
    }
    return new Cut(at, planned, accounted, List.copyOf(gaps));
  }

  private Result result(Cut cut) {
    return new Result(cut.planned, cut.accounted, cut.gaps, cut.at, Math.min(soundUntil, cut.at));
  }

  /** Rows that end before this tick are complete now; rows that begin before it met none. */
  private void close(long at) {
    open.removeIf(
        cover -> {
          boolean over = cover.row.plannedUntil() < at;
          if (over) {
            judge(cover);
          }
          return over;
        });
    while (next != null && next.plannedAt() < at) {
      unplanned(next);
      if (next.plannedUntil() >= at) {
        open.add(new Cover(next));
      }
      next = rows.hasNext() ? rows.next() : null;
    }
  }

  private void judge(Cover cover) {
    Ticks.Entry row = cover.row;
    long apart = row.ticks() - cover.met;
    accounted += Math.min(row.ticks(), cover.met);
    if (apart != 0) {
      Kind kind = apart > 0 ? Kind.SURPLUS : Kind.MISSING;
      gaps.add(
          new Gap(
              kind,
              row.plannedAt(),
              row.plannedUntil(),
              (int) Math.min(Integer.MAX_VALUE, Math.abs(apart))));
      lastWasMissing = false;
    }
  }

  private void unplanned(Ticks.Entry row) {
    if (row.plannedUntil() == row.plannedAt()) {
      gaps.add(new Gap(Kind.UNPLANNED, row.plannedAt(), row.plannedUntil(), row.ticks()));
      lastWasMissing = false;
    }
  }

  private void take(long at, Tick tick) {
    planned += tick.count();
    while (next != null && next.plannedAt() == at) {
      open.add(new Cover(next));
      next = rows.hasNext() ? rows.next() : null;
    }
    Cover taker = taker(at, tick);
    if (taker != null) {
      taker.met += tick.count();
      lastWasMissing = false;
      return;
    }
    if (lastWasMissing) {
      Gap last = gaps.removeLast();
      gaps.add(new Gap(Kind.MISSING, last.from, at, last.ticks + tick.count()));
    } else {
      gaps.add(new Gap(Kind.MISSING, at, at, tick.count()));
    }
    lastWasMissing = true;
  }

  /** The row that begins with a tick has it; else the range that is about such ticks. */
  private Cover taker(long at, Tick tick) {
    Cover found = null;
    for (Cover cover : open) {
      if (cover.row.plannedAt() == at) {
        return cover;
      }
      if (cover.takes(at, tick) && (found == null || !isCoalesced(cover))) {
        found = cover;
      }
    }
    return found;
  }

  private static boolean isCoalesced(Cover cover) {
    return cover.row.disposition().equals("COALESCED");
  }

  /** The tick after an instant in whole microseconds, as the ticker counts them. */
  private Tick tick(long after) {
    try {
      Instant rest = Ticker.instantOf(after).plusNanos(999);
      Optional<Tick> tick = schedule.next(rest);
      return tick.orElse(null);
    } catch (DateTimeException | ArithmeticException beyondTheCalendar) {
      return null;
    }
  }
}
