package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import org.junit.jupiter.api.Test;

/** Runs that wait for runs of other jobs, and graphs of jobs that are refused. */
class RequiresTest extends JobsThatWait {
  @Test
  void aRunWaitsUntilWhatItRequiresHasCompletedSinceThePreviousOne() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "requires: [a, b]"));
    starts("c");
    assertThat(runs("c")).containsExactly("PENDING");
    completes("a");
    assertThat(runs("c")).containsExactly("PENDING");
    at.newTurn();
    completes("b");
    has("c", 1);
    starts("c");
    assertThat(runs("c")).as("they ended before").containsExactly("COMPLETED", "PENDING");
    fails("a");
    completes("b");
    assertThat(runs("c")).containsExactly("COMPLETED", "PENDING");
    completes("a");
    has("c", 2);
    completes("a", "b");
    starts("c");
    assertThat(runs("c"))
        .as("they ended since")
        .containsExactly("COMPLETED", "COMPLETED", "STARTING");
  }

  @Test
  void ofSeveralRunsThatWaitTheOldestGoesFirst() throws Exception {
    jobs("a");
    at.apply(job("c", "requires: [a]"));
    starts("c");
    starts("c");
    completes("a");
    assertThat(runs("c")).containsExactly("STARTING", "PENDING");
    ends("c", true);
    completes("a");
    assertThat(runs("c")).containsExactly("COMPLETED", "STARTING");
  }

  @Test
  void whatEndedBeforeAnybodyRequiredItCountsToo() throws Exception {
    jobs("a");
    completes("a");
    at.apply(job("c", "requires: [a]"));
    starts("c");
    assertThat(runs("c")).containsExactly("STARTING");
  }

  @Test
  void aRunThatWaitsForTooLongIsCancelledWithTheReason() throws Exception {
    at.at("2026-03-02T07:00:00Z");
    jobs("a");
    at.apply(job("c", "requires: {all: [a], timeout: 2h}"));
    starts("c");
    at.newTurn();
    at.at("2026-03-02T08:59:00Z");
    at.passes();
    assertThat(runs("c")).containsExactly("PENDING");
    at.at("2026-03-02T09:01:00Z");
    at.passes();
    assertThat(runs("c")).containsExactly("CANCELLED");
    assertThat(at.text("select stop_reason from run where state = 'CANCELLED'"))
        .isEqualTo("waited for PT2H for what it requires of a");
    completes("a");
    assertThat(runs("c")).containsExactly("CANCELLED");
  }

  @Test
  void aTickRequiresWhatWasPlannedForTheSameInstant() throws Exception {
    at.at("2026-03-02T06:59:00Z");
    at.apply(job("a", "triggers: [{cron: '0 7 * * *'}]"));
    at.apply(job("c", "triggers: [{cron: '0 7 * * *'}]\nrequires: {all: [a], match: planned}"));
    completes("a");
    at.at("2026-03-02T07:00:00Z");
    at.passes();
    assertThat(runs("c")).as("what no schedule planned is not it").containsExactly("PENDING");
    ends("a", true);
    has("c", 1);
  }

  @Test
  void itsTurnIsAskedForWhenTheGateIsOpen() throws Exception {
    jobs("a");
    at.apply(job("c", "requires: [a]\noverlap: skip"));
    starts("c");
    assertThat(ask(Command.Kind.RUN_START, "c", "{}").body())
        .contains("its overlap policy is skip");
    assertThat(runs("c")).containsExactly("PENDING");
    assertThat(at.count("select count(*) from seat")).isZero();
    completes("a");
    assertThat(runs("c")).containsExactly("STARTING");
    assertThat(at.count("select count(*) from seat where held")).isEqualTo(1);
    has("c", 1);
    assertThat(at.count("select count(*) from seat")).isZero();
  }

  @Test
  void aRunThatWaitsCanBePausedAndStopped() throws Exception {
    jobs("a");
    at.apply(job("c", "requires: [a]"));
    starts("c");
    assertThat(ask(Command.Kind.JOB_PAUSE, "c", "{}").status()).isEqualTo(200);
    completes("a");
    assertThat(runs("c")).containsExactly("PAUSED");
    assertThat(ask(Command.Kind.JOB_RESUME, "c", "{}").status()).isEqualTo(200);
    has("c", 1);
    assertThat(runs("c")).containsExactly("COMPLETED");
    starts("c");
    String id = at.text("select id::text from run where state = 'PENDING'");
    String body = "{\"run\":\"%s\"}".formatted(new RunId(Long.parseLong(id)));
    assertThat(ask(Command.Kind.RUN_STOP, null, body).status()).isEqualTo(200);
    completes("a");
    assertThat(runs("c")).containsExactly("COMPLETED", "CANCELLED");
  }

  private Outcome applied(String yaml) throws Exception {
    String definition =
        switch (new DefinitionReader().read(yaml, "test")) {
          case DefinitionReader.Result.Ok ok -> DefinitionJson.toJson(ok.job());
          case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems());
        };
    return ask(
        Command.Kind.JOB_APPLY, "x", "{\"definition\":" + definition + ",\"source\":\"api\"}");
  }

  @Test
  void jobsThatWouldWaitForEachOtherAreRefusedWithThePath() throws Exception {
    at.apply(job("a", ""));
    at.apply(job("b", "triggers: [{after: [a]}]"));
    at.apply(job("c", "requires: [b]"));
    Outcome refused = applied(job("a", "triggers: [{after: {any: [c, d]}}]"));
    assertThat(refused.status()).isEqualTo(422);
    assertThat(refused.body())
        .contains("a → c → b → a", "remove 'c' from the trigger after c, d of 'a'");
    at.newTurn();
    assertThat(applied(job("a", "requires: [c]")).body())
        .as("a new leader knows it too")
        .contains("a → c → b → a", "remove 'c' from requires of 'a'");
    at.applyAgain(job("c", ""));
    at.applyAgain(job("a", "requires: [c]"));
  }

  @Test
  void aCycleThatAJobYetToComeWouldCloseIsRefusedWhenItComes() throws Exception {
    at.apply(job("a", "requires: [later]"));
    assertThat(applied(job("later", "triggers: [{after: [a]}]")).body())
        .contains("later → a → later");
    jobs("later");
    completes("later");
    starts("a");
    assertThat(runs("a")).containsExactly("STARTING");
  }

  @Test
  void aJobThatIsNotThereYetIsTold() throws Exception {
    assertThat(applied(job("c", "requires: [a, other/b]")).body())
        .contains("there is no job 'a', 'other/b' yet");
    jobs("a");
    assertThat(applied(job("c", "requires: [a]")).body()).doesNotContain("there is no job");
  }

  @Test
  void aJobThatOthersNeedIsArchivedByForceOnly() throws Exception {
    jobs("a");
    at.apply(job("b", "triggers: [{after: [a]}]"));
    at.apply("id: c\nstages: [{id: s, run: job, with: {job: a}}]\n");
    Outcome refused = ask(Command.Kind.JOB_DELETE, "a", "{}");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).contains("is needed by 'b', 'c'");
    assertThat(ask(Command.Kind.JOB_DELETE, "a", "{\"force\":true}").status()).isEqualTo(200);
    assertThat(ask(Command.Kind.JOB_DELETE, "b", "{}").status()).isEqualTo(200);
    assertThat(at.texts("select kind from dependency")).containsExactly("run");
  }

  @Test
  void whatNobodyWaitsForIsNotKept() throws Exception {
    jobs("a", "b");
    at.apply(job("c", "triggers: [{after: [a]}]"));
    completes("b", "a");
    has("c", 1);
    assertThat(at.texts("select j.name from job_end e join job j on j.id = e.job"))
        .containsExactly("a");
  }
}
