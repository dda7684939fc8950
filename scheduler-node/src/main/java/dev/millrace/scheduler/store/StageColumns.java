package dev.millrace.scheduler.store;

import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.Batch.Kind;

/** The columns that an inserted and an updated stage share. One batch, one thread. */
final class StageColumns {
  private final Batch.Texts state;
  private final Batch.Numbers attempt;
  private final Batch.Numbers failures;
  private final Batch.Numbers lost;
  private final Batch.Numbers dispatch;
  private final Batch.Texts worker;
  private final Batch.Numbers due;
  private final Batch.Numbers ready;
  private final Batch.Numbers queued;
  private final Batch.Numbers started;
  private final Batch.Numbers finished;
  private final Batch.Numbers exitCode;
  private final Batch.Texts errorClass;
  private final Batch.Texts error;
  private final Batch.Texts output;
  private final Batch.Texts checkpoint;
  private final Batch.Numbers rest;
  private final Batch.Numbers marks;
  private final Batch.Texts fan;

  StageColumns(Batch rows) {
    state = rows.texts("state");
    attempt = rows.numbers("attempt", Kind.INT);
    failures = rows.numbers("failures", Kind.INT);
    lost = rows.numbers("lost", Kind.INT);
    dispatch = rows.numbers("dispatch", Kind.LONG_OR_NULL);
    worker = rows.texts("worker");
    due = rows.numbers("due_at", Kind.INSTANT);
    ready = rows.numbers("ready_at", Kind.INSTANT);
    queued = rows.numbers("queued_at", Kind.INSTANT);
    started = rows.numbers("started_at", Kind.INSTANT);
    finished = rows.numbers("finished_at", Kind.INSTANT);
    exitCode = rows.numbers("exit_code", Kind.INT_OR_NULL);
    errorClass = rows.texts("error_class");
    error = rows.texts("error");
    output = rows.texts("output");
    checkpoint = rows.texts("checkpoint");
    rest = rows.numbers("rest_micros", Kind.LONG_UNLESS_NEGATIVE);
    marks = rows.numbers("marks", Kind.INT_UNLESS_ZERO);
    fan = rows.texts("fan");
  }

  void add(Stage stage) {
    state.add(stage.state().name());
    attempt.add(stage.attempt());
    failures.add(stage.failures());
    lost.add(stage.lost());
    dispatch.add(stage.dispatch());
    worker.add(stage.worker());
    due.add(stage.dueAt());
    ready.add(stage.readyAt());
    queued.add(stage.queuedAt());
    started.add(stage.startedAt());
    finished.add(stage.finishedAt());
    exitCode.add(orNone(stage.exitCode()));
    errorClass.add(stage.errorClass());
    error.add(stage.error());
    output.add(stage.output());
    checkpoint.add(stage.checkpoint());
    rest.add(stage.restMicros());
    marks.add(stage.marks());
    fan.add(fan(stage));
  }

  void add(Stage stage, Stage before) {
    state.add(stage.state().name(), before.state().name());
    attempt.add(stage.attempt(), before.attempt());
    failures.add(stage.failures(), before.failures());
    lost.add(stage.lost(), before.lost());
    dispatch.add(stage.dispatch(), before.dispatch());
    worker.add(stage.worker(), before.worker());
    due.add(stage.dueAt(), before.dueAt());
    ready.add(stage.readyAt(), before.readyAt());
    queued.add(stage.queuedAt(), before.queuedAt());
    started.add(stage.startedAt(), before.startedAt());
    finished.add(stage.finishedAt(), before.finishedAt());
    exitCode.add(orNone(stage.exitCode()), orNone(before.exitCode()));
    errorClass.add(stage.errorClass(), before.errorClass());
    error.add(stage.error(), before.error());
    output.add(stage.output(), before.output());
    checkpoint.add(stage.checkpoint(), before.checkpoint());
    rest.add(stage.restMicros(), before.restMicros());
    marks.add(stage.marks(), before.marks());
    fan.add(fan(stage), fan(before));
  }

  private static String fan(Stage stage) {
    return stage.fan() == null ? null : stage.fan().text();
  }

  static int orNone(Integer exitCode) {
    return exitCode == null ? Batch.NO_INT : exitCode;
  }
}
