package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.store.OpenRuns;
import dev.millrace.scheduler.store.QuotaRows;
import java.nio.charset.StandardCharsets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * What namespaces may have and what they have of it. Open runs are counted in memory, from the
 * tables at the start of a term and from drafts since; runs of a day are kept in a table. Only runs
 * that nobody else's run waits for count: the others are part of them. A namespace without a quota
 * costs one look into an empty map. The leader's thread.
 */
final class Quotas {
  static final String SUBJECT = "quota:";
  private static final int PAGE = 5_000;
  private static final long MICROS_PER_DAY = 86_400_000_000L;

  /** Open and not begun; open and admitted. */
  private static final int QUEUED = 1;

  private static final int RUNNING = 2;

  private final Pools pools;
  private final Meters meters;
  private final Map<String, Use> uses = new HashMap<>();
  private final Set<String> freed = new HashSet<>();

  Quotas(Pools pools, Meters meters) {
    this.pools = pools;
    this.meters = meters;
  }

  /** Whether there is room for a run. */
  sealed interface Room {
    record Free() implements Room {}

    /** It may be made, and is admitted when there is room. */
    record Later() implements Room {}

    /**
     * It may not be made.
     *
     * @param retryAfterMicros when there may be room again, from now; 0 when nobody knows
     * @param forGood whether there will never be, as long as the quota is what it is
     */
    record None(String why, long retryAfterMicros, boolean forGood) implements Room {}
  }

  static final Room FREE = new Room.Free();
  private static final Room LATER = new Room.Later();

  private static final class Use {
    final QuotaRows.Row quota;
    final Map<Long, Integer> counted = new HashMap<>();
    int queued;
    int running;
    int today;
    boolean todayChanged;
    long day;

    Use(QuotaRows.Row quota) {
      this.quota = quota;
    }

    void count(long run, int bits) {
      Integer before = bits == 0 ? counted.remove(run) : counted.put(run, bits);
      int old = before == null ? 0 : before;
      queued += (bits & QUEUED) - (old & QUEUED);
      running += ((bits & RUNNING) - (old & RUNNING)) / RUNNING;
    }

    boolean has(long run, int bit) {
      return (counted.getOrDefault(run, 0) & bit) != 0;
    }

    boolean dayIsFull() {
      return quota.runsPerDay() != null && today >= quota.runsPerDay();
    }

    boolean runningIsFull() {
      return quota.running() != null && running >= quota.running();
    }

    boolean counts() {
      return quota.queued() != null || quota.running() != null;
    }
  }

  boolean any() {
    return !uses.isEmpty();
  }

  /** What the tables say, instead of what was known. */
  void load(Handle tx, long now) {
    uses.clear();
    QuotaRows.all(tx).forEach(row -> uses.put(row.namespace(), new Use(row)));
    if (uses.isEmpty()) {
      return;
    }
    long day = Math.floorDiv(now, MICROS_PER_DAY);
    Map<String, Integer> runs = QuotaRows.runsOf(tx, day);
    uses.forEach(
        (namespace, use) -> {
          use.day = day;
          use.today = runs.getOrDefault(namespace, 0);
          freed.add(namespace);
        });
    countOpen(tx);
  }

  private void countOpen(Handle tx) {
    List<String> namespaces =
        uses.entrySet().stream()
            .filter(entry -> entry.getValue().counts())
            .map(Map.Entry::getKey)
            .toList();
    if (namespaces.isEmpty()) {
      return;
    }
    List<OpenRuns.PoolLane> lanes = new ArrayList<>();
    for (Pools.Pool pool : pools.all()) {
      pool.lanes().stream()
          .filter(lane -> namespaces.contains(lane.namespace()))
          .forEach(lane -> lanes.add(new OpenRuns.PoolLane(pool.name(), lane)));
    }
    long after = 0;
    List<Long> ids;
    do {
      ids = OpenRuns.open(tx, lanes, after, PAGE);
      for (QuotaRows.Open open : QuotaRows.open(tx, ids, namespaces)) {
        boolean admitted = (open.marks() & RunClock.UNADMITTED) == 0;
        uses.get(open.namespace())
            .count(open.run(), (open.started() ? 0 : QUEUED) | (admitted ? RUNNING : 0));
      }
      after = ids.isEmpty() ? after : ids.getLast();
    } while (ids.size() == PAGE);
  }

  /** A quota was changed: everything is counted again, with what this pass has decided so far. */
  void changed(Handle tx, Pass pass) {
    freed.addAll(uses.keySet()); // also of a namespace that has none any more
    load(tx, pass.now);
    pass.drafts.values().forEach(this::look);
  }

  /** A new day, and room that became free, are news to those who wait. */
  void wake(Seats seats, long now) {
    long day = Math.floorDiv(now, MICROS_PER_DAY);
    uses.forEach(
        (namespace, use) -> {
          if (use.day != day) {
            use.day = day;
            use.today = 0;
            freed.add(namespace);
          }
        });
    freed.forEach(namespace -> seats.wake(SUBJECT + namespace));
    freed.clear();
  }

