package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import org.junit.jupiter.api.Test;

/** A start that no message can hold ends its stage; trying again would not make it smaller. */
class TooLargeTest {
  private static final String WHY = "has 90000 characters; pass large values by reference";

  private final Draft draft =
      Engine.create(
          Plans.run(
              1,
              Plans.of(
                  Plans.stage("large", Plans.retry(5, 3), null, null),
                  Plans.stage("after", "large"),
                  Plans.stage("beside")),
              Plans.NOW),
          "command",
          Plans.NOW);

  private Verdict tooLarge(int stage) {
    Verdict verdict =
        Engine.apply(draft, new Fact.Unstartable(stage, "config", WHY), Plans.NOW + 5, 0);
    Engine.settle(draft, Plans.NOW + 5);
    return verdict;
  }

  @Test
  void theStageFailsAtOnceWhateverItsRetryRuleSays() {
    assertThat(tooLarge(0)).isEqualTo(Verdict.ACCEPTED);
    Stage large = draft.stage(0);
    assertThat(large.state()).isEqualTo(StageState.FAILED);
    assertThat(large.errorClass()).isEqualTo("config");
    assertThat(large.error()).isEqualTo(WHY);
    assertThat(large.finishedAt()).isEqualTo(Plans.NOW + 5);
    assertThat(draft.stage(1).state()).as("it can never start").isEqualTo(StageState.SKIPPED);
    assertThat(draft.stage(2).state()).as("has nothing to do with it").isEqualTo(StageState.READY);
    assertThat(draft.run().state().isFinal()).isFalse();
    assertThat(draft.movesJson()).contains("\"dispatch\"", WHY);
  }

  @Test
  void theRunFailsWhenTheOthersHaveEnded() {
    tooLarge(0);
    tooLarge(2);
    assertThat(draft.run().state()).isEqualTo(RunState.FAILED);
  }

  @Test
  void onlyAStageThatIsAboutToStartCanBeTooLarge() {
    assertThat(tooLarge(1)).as("it waits").isEqualTo(Verdict.STALE);
    Engine.apply(draft, new Fact.Dispatched(0, 1), Plans.NOW, 0);
    assertThat(tooLarge(0)).as("it is with the broker").isEqualTo(Verdict.STALE);
    assertThat(draft.stage(0).state()).isEqualTo(StageState.QUEUED);
  }
}
