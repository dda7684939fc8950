package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.StageState;

/**
 * A stage of a run with its current attempt. Instants are microseconds since 1970 by the database's
 * clock, 0 for none. Immutable.
 *
 * @param attempt number of the current or the latest attempt, 0 before the first
 * @param failures attempts that failed
 * @param lost attempts whose worker was lost
 * @param dispatch number of the latest dispatch, 0 before the first
 * @param worker who runs or ran the current attempt, or null
 * @param dueAt when the leader must look again: retry time, queue-wait or attempt timeout
 * @param restMicros what was left of a timer that a pause stopped, -1 for none
 * @param output JSON text or null
 * @param checkpoint JSON text or null; survives attempts
 * @param marks bits of {@link #BY_HAND}, {@link #HOPELESS}, {@link #KILLED}, {@link #PARKED},
 *     {@link #TOO_SHORT}, {@link #TOO_LONG}
 * @param fan how far its items are, or null
 */
public record Stage(
    StageState state,
    int attempt,
    int failures,
    int lost,
    long dispatch,
    String worker,
    long dueAt,
    long restMicros,
    long readyAt,
    long queuedAt,
    long startedAt,
    long finishedAt,
    Integer exitCode,
    String errorClass,
    String error,
    String output,
    String checkpoint,
    int marks,
    Fan fan) {
  /** SKIPPED by a person; it becomes complete when its turn comes. */
  public static final int BY_HAND = 1;

  /** A person ended its attempt: it is not tried again. */
  public static final int KILLED = 2;

  /** Its run is paused: READY, and not to be dispatched. */
  public static final int PARKED = 4;

  /** Skipped by a person, and its turn can no longer come as things are. */
  public static final int HOPELESS = 8;

  /** Its attempt completed sooner than {@code min-duration}. */
  public static final int TOO_SHORT = 16;

  /** Its attempt runs or ran longer than {@code max-duration}. */
  public static final int TOO_LONG = 32;

  /** Who executes the stages that need no worker. */
  public static final String LEADER = "leader";

  /** No timer was stopped. */
  public static final long NO_REST = -1;

  static final Stage NEW = new Edit().build();

  boolean is(int mark) {
    return (marks & mark) != 0;
  }

  /** Ended, and only a person can change that. */
  boolean isSettled() {
    return state.isFinal() && !awaitsItsTurn();
  }

  /** A person skipped it, and its turn may still come. */
  public boolean awaitsItsTurn() {
    return is(BY_HAND) && !is(HOPELESS);
  }

  /** A copy to change. */
  public Edit edit() {
    return new Edit(this);
  }

  /** A stage in the making. One thread. */
  public static final class Edit {
    private StageState state = StageState.WAITING;
    private int attempt;
    private int failures;
    private int lost;
    private long dispatch;
    private String worker;
    private long dueAt;
    private long restMicros = NO_REST;
    private long readyAt;
    private long queuedAt;
    private long startedAt;
    private long finishedAt;
    private Integer exitCode;
    private String errorClass;
    private String error;
    private String output;
    private String checkpoint;
    private int marks;
    private Fan fan;

    public Edit() {}

    private Edit(Stage from) {
      state = from.state;
      attempt = from.attempt;
      failures = from.failures;
      lost = from.lost;
      dispatch = from.dispatch;
      worker = from.worker;
      dueAt = from.dueAt;
      restMicros = from.restMicros;
      readyAt = from.readyAt;
      queuedAt = from.queuedAt;
      startedAt = from.startedAt;
      finishedAt = from.finishedAt;
      exitCode = from.exitCode;
      errorClass = from.errorClass;
      error = from.error;
      output = from.output;
      checkpoint = from.checkpoint;
      marks = from.marks;
      fan = from.fan;
    }

    public Edit state(StageState value) {
      state = value;
      return this;
    }

    public Edit attempt(int value) {
      attempt = value;
      return this;
    }

    public Edit counts(int newFailures, int newLost) {
      failures = newFailures;
      lost = newLost;
      return this;
    }

    public Edit dispatch(long value) {
      dispatch = value;
      return this;
    }

    public Edit worker(String value) {
      worker = value;
      return this;
    }

    /** The next look, and no stopped timer. */
    public Edit due(long at) {
      dueAt = at;
      restMicros = NO_REST;
      return this;
    }

    /** A timer that stands still. */
    public Edit rest(long micros) {
      dueAt = 0;
      restMicros = micros;
      return this;
    }

    public Edit readyAt(long at) {
      readyAt = at;
      return this;
    }

    public Edit queuedAt(long at) {
      queuedAt = at;
      return this;
    }

    public Edit startedAt(long at) {
      startedAt = at;
      return this;
    }

    public Edit finishedAt(long at) {
      finishedAt = at;
      return this;
    }

    /** How the attempt ended; nulls where it says nothing. */
    public Edit ending(Integer code, String kind, String text) {
      exitCode = code;
      errorClass = kind;
      error = text;
      return this;
    }

    public Edit output(String json) {
      output = json;
      return this;
    }

    public Edit checkpoint(String json) {
      checkpoint = json;
      return this;
    }

    public Edit mark(int bit) {
      marks |= bit;
      return this;
    }

    public Edit unmark(int bit) {
      marks &= ~bit;
      return this;
    }

    public Edit marks(int bits) {
      marks = bits;
      return this;
    }

    public Edit fan(Fan value) {
      fan = value;
      return this;
    }

    public Stage build() {
      return new Stage(
          state,
          attempt,
          failures,
          lost,
          dispatch,
          worker,
          dueAt,
          restMicros,
          readyAt,
          queuedAt,
          startedAt,
          finishedAt,
          exitCode,
          errorClass,
          error,
          output,
          checkpoint,
          marks,
          fan);
    }
  }

  Stage ready(long now) {
    return edit()
        .state(StageState.READY)
        .worker(null)
        .unmark(TOO_SHORT | TOO_LONG)
        .due(0)
        .readyAt(now)
        .queuedAt(0)
        .startedAt(0)
        .finishedAt(0)
        .build();
  }

  Stage queued(long now, long number, int newAttempt, long due) {
    return edit()
        .state(StageState.QUEUED)
        .attempt(newAttempt)
        .dispatch(number)
        .worker(null)
        .due(due)
        .queuedAt(now)
        .startedAt(0)
        .finishedAt(0)
        .ending(null, null, null)
        .output(null)
        .build();
  }

  Stage running(long at, String by, long due) {
    return edit()
        .state(StageState.RUNNING)
        .worker(by)
        .due(due)
        .startedAt(at)
        .finishedAt(0)
        .ending(null, null, null)
        .output(null)
        .build();
  }

  Stage completed(long now, Integer code, String json) {
    return edit()
        .state(StageState.COMPLETED)
        .due(0)
        .finishedAt(now)
        .ending(code, null, null)
        .output(json)
        .unmark(KILLED | PARKED | BY_HAND | HOPELESS)
        .build();
  }

  Stage ended(StageState to, long now, Integer code, String kind, String text) {
    return edit()
        .state(to)
        .due(0)
        .finishedAt(now)
        .ending(code, kind, text)
        .unmark(KILLED | PARKED | BY_HAND | HOPELESS)
        .build();
  }

  Stage backingOff(int newFailures, int newLost, Integer code, String kind, String text) {
    return edit()
        .state(StageState.BACKING_OFF)
        .counts(newFailures, newLost)
        .worker(null)
        .queuedAt(0)
        .startedAt(0)
        .finishedAt(0)
        .ending(code, kind, text)
        .build();
  }

  /** As if it had never been executed; attempt numbers are not used again. */
  Stage reset() {
    return edit()
        .state(StageState.WAITING)
        .counts(0, 0)
        .worker(null)
        .due(0)
        .readyAt(0)
        .queuedAt(0)
        .startedAt(0)
        .finishedAt(0)
        .ending(null, null, null)
        .output(null)
        .checkpoint(null)
        .marks(0)
        .fan(null)
        .build();
  }
}