  /** True when a day has begun since the last pass. */
  boolean hasNews(long now) {
    return !freed.isEmpty()
        || uses.values().stream().anyMatch(use -> use.day != Math.floorDiv(now, MICROS_PER_DAY));
  }

  /** Counts a run as it is now; as often as wanted. */
  void look(Draft draft) {
    if (uses.isEmpty()) {
      return;
    }
    Run run = draft.run();
    Use use = run.parent() == null ? uses.get(run.plan().definition().namespace()) : null;
    if (use == null) {
      return;
    }
    boolean admitted = !run.state().isFinal() && (run.clock().marks() & RunClock.UNADMITTED) == 0;
    boolean queued = !run.state().isFinal() && run.startedAt() == 0;
    boolean wasAdmitted =
        !draft.isNew() && (draft.before().clock().marks() & RunClock.UNADMITTED) == 0;
    if (admitted && !wasAdmitted && !use.has(run.id(), RUNNING)) {
      use.today++;
      use.todayChanged = true;
    }
    int running = use.running;
    use.count(run.id(), (queued ? QUEUED : 0) | (admitted ? RUNNING : 0));
    if (use.running < running) {
      freed.add(use.quota.namespace());
    }
  }

  /** Whether this run, which is about to be made, may be made and admitted. */
  Room roomFor(Run run, boolean othersWait) {
    Use use = run.parent() == null ? uses.get(run.plan().definition().namespace()) : null;
    if (use == null) {
      return FREE;
    }
    QuotaRows.Row quota = use.quota;
    String of = "the quota of namespace '" + quota.namespace() + "'";
    if (quota.payloadBytes() != null) {
      int bytes = run.params().getBytes(StandardCharsets.UTF_8).length;
      if (bytes > quota.payloadBytes()) {
        meters.quotaRefused("payload");
        return new Room.None(
            "params have " + bytes + " bytes, " + of + " is " + quota.payloadBytes(), 0, true);
      }
    }
    if (quota.queued() != null && use.queued >= quota.queued()) {
      return none("queued", use.queued + " runs wait to begin, " + of + " is " + quota.queued(), 0);
    }
    boolean full = use.dayIsFull() || use.runningIsFull();
    if (quota.waits()) {
      if (full || othersWait) {
        meters.quotaWaited();
        return LATER;
      }
      return FREE;
    }
    if (use.dayIsFull()) {
      return none(
          "runs-per-day",
          use.today + " runs were started today (UTC), " + of + " is " + quota.runsPerDay(),
          untilTomorrow(run.createdAt()));
    }
    return full
        ? none("running", use.running + " runs are under way, " + of + " is " + quota.running(), 0)
        : FREE;
  }

  /** How many runs of this namespace may be made now at the most, when it refuses what is more. */
  int roomOf(String namespace) {
    Use use = uses.get(namespace);
    if (use == null) {
      return Integer.MAX_VALUE;
    }
    int room = use.quota.queued() == null ? Integer.MAX_VALUE : use.quota.queued() - use.queued;
    if (use.quota.waits()) {
      return room;
    }
    room = use.quota.running() == null ? room : Math.min(room, use.quota.running() - use.running);
    return use.quota.runsPerDay() == null
        ? room
        : Math.min(room, use.quota.runsPerDay() - use.today);
  }

  private Room none(String limit, String why, long retryAfterMicros) {
    meters.quotaRefused(limit);
    return new Room.None(why, retryAfterMicros, false);
  }

  private static long untilTomorrow(long now) {
    return MICROS_PER_DAY - Math.floorMod(now, MICROS_PER_DAY);
  }

  /** True when a run that was made already has to wait before it is admitted. */
  boolean mustWait(Run run) {
    return run.parent() == null && !isOpen(SUBJECT + run.plan().definition().namespace());
  }

  /** True when one more run may be admitted, of those that wait for this subject. */
  boolean isOpen(String subject) {
    Use use = uses.get(subject.substring(SUBJECT.length()));
    return use == null || (!use.dayIsFull() && !use.runningIsFull());
  }

  /** The limits of a namespace, or null. */
  QuotaRows.Row of(String namespace) {
    Use use = uses.get(namespace);
    return use == null ? null : use.quota;
  }

  /** Writes what of it is kept. */
  void write(Handle tx) {
    if (uses.isEmpty()) {
      return;
    }
    List<QuotaRows.Day> days = new ArrayList<>();
    uses.forEach(
        (namespace, use) -> {
          if (use.todayChanged && use.quota.runsPerDay() != null) {
            days.add(new QuotaRows.Day(namespace, use.day, use.today));
          }
          use.todayChanged = false;
        });
    QuotaRows.putDays(tx, days);
  }
}
