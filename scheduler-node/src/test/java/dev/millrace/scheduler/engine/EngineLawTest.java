package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.wire.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.IntStream;
import org.junit.jupiter.api.Test;

/**
 * Laws that hold whatever happens in whatever order: random facts, stale and doubled ones included,
 * on random graphs. A failure names its seed.
 */
class EngineLawTest {
  private static final int SEQUENCES = 100_000;
  private static final long FIRST_SEED = 20_260_101;
  private static final List<Outcome> OUTCOMES = List.of(Outcome.values());
  private static final ObjectMapper JSON = new ObjectMapper();

  @Test
  void theLawsHold() {
    IntStream.range(0, SEQUENCES)
        .parallel()
        .forEach(
            number -> {
              long seed = FIRST_SEED + number;
              try {
                new Story(new SplittableRandom(seed)).play();
              } catch (JsonProcessingException | RuntimeException | AssertionError e) {
                throw new AssertionError("seed " + seed + ": " + e.getMessage(), e);
              }
            });
  }

  /** One run from its birth to its end, watched all the way. One thread. */
  private static final class Story {
    private final SplittableRandom random;
    private final Plan plan;
    private final Map<String, String> replayed = new HashMap<>();
    private final List<TreeSet<Integer>> superseded = new ArrayList<>();
    private final Set<String> endings = new HashSet<>();
    private final int[] dispatched;
    private Run run;
    private boolean stopped;
    private long now = Plans.NOW;
    private long number;

    Story(SplittableRandom random) {
      this.random = random;
      this.plan = plan(random);
      this.dispatched = new int[plan.size()];
      for (int i = 0; i < plan.size(); i++) {
        superseded.add(new TreeSet<>());
      }
    }

    void play() throws JsonProcessingException {
      Draft born = Engine.create(Plans.run(1, plan, now), "command", now);
      Engine.settle(born, now);
      commit(born);
      int batches = random.nextInt(1, 25);
      for (int batch = 0; batch < batches && !run.state().isFinal(); batch++) {
        now += random.nextLong(20_000_000);
        Draft draft = Draft.of(run);
        for (int facts = random.nextInt(1, 5); facts > 0; facts--) {
          apply(draft, anyFact(draft));
        }
        Engine.settle(draft, now);
        commit(draft);
      }
      finish();
      nothingChangesAnyMore();
    }

    private void finish() throws JsonProcessingException {
      for (int round = 0; !run.state().isFinal(); round++) {
        assertThat(round).as("rounds until the run ends").isLessThan(100);
        Draft draft = Draft.of(run);
        for (int i = 0; i < plan.size(); i++) {
          Stage stage = draft.stage(i);
          switch (stage.state()) {
            case READY -> apply(draft, new Fact.Dispatched(i, ++number));
            case QUEUED, RUNNING ->
                apply(draft, end(i, stage.attempt(), holder(stage), Outcome.COMPLETED));
            case BACKING_OFF -> {
              now = Math.max(now, stage.dueAt());
              apply(draft, new Fact.Due(i));
            }
            default -> {}
          }
        }
        Engine.settle(draft, now);
        commit(draft);
      }
      Set<StageState> states = new HashSet<>();
      for (int i = 0; i < plan.size(); i++) {
        Stage stage = run.stages()[i];
        assertThat(stage.state().isFinal()).as("stage %s ended", i).isTrue();
        states.add(stage.state());
        int old = superseded.get(i).size();
        assertThat(old).isBetween(Math.max(0, stage.attempt() - 1), stage.attempt());
        assertThat(superseded.get(i).stream().toList())
            .as("attempts without gaps")
            .isEqualTo(IntStream.rangeClosed(1, old).boxed().toList());
      }
      if (run.state() == RunState.COMPLETED) {
        assertThat(states).containsOnly(StageState.COMPLETED);
      } else if (run.state() == RunState.FAILED) {
        assertThat(states).contains(StageState.FAILED);
      } else {
        assertThat(stopped).isTrue();
      }
    }

    private void nothingChangesAnyMore() {
      Draft draft = Draft.of(run);
      for (int i = 0; i < 10; i++) {
        now += random.nextLong(1_000_000_000);
        assertThat(Engine.apply(draft, anyFact(draft), now, 0.5)).isNotEqualTo(Verdict.ACCEPTED);
      }
      Engine.settle(draft, now);
      assertThat(draft.changed()).isFalse();
    }

    private void apply(Draft draft, Fact fact) {
      Stage[] before = draft.run().stages().clone();
      String moves = draft.movesJson();
      Verdict verdict = Engine.apply(draft, fact, now, random.nextDouble());
      if (verdict != Verdict.ACCEPTED) {
        assertThat(draft.run().stages()).as("%s changes no stage", fact).isEqualTo(before);
        if (!(fact instanceof Fact.Stop)) { // a stop looks first whether the run is over
          assertThat(draft.movesJson()).isEqualTo(moves);
        }
        return;
      }
      stopped |= fact instanceof Fact.Stop;
      if (fact instanceof Fact.Dispatched f) {
        assertThat(draft.stage(f.stage()).attempt()).isEqualTo(++dispatched[f.stage()]);
      }
      if (fact instanceof Fact.Finished f) {
        assertThat(endings.add(f.stage() + "/" + f.attempt())).as("one end of %s", f).isTrue();
        assertThat(Engine.apply(draft, fact, now, 0.5)).as("again").isNotEqualTo(Verdict.ACCEPTED);
      }
      if (fact instanceof Fact.WorkerLost f) {
        assertThat(endings.add(f.stage() + "/" + f.attempt())).as("one end of %s", f).isTrue();
      }
    }

