package dev.millrace.scheduler.leader;

import dev.millrace.scheduler.store.Inbox;
import java.util.concurrent.TimeUnit;
import org.jdbi.v3.core.Jdbi;

/**
 * When the leader looks for what others put in. A hint may be lost: once a second the tables
 * themselves are asked, with one cheap statement. Of many transactions that start runs by SQL at
 * the same time only one rings, so after such a one the leader looks more often for a while. The
 * leader's thread, but for {@link #hint}.
 */
final class InboxWatch {
  private static final long POLL_NANOS = TimeUnit.SECONDS.toNanos(1);
  private static final long EAGER_POLL_NANOS = TimeUnit.MILLISECONDS.toNanos(50);
  private static final long EAGER_NANOS = TimeUnit.SECONDS.toNanos(2);

  private final Jdbi jdbi;
  private volatile boolean hint = true;
  private boolean foundAny = true;
  private long lookedNanos;
  private long eagerSinceNanos;
  private boolean eager;
  private boolean owed;
  private long laterAt;

  InboxWatch(Jdbi jdbi) {
    this.jdbi = jdbi;
    this.lookedNanos = System.nanoTime() - POLL_NANOS;
  }

  /** There is probably something. Any thread. */
  void hint() {
    hint = true;
  }

  /** Looks, if it is time to. After a hint the inbox is read at once, without a look before. */
  void look() {
    long now = System.nanoTime();
    if (eager && now - eagerSinceNanos > EAGER_NANOS) {
      eager = false;
    }
    if (hint) {
      hint = false;
      foundAny = true;
      owed = true; // what is to start later is not in the inbox
    }
    if (now - lookedNanos < pollNanos()) {
      return;
    }
    lookedNanos = now;
    Inbox.Look look = jdbi.withHandle(Inbox::look);
    owed = false;
    foundAny |= look.any();
    laterAt = look.laterAt();
  }

  /** True when commands are there. */
  boolean any() {
    return foundAny;
  }

  /** True when a start is due that was asked for later. */
  boolean laterIsDue(long now) {
    return laterAt != 0 && laterAt <= now;
  }

  /**
   * They were taken.
   *
   * @param more whether there are probably more
   */
  void taken(boolean more) {
    foundAny = more;
  }

  /**
   * What is due was put into the inbox: what comes next is not known.
   *
   * @param any whether there was something
   */
  void laterTaken(boolean any) {
    laterAt = 0;
    owed = true;
    foundAny |= any;
  }

  /** The pass failed: all of it is there again. */
  void putBack() {
    foundAny = true;
    owed = true;
  }

  /** Some were put in by SQL clients, of whom not all ring. */
  void foundSql() {
    eager = true;
    eagerSinceNanos = System.nanoTime();
  }

  /** The next start that was asked for later, in microseconds; Long.MAX_VALUE for none. */
  long nextLaterAt() {
    return laterAt == 0 ? Long.MAX_VALUE : laterAt;
  }

  /** How long the loop may wait at the most. */
  long pollNanos() {
    return eager || owed ? EAGER_POLL_NANOS : POLL_NANOS;
  }
}
