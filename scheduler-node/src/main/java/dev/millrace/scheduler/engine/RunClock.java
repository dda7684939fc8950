package dev.millrace.scheduler.engine;

/**
 * What of a run goes by time, and what holds it up. Instants are microseconds since 1970 by the
 * database's clock, 0 for none. Immutable.
 *
 * @param dueAt when the leader must look at the run again
 * @param endsAt the planned end of its window
 * @param pausedAt since when it is paused
 * @param pausedMicros how long it was paused before, since its start
 * @param pauses bits of who paused it; it goes on when none is left
 * @param marks bits of {@link #LATE}, {@link #ENDING}, {@link #KILLED}, {@link #MANUAL_END}, {@link
 *     #PREPARED}, {@link #UNADMITTED}, {@link #GATED}, {@link #LIMITED}, {@link #UNLIMITED}
 */
public record RunClock(
    long dueAt, long endsAt, long pausedAt, long pausedMicros, int pauses, int marks) {
  /** Its deadline has passed. */
  public static final int LATE = 1;

  /** It stops because its window is over. */
  public static final int ENDING = 2;

  /** It stops at once: what always comes at the end does not come. */
  public static final int KILLED = 4;

  /** Only a person ends it, whatever its window says. */
  public static final int MANUAL_END = 8;

  /** Made ahead of its window: it can be held and skipped in, and does not start. */
  public static final int PREPARED = 16;

  /** What it waits for as a whole is not there yet. */
  public static final int UNADMITTED = 32;

  /** Runs of other jobs that it requires have not ended yet. */
  public static final int GATED = 64;

  /** It ends, or has ended, because one of its limits was reached. */
  public static final int LIMITED = 128;

  /** A person let it go on after a limit had ended it: none holds any more. */
  public static final int UNLIMITED = 256;

  /** Above the marks: a priority of its own and one more, 0 when it has its job's. */
  private static final int PRIORITY_SHIFT = 16;

  private static final int MARKS = (1 << PRIORITY_SHIFT) - 1;

  /**
   * Paused by its own pause, its job's, its namespace's, everything's, its parent's, a blackout.
   */
  public static final int BY_RUN = 1;

  public static final int BY_JOB = 2;
  public static final int BY_NAMESPACE = 4;
  public static final int BY_ALL = 8;
  public static final int BY_PARENT = 16;
  public static final int BY_BLACKOUT = 32;

  public static final RunClock NONE = new RunClock(0, 0, 0, 0, 0, 0);

  /** A run's own priority and one more, 0 when it has its job's; it does not change. */
  public int ownPriority() {
    return marks >> PRIORITY_SHIFT;
  }

  /** The same with what {@link #ownPriority} said. */
  public RunClock withOwnPriority(int other) {
    return new RunClock(
        dueAt, endsAt, pausedAt, pausedMicros, pauses, (marks & MARKS) | (other << PRIORITY_SHIFT));
  }

  /** The marks alone. */
  public int plainMarks() {
    return marks & MARKS;
  }

  boolean is(int mark) {
    return (marks & mark) != 0;
  }

  boolean isPausedBy(int by) {
    return (pauses & by) != 0;
  }

  RunClock due(long at) {
    return new RunClock(at, endsAt, pausedAt, pausedMicros, pauses, marks);
  }

  RunClock mark(int bit) {
    return new RunClock(dueAt, endsAt, pausedAt, pausedMicros, pauses, marks | bit);
  }

  RunClock unmark(int bit) {
    return new RunClock(dueAt, endsAt, pausedAt, pausedMicros, pauses, marks & ~bit);
  }

  RunClock endsAt(long at) {
    return new RunClock(dueAt, at, pausedAt, pausedMicros, pauses, marks);
  }

  /**
   * It goes on after its end: the time between does not count against its timeout. Its turn is not
   * asked for again.
   *
   * @param restedMicros since its end, 0 when it had not started
   */
  RunClock reopened(long restedMicros) {
    int left = marks & ~(ENDING | KILLED | UNADMITTED | PREPARED | GATED | LIMITED);
    left |= is(LIMITED) ? UNLIMITED : 0;
    return new RunClock(dueAt, endsAt, 0, pausedMicros + restedMicros, 0, left);
  }

  RunClock paused(int by, long now) {
    return new RunClock(
        dueAt, endsAt, pausedAt == 0 ? now : pausedAt, pausedMicros, pauses | by, marks);
  }

  /** One who paused it lets it go on. */
  RunClock resumed(int by) {
    return new RunClock(dueAt, endsAt, pausedAt, pausedMicros, pauses & ~by, marks);
  }

  /**
   * The pause is over, whoever made it. Only what was paused after the run's start counts.
   *
   * @param startedAt the run's start, 0 for none
   */
  RunClock unpaused(long startedAt, long now) {
    long paused = startedAt == 0 ? 0 : now - Math.max(pausedAt, startedAt);
    return new RunClock(dueAt, endsAt, 0, pausedMicros + paused, 0, marks);
  }
}