    /** What the store's checks demand, and the log replayed on top of what it said before. */
    private void commit(Draft draft) throws JsonProcessingException {
      draft.superseded().forEach(this::remember);
      for (JsonNode move : JSON.readTree(draft.movesJson())) {
        replay(move);
      }
      run = draft.run();
      assertThat(replayed.get("")).isEqualTo(run.state().name());
      assertThat(run.finishedAt() != 0).isEqualTo(run.state().isFinal());
      for (int i = 0; i < plan.size(); i++) {
        Stage stage = run.stages()[i];
        assertThat(replayed.get(plan.stage(i).id())).isEqualTo(stage.state().name());
        assertThat(stage.finishedAt() != 0).isEqualTo(stage.state().isFinal());
        assertThat(stage.state() != StageState.RUNNING || stage.worker() != null).isTrue();
        assertThat(stage.state() != StageState.QUEUED || stage.dispatch() != 0).isTrue();
        assertThat(stage.state() != StageState.BACKING_OFF || stage.dueAt() != 0).isTrue();
        assertThat(stage.dueAt() == 0 || !stage.state().isFinal()).isTrue();
      }
    }

    private void remember(Superseded old) {
      assertThat(superseded.get(old.index()).add(old.stage().attempt())).isTrue();
    }

    private void replay(JsonNode move) {
      String subject = move.get(0).asText();
      String from = move.get(1).isNull() ? null : move.get(1).asText();
      String to = move.get(2).asText();
      assertThat(replayed.get(subject)).as("before %s", move).isEqualTo(from);
      if (from != null) {
        boolean legal =
            subject.isEmpty()
                ? RunState.valueOf(from).canBecome(RunState.valueOf(to))
                : StageState.valueOf(from).canBecome(StageState.valueOf(to));
        assertThat(legal).as("%s is legal", move).isTrue();
      }
      replayed.put(subject, to);
      if (to.equals("READY")) {
        assertThat(stopped && run.state() == RunState.STOPPING).as("READY after a stop").isFalse();
        for (int need : plan.inputsOf(plan.indexOf(subject))) {
          assertThat(replayed.get(plan.stage(need).id())).isEqualTo("COMPLETED");
        }
      }
    }

    private Fact anyFact(Draft draft) {
      int index = random.nextInt(plan.size());
      Stage stage = draft.stage(index);
      int attempt = random.nextInt(5) == 0 ? random.nextInt(1, 4) : stage.attempt();
      String worker = random.nextInt(4) == 0 ? "w2" : holder(stage);
      return switch (random.nextInt(16)) {
        case 0, 1, 2, 3 -> new Fact.Dispatched(index, ++number);
        case 4, 5, 6 -> new Fact.Started(index, attempt, worker);
        case 7, 8, 9, 10 -> end(index, attempt, worker, anyOutcome());
        case 11 -> new Fact.WorkerLost(index, attempt, worker, "silent");
        case 12, 13 -> new Fact.Due(index);
        case 14 ->
            random.nextBoolean()
                ? new Fact.Unroutable(index, attempt)
                : new Fact.Checkpointed(index, attempt, worker, "1");
        default -> random.nextInt(4) == 0 ? new Fact.Stop("tester", "enough") : new Fact.Due(index);
      };
    }

    private Outcome anyOutcome() {
      return random.nextBoolean()
          ? Outcome.COMPLETED
          : OUTCOMES.get(random.nextInt(OUTCOMES.size()));
    }

    private static String holder(Stage stage) {
      return stage.worker() == null ? "w1" : stage.worker();
    }

    private static Fact end(int index, int attempt, String worker, Outcome outcome) {
      return new Fact.Finished(index, attempt, worker, outcome, 1_000, null, null, null, null);
    }

    private static Plan plan(SplittableRandom random) {
      StageDefinition[] stages = new StageDefinition[random.nextInt(1, 9)];
      for (int i = 0; i < stages.length; i++) {
        String[] needs =
            IntStream.range(0, i)
                .filter(earlier -> random.nextInt(3) == 0)
                .mapToObj(earlier -> "s" + earlier)
                .toArray(String[]::new);
        stages[i] =
            Plans.stage(
                "s" + i,
                Plans.retry(random.nextInt(1, 4), random.nextInt(3)),
                random.nextBoolean() ? null : Duration.ofSeconds(random.nextInt(1, 30)),
                random.nextInt(4) != 0 ? null : Duration.ofSeconds(random.nextInt(1, 60)),
                needs);
      }
      return Plans.of(Arrays.copyOf(stages, stages.length));
    }
  }
}
