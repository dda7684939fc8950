package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageAction;
import dev.millrace.lifecycle.StageState;
import dev.millrace.wire.Outcome;
import java.util.Arrays;
import java.util.List;

/** A run on a stage, told in the words of people who watch it. Confined to one test. */
final class Scene {
  static final long SECOND = 1_000_000L;

  final Draft draft;
  long now;
  private long dispatch;

  private Scene(Draft draft, long now) {
    this.draft = draft;
    this.now = now;
  }

  static Scene of(Given... stages) {
    return of(Given.plan(stages));
  }

  static Scene of(Plan plan) {
    long now = Plans.NOW;
    return new Scene(Engine.create(Plans.run(1, plan, now), "command", now), now);
  }

  /** A run that waits for its turn. */
  static Scene pending(Plan plan, long endsAt, boolean prepared) {
    long now = Plans.NOW;
    Run run = Plans.run(1, plan, now).endingAt(endsAt, prepared);
    return new Scene(Engine.createPending(run, "command", 0, now), now);
  }

  Scene waits(long seconds) {
    now += seconds * SECOND;
    return this;
  }

  Verdict apply(Fact fact) {
    Verdict verdict = Engine.apply(draft, fact, now, 0.5);
    Engine.settle(draft, now);
    return verdict;
  }

  private Scene accepted(Fact fact) {
    assertThat(apply(fact)).as("%s", fact).isEqualTo(Verdict.ACCEPTED);
    return this;
  }

  int index(String id) {
    return draft.plan().indexOf(id);
  }

  Stage stage(String id) {
    return draft.stage(index(id));
  }

  StageState state(String id) {
    return stage(id).state();
  }

  /** In the order of the plan. */
  List<StageState> states() {
    return Arrays.stream(draft.stages()).map(Stage::state).toList();
  }

  RunState run() {
    return draft.state();
  }

  Scene dispatches(String id) {
    return accepted(new Fact.Dispatched(index(id), ++dispatch));
  }

  /** Dispatched if need be, and taken by a worker. */
  Scene starts(String id) {
    if (state(id) == StageState.READY) {
      dispatches(id);
    }
    return accepted(new Fact.Started(index(id), stage(id).attempt(), "w1"));
  }

  Scene completes(String id) {
    return ends(id, Outcome.COMPLETED, null);
  }

  Scene fails(String id) {
    return ends(id, Outcome.FAILED, "exit:7");
  }

  Scene ends(String id, Outcome outcome, String errorClass) {
    return ends(id, outcome, errorClass, true, 0);
  }

  Scene ends(String id, Outcome outcome, String errorClass, boolean retryable, long afterSeconds) {
    if (state(id) == StageState.READY) {
      dispatches(id);
    }
    if (state(id) == StageState.QUEUED) {
      starts(id);
    }
    Integer exit =
        errorClass != null && errorClass.startsWith("exit:")
            ? Integer.valueOf(errorClass.substring(5))
            : null;
    return accepted(
        new Fact.Finished(
            index(id),
            stage(id).attempt(),
            stage(id).worker(),
            outcome,
            0,
            exit,
            errorClass,
            errorClass,
            null,
            retryable,
            afterSeconds * SECOND));
  }

  /** Its next due instant comes. */
  Scene due(String id) {
    now = Math.max(now, stage(id).dueAt());
    return accepted(new Fact.Due(index(id)));
  }

  Scene child(String id, int item, RunState end) {
    return accepted(new Fact.ChildEnded(index(id), stage(id).attempt(), item, end, "1", "broke"));
  }

  Verdict asks(String id, StageAction action) {
    return apply(new Fact.OnStage(index(id), action, "tester", "because", null));
  }

  /** A person asks, and may. */
  Scene does(String id, StageAction action) {
    assertThat(asks(id, action)).as("%s of %s", action, id).isEqualTo(Verdict.ACCEPTED);
    return this;
  }

  Scene pauses(int by) {
    return accepted(new Fact.Pause(by, "tester", "wait"));
  }

  Scene resumes(int by) {
    return accepted(new Fact.Resume(by, "tester", "go on"));
  }

  Scene stops() {
    return accepted(new Fact.Stop("tester", "enough"));
  }

  Scene kills() {
    return accepted(new Fact.Kill("tester", "now"));
  }

  Scene retries() {
    return accepted(new Fact.Retry("tester", "again"));
  }

  Scene runDue() {
    now = Math.max(now, draft.clock().dueAt());
    return accepted(new Fact.RunDue());
  }

  /** Seconds until the stage is looked at again, 0 for never. */
  long dueIn(String id) {
    return stage(id).dueAt() == 0 ? 0 : (stage(id).dueAt() - now) / SECOND;
  }
}
