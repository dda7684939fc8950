package dev.millrace.scheduler.store;

import dev.millrace.scheduler.engine.RunClock;
import dev.millrace.scheduler.store.Batch.Kind;

/** The columns of a run's own timers; null in most runs. One batch, one thread. */
final class ClockColumns {
  private final Batch.Numbers due;
  private final Batch.Numbers ends;
  private final Batch.Numbers paused;
  private final Batch.Numbers pausedMicros;
  private final Batch.Numbers pauses;
  private final Batch.Numbers marks;

  ClockColumns(Batch rows) {
    due = rows.numbers("due_at", Kind.INSTANT);
    ends = rows.numbers("ends_at", Kind.INSTANT);
    paused = rows.numbers("paused_at", Kind.INSTANT);
    pausedMicros = rows.numbers("paused_micros", Kind.LONG_OR_NULL);
    pauses = rows.numbers("pauses", Kind.INT_UNLESS_ZERO);
    marks = rows.numbers("marks", Kind.INT_UNLESS_ZERO);
  }

  void add(RunClock clock) {
    due.add(clock.dueAt());
    ends.add(clock.endsAt());
    paused.add(clock.pausedAt());
    pausedMicros.add(clock.pausedMicros());
    pauses.add(clock.pauses());
    marks.add(clock.plainMarks());
  }

  void add(RunClock clock, RunClock before) {
    due.add(clock.dueAt(), before.dueAt());
    ends.add(clock.endsAt(), before.endsAt());
    paused.add(clock.pausedAt(), before.pausedAt());
    pausedMicros.add(clock.pausedMicros(), before.pausedMicros());
    pauses.add(clock.pauses(), before.pauses());
    marks.add(clock.plainMarks(), before.plainMarks());
  }
}
