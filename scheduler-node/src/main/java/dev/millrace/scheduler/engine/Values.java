package dev.millrace.scheduler.engine;

import dev.millrace.expression.Bindings;
import dev.millrace.expression.ExpressionException;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.RunId;
import java.time.Instant;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** What the names in a run's expressions stand for. Stateless. */
final class Values {
  private Values() {}

  /** For the expressions of one stage. */
  static Bindings of(Draft draft, int stage) {
    return builder(draft, stage, draft.stage(stage).attempt()).build();
  }

  /** With the failure that a retry rule judges. */
  static Bindings of(Draft draft, Fact.Finished failure) {
    return builder(draft, failure.stage(), failure.attempt())
        .error(failure.errorClass(), failure.exitCode(), failure.error(), failure.attempt())
        .build();
  }

  /** Before it has stages that say something. */
  static Bindings.Builder start(Run run) {
    return base(run, 0);
  }

  /**
   * What a stage sees as the run's params: the groups around it may give others.
   *
   * @throws ExpressionException when what a group gives has no value
   */
  static String params(Draft draft, int stage) {
    String params = draft.run().params();
    String id = draft.plan().stage(stage).id();
    for (ParamCode.OfGroup group : draft.plan().params().around(id)) {
      params = over(draft, group, params);
    }
    return params;
  }

  /**
   * Looks whether what a group gives can be given, before anything in it starts.
   *
   * @throws ExpressionException when it cannot
   */
  static void checkGroup(Draft draft, int index) {
    ParamCode.OfGroup group = draft.plan().params().groups().get(draft.plan().stage(index).id());
    if (group != null) {
      over(draft, group, params(draft, index));
    }
  }

  private static String over(Draft draft, ParamCode.OfGroup group, String params) {
    Bindings values =
        withItem(draft.run(), base(draft.run(), 0))
            .params(params)
            .stages(name -> result(draft, group.names().getOrDefault(name, name)))
            .build();
    return group.over(params, values);
  }

  private static Bindings.Builder base(Run run, int attempt) {
    JobDefinition job = run.plan().definition();
    return Bindings.builder()
        .params(run.params())
        .run(
            new RunId(run.id()).toString(),
            job.id(),
            job.namespace(),
            run.triggerKind(),
            run.scheduledFor() == 0 ? null : instant(run.scheduledFor()).toString(),
            instant(run.createdAt()).toString(),
            attempt);
  }

  private static Bindings.Builder builder(Draft draft, int stage, int attempt) {
    Run run = draft.run();
    Map<String, String> names = draft.plan().code(stage).names();
    return withItem(run, base(run, attempt))
        .params(params(draft, stage))
        .stages(name -> result(draft, names.getOrDefault(name, name)));
  }

  private static Bindings.Builder withItem(Run run, Bindings.Builder values) {
    Run.Parent parent = run.parent();
    if (parent != null && parent.item() >= 0) {
      values.item(parent.itemJson(), parent.item());
    }
    return values;
  }

  /** The run's own stage, else that of the run that the item belongs to. */
  private static Bindings.StageResult result(Draft draft, String id) {
    int own = draft.plan().indexOf(id);
    if (own >= 0) {
      return result(draft.stage(own));
    }
    Run outer = draft.outer();
    int index = outer == null ? -1 : outer.plan().indexOf(id);
    return index < 0 ? null : result(outer.stages()[index]);
  }

  private static Bindings.StageResult result(Stage stage) {
    Fan fan = stage.fan() == null ? Fan.of(0) : stage.fan();
    return new Bindings.StageResult(
        stage.state().name(),
        stage.output(),
        stage.exitCode(),
        stage.errorClass(),
        stage.error(),
        fan.items(),
        fan.completed(),
        fan.failed());
  }

  static Instant instant(long micros) {
    return Instant.ofEpochSecond(
        Math.floorDiv(micros, 1_000_000L),
        TimeUnit.MICROSECONDS.toNanos(Math.floorMod(micros, 1_000_000L)));
  }

  static long micros(Instant instant) {
    return Math.addExact(
        Math.multiplyExact(instant.getEpochSecond(), 1_000_000L), instant.getNano() / 1_000);
  }
}
