package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.lifecycle.JobState;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.engine.Arrows;
import dev.millrace.wire.Start;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The life of jobs, by a real leader: every arrow, what is no arrow, and what goes with each. */
class JobArrowsTest {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String PLAIN = "id: %s\nstages: [{id: only, run: noop}]\n";
  private static final String TIMED =
      """
      id: timed
      triggers:
        - at: 2020-01-01T00:00:00Z
        - every: 1h
      stages: [{id: only, run: noop}]
      """;

  private TurnFixture at;

  @BeforeEach
  void start() throws Exception {
    at = new TurnFixture();
  }

  @AfterEach
  void stop() throws Exception {
    at.close();
  }

  private Outcome ask(String kind, String job, String body) throws Exception {
    long id = at.ask(new Command(kind, "default", job, body, "tester", "because"));
    at.passes();
    return at.outcome(id);
  }

  private Outcome move(String kind, String job) throws Exception {
    return ask(kind, job, "{}");
  }

  private Outcome apply(String yaml, String more) throws Exception {
    String definition =
        switch (new DefinitionReader().read(yaml, "test")) {
          case DefinitionReader.Result.Ok ok -> DefinitionJson.toJson(ok.job());
          case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems());
        };
    return ask(Command.Kind.JOB_APPLY, "any", "{\"definition\":" + definition + more + "}");
  }

  /** A job in this state, however it got there. */
  private void made(String job, JobState state) throws Exception {
    boolean paused = state == JobState.PAUSED;
    assertThat(apply(PLAIN.formatted(job), ",\"paused\":" + paused).status()).isEqualTo(201);
    switch (state) {
      case CREATED -> throw new AssertionError("no job rests there");
      case SCHEDULED, PAUSED -> {}
      case STOPPED -> move(Command.Kind.JOB_STOP, job);
      case ARCHIVED -> move(Command.Kind.JOB_DELETE, job);
    }
    assertThat(state(job)).isEqualTo(state.name());
  }

  private String state(String job) {
    return at.text("select state from job where name = '" + job + "' order by id desc limit 1");
  }

  private static JobState target(String kind) {
    return switch (kind) {
      case Command.Kind.JOB_PAUSE -> JobState.PAUSED;
      case Command.Kind.JOB_RESUME -> JobState.SCHEDULED;
      case Command.Kind.JOB_STOP -> JobState.STOPPED;
      default -> JobState.ARCHIVED;
    };
  }

  @Test
  void everyArrowIsWalkedAndNoOther() throws Exception {
    List<JobState> rests =
        List.of(JobState.SCHEDULED, JobState.PAUSED, JobState.STOPPED, JobState.ARCHIVED);
    List<String> kinds =
        List.of(
            Command.Kind.JOB_PAUSE,
            Command.Kind.JOB_RESUME,
            Command.Kind.JOB_STOP,
            Command.Kind.JOB_DELETE);
    for (JobState from : rests) {
      for (String kind : kinds) {
        String job = (from + "-" + kind).toLowerCase(java.util.Locale.ROOT);
        made(job, from);
        int moves = moves();
        Outcome outcome = move(kind, job);
        JobState to = target(kind);
        if (from.canBecome(to)) {
          assertThat(outcome.status()).as("%s by %s", from, kind).isEqualTo(200);
          assertThat(outcome.body()).contains("\"state\":\"" + to, "\"changed\":true");
          assertThat(state(job)).isEqualTo(to.name());
          continue;
        }
        boolean there = from == to && !from.isFinal();
        assertThat(outcome.status()).as("%s by %s", from, kind).isEqualTo(there ? 200 : 409);
        assertThat(outcome.body()).contains(from.name(), there ? "\"changed\":false" : to.name());
        assertThat(state(job)).as("unchanged").isEqualTo(from.name());
        assertThat(moves()).as("nothing was recorded").isEqualTo(moves);
      }
    }
    Arrows<JobState> arrows = new Arrows<>(JobState.class, JobState::canBecome);
    for (String moves : at.texts("select moves from history where moves like '%@job%'")) {
      for (JsonNode move : JSON.readTree(moves)) {
        assertThat(move.path(4).asText()).isEqualTo("tester");
        assertThat(move.path(5).asText()).isEqualTo("because");
        if (move.path(1).isNull()) {
          assertThat(move.path(2).asText()).isEqualTo("CREATED");
        } else {
          assertThat(arrows.walk(move.path(1).asText(), move.path(2).asText())).isTrue();
        }
      }
    }
    assertThat(arrows.missing()).as("arrows of jobs that nothing walks").isEmpty();
  }

  private int moves() {
    return at.count("select count(*) from history where moves like '%@job%'");
  }

  @Test
  void aStoppedJobStartsNothingAndItsTriggersComeBackWithTheResume() throws Exception {
    apply(TIMED, "");
    at.passes(); // its tick is due at once
    assertThat(at.count("select count(*) from run")).as("the instant that had passed").isEqualTo(1);
    at.complete(List.of(at.starts(1).getFirst().claim()), "{}");
    at.passes();
    assertThat(move(Command.Kind.JOB_STOP, "timed").status()).isEqualTo(200);
    assertThat(at.count("select count(*) from trigger where active")).isZero();
    Outcome refused = move(Command.Kind.RUN_START, "timed");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).contains("STOPPED", "resume it first");

    Outcome changed = apply(TIMED.replace("every: 1h", "every: 2h"), "");
    assertThat(changed.body()).contains("\"version\":2", "\"state\":\"STOPPED\"", "resume it");
    assertThat(at.count("select count(*) from trigger where active")).isZero();
    at.newTurn(); // another leader knows no more of it
    at.passes();

    assertThat(move(Command.Kind.JOB_RESUME, "timed").status()).isEqualTo(200);
    at.passes();
    assertThat(at.count("select count(*) from run")).as("it does not come again").isEqualTo(1);
    assertThat(at.texts("select kind || ' ' || position from trigger where active order by 1"))
        .containsExactly("at 0", "every 1");
    assertThat(at.text("select spec from trigger where active and kind = 'every'"))
        .contains("PT2H");
    assertThat(
            at.text(
                """
                select string_agg(distinct g.id::text, ',') from trigger g
                join tick t on t.trigger = g.id where g.active and g.kind = 'at'
                """))
        .as("the trigger with its ledger")
        .isNotNull();
    assertThat(at.count("select count(*) from trigger where kind = 'every' and next_at > now()"))
        .isEqualTo(1);
    assertThat(move(Command.Kind.RUN_START, "timed").status()).isEqualTo(201);
  }

  @Test
  void theOpenRunsOfAPausedJobGoOnWhenItIsStoppedOrArchived() throws Exception {
    for (String kind : List.of(Command.Kind.JOB_STOP, Command.Kind.JOB_DELETE)) {
      String job = kind.replace('.', '-');
      apply("id: " + job + "\nstages: [{id: a, run: noop}, {id: b, run: noop, needs: [a]}]", "");
      move(Command.Kind.RUN_START, job);
      Claim a = at.starts(1).getFirst().claim();
      move(Command.Kind.JOB_PAUSE, job);
      at.complete(List.of(a), "{}");
      at.passes();
      at.assertNoStarts();
      assertThat(at.text("select state from run order by id desc limit 1")).isEqualTo("PAUSED");
      assertThat(move(kind, job).status()).isEqualTo(200);
      Start b = at.starts(1).getFirst();
      assertThat(b.claim().stage()).isEqualTo("b");
      at.complete(List.of(b.claim()), "{}");
      at.passes();
      assertThat(at.text("select state from run order by id desc limit 1")).isEqualTo("COMPLETED");
    }
  }

  @Test
  void anArchivedJobIsReadOnlyAndItsIdIsFree() throws Exception {
    made("gone", JobState.ARCHIVED);
    Outcome refused = move(Command.Kind.RUN_START, "gone");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).contains("job 'gone' is ARCHIVED", "a new job of that id");
    Outcome again = apply(PLAIN.formatted("gone"), "");
    assertThat(again.status()).isEqualTo(201);
    assertThat(again.body()).contains("\"version\":1", "an archived job of this id stays as it is");
    assertThat(at.texts("select state from job where name = 'gone' order by id"))
        .containsExactly("ARCHIVED", "SCHEDULED");
    assertThat(move(Command.Kind.RUN_START, "none").status()).isEqualTo(404);
  }

  @Test
  void whatHasEndedInAnArchivedJobStaysAsItIs() throws Exception {
    apply(PLAIN.formatted("over"), "");
    String run = JSON.readTree(move(Command.Kind.RUN_START, "over").body()).path("run").asText();
    at.fail(List.of(at.starts(1).getFirst().claim()), "exit:1");
    at.passes();
    assertThat(move(Command.Kind.JOB_DELETE, "over").status()).isEqualTo(200);
    String one = "{\"run\":\"" + run + "\"}";
    Outcome refused = ask(Command.Kind.RUN_RETRY, null, one);
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).contains("is FAILED and its job 'over' is ARCHIVED");
    String reset = "{\"run\":\"" + run + "\",\"stage\":\"only\",\"action\":\"reset\"}";
    assertThat(ask(Command.Kind.STAGE_ACT, null, reset).status()).isEqualTo(409);
    long letter = Long.parseLong(at.text("select id::text from dead_letter"));
    String redrive = "{\"id\":\"" + new RunId(letter) + "\"}";
    assertThat(ask(Command.Kind.DEAD_REDRIVE, null, redrive).status()).isEqualTo(409);
    assertThat(at.text("select state from run")).isEqualTo("FAILED");
  }

  @Test
  void whatAFileDefinesIsArchivedWithItsFileOrByForce() throws Exception {
    apply(PLAIN.formatted("filed"), ",\"source\":\"dir:/jobs/filed.yaml\"");
    Outcome refused = ask(Command.Kind.JOB_DELETE, "filed", "{\"source\":null}");
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.body()).contains("/jobs/filed.yaml", "bring it back", "remove that file");
    assertThat(move(Command.Kind.JOB_STOP, "filed").status()).as("a stop").isEqualTo(200);
    String other = "{\"source\":\"dir:/jobs/other.yaml\"}";
    assertThat(ask(Command.Kind.JOB_DELETE, "filed", other).status()).isEqualTo(409);
    assertThat(ask(Command.Kind.JOB_DELETE, "filed", "{\"force\":true}").status()).isEqualTo(200);
    String gone = "{\"source\":\"dir:/jobs/filed.yaml\"}";
    assertThat(ask(Command.Kind.JOB_DELETE, "filed", gone).status())
        .as("its file goes later: nothing to do")
        .isEqualTo(404);
  }
}
