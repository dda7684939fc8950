package dev.millrace.scheduler.leader;

import java.util.List;
import java.util.concurrent.ConcurrentHashMap;
import java.util.concurrent.atomic.AtomicInteger;

/**
 * Judges whether definitions can be used, many of them beside the turn: to compile the expressions
 * of a thousand jobs takes seconds (2026-11, two cores), in which the leader would dispatch nothing
 * and its transaction would be ended for being idle. What was judged is remembered by what it says.
 * The leader's thread, but for the judging itself.
 */
final class Checks {
  /** So few are judged at once. */
  static final int AT_ONCE_MAX = 16;

  private static final int KNOWN_MAX = 50_000;
  private static final String GOOD = "";

  private final ConcurrentHashMap<String, String> known = new ConcurrentHashMap<>();
  private final AtomicInteger running = new AtomicInteger();

  /**
   * Judges definitions.
   *
   * @param now the database's clock, in microseconds
   * @return false while they are being judged; ask again when {@link #idle}
   */
  boolean judged(List<Wanted> all, long now) {
    List<Wanted> unknown = all.stream().filter(one -> !known.containsKey(one.hash())).toList();
    if (unknown.size() <= AT_ONCE_MAX) {
      unknown.forEach(one -> judge(one, now));
      return true;
    }
    running.incrementAndGet();
    Thread.ofPlatform()
        .name("definition-checks")
        .daemon()
        .start(
            () -> {
              try {
                unknown.forEach(one -> judge(one, now));
              } finally {
                running.decrementAndGet();
              }
            });
    return false;
  }

  /** Why a definition that was judged cannot be used; null when it can. */
  String problem(Wanted wanted) {
    String problem = known.get(wanted.hash());
    return GOOD.equals(problem) ? null : problem;
  }

  /** True when nothing is being judged. */
  boolean idle() {
    return running.get() == 0;
  }

  /** Forgets what was judged when that is much; not between judging and asking for it. */
  void forgetOld() {
    if (idle() && known.size() > KNOWN_MAX) {
      known.clear();
    }
  }

  private void judge(Wanted wanted, long now) {
    String problem = GOOD;
    try {
      Wanted.checkUsable(wanted.definition(), now);
    } catch (RuntimeException e) { // whatever is wrong with it is told to whoever sent it
      problem = e.getMessage() == null || e.getMessage().isEmpty() ? e.toString() : e.getMessage();
    }
    known.put(wanted.hash(), problem);
  }
}
