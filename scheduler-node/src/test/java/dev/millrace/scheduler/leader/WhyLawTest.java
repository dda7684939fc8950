package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.scheduler.command.Command;
import dev.millrace.settings.EngineSettings;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/**
 * Whatever keeps a run from moving: {@code why} tells it for each of its stages, with who can
 * change it; and somebody who knows nothing but these answers, and does what they say, brings every
 * run to its end. A failure names its seed; {@code -Dmillrace.seed=} plays that story alone.
 */
class WhyLawTest {
  private static final int STORIES = Integer.getInteger("millrace.stuck", 228);
  private static final long FIRST_SEED = 20_270_101;
  private static final int ROUNDS_MAX = 40;
  private static final Set<String> FINAL =
      Set.of("COMPLETED", "FAILED", "CANCELLED", "SKIPPED", "SKIPPED_COMPLETE", "ACKNOWLEDGED");

  /** Every word that a stuck run can be told; what only a moment shows is not among them. */
  private static final Set<String> WORDS =
      Set.of(
          "RUN_PAUSED",
          "JOB_PAUSED",
          "NAMESPACE_PAUSED",
          "ALL_PAUSED",
          "PARENT_PAUSED",
          "POOL_PAUSED",
          "POOL_RATE",
          "NO_WORKER",
          "NO_HANDLER",
          "DRAINING",
          "BACKLOG",
          "QUEUED",
          "HELD",
          "SKIPPED_BY_HAND",
          "NEEDS",
          "PHASE",
          "GROUP",
          "ITEMS",
          "JOB",
          "LOCK_WAIT",
          "OVERLAP",
          "CONCURRENCY_KEY",
          "RATE",
          "BACKING_OFF",
          "WAIT_TIME",
          "WAIT_EVENT",
          "WAIT_APPROVAL",
          "PREPARED",
          "NOT_ADMITTED",
          "STOPPING");

  private LeaderApi api;
  private StuckWorld world;
  private final Map<String, Long> seeds = new LinkedHashMap<>();
  private final Set<String> told = new TreeSet<>();
  private final List<String> broken = new ArrayList<>();

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 1, 20_000, 64));
    world = new StuckWorld(api.at);
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  @Test
  void everyStuckRunIsToldWhyAndComesToItsEndByIt() throws Exception {
    Long only = Long.getLong("millrace.seed");
    List<StuckRuns.Story> stories = new ArrayList<>();
    for (int i = 0; i < STORIES; i++) {
      if (only == null || only == FIRST_SEED + i) {
        StuckRuns.Story story = StuckRuns.story(FIRST_SEED + i, i);
        stories.add(story);
        seeds.put(story.namespace(), story.seed());
      }
    }
    world.build(stories);
    world.pauseEverything();
    for (StuckWorld.Open run : world.open()) {
      assertThat(why(run))
          .as("%s in a pause of everything", name(run))
          .extracting(reason -> reason.path("reason").asText())
          .containsAnyOf("ALL_PAUSED", "PARENT_PAUSED");
    }
    Map<String, String> before = Map.of();
    int rounds = 0;
    for (List<StuckWorld.Open> open = world.open(); !open.isEmpty(); open = world.open()) {
      Map<String, String> now = look(open);
      for (Map.Entry<String, String> story : now.entrySet()) {
        if (story.getValue().equals(before.get(story.getKey()))) {
          broken.add(
              "seed "
                  + seeds.get(story.getKey())
                  + ": what was told was cleared, and nothing moved: "
                  + story.getValue());
        }
      }
      assertThat(broken).isEmpty();
      assertThat(rounds++).as("rounds: %s", now).isLessThan(ROUNDS_MAX);
      before = now;
      world.passTime();
      world.act();
    }
    if (only == null) {
      assertThat(told).as("every word was told to somebody").containsAll(WORDS);
    }
  }

  /** A run that holds one lock as a whole, and a stage that asks for it and for another one. */
  @Test
  void whoWaitsForAWholeRunDoesNotHoldItUp() throws Exception {
    api.at.apply("id: both\nstages: [{id: use, run: noop, locks: [door, press]}]");
    api.at.apply(
        """
        id: whole
        locks: [door]
        stages:
          - {id: ask, run: wait.approval}
          - {id: use, run: noop, locks: [press], needs: [ask]}
        """);
    String whole = start("whole");
    String both = start("both");
    assertThat(words(both)).containsExactly("use LOCK_WAIT run " + whole);
    ask(Command.Kind.STAGE_ACT, "{\"run\":\"%s\",\"stage\":\"ask\",\"action\":\"approve\"}", whole);
    assertThat(words(whole))
        .as("who waits for its lock does not hold it up")
        .noneMatch(word -> word.contains("LOCK"));
    assertThat(words(both))
        .containsExactlyInAnyOrder(
            "use LOCK_WAIT run " + whole, "use LOCK_WAIT run " + whole + "/use");
  }

  private String start(String job) throws Exception {
    return ask(Command.Kind.RUN_START, "{}", job).replaceAll(".*\"run\":\"([^\"]*)\".*", "$1");
  }

  private String ask(String kind, String body, String name) throws Exception {
    String job = kind.equals(Command.Kind.RUN_START) ? name : null;
    long id =
        api.at.ask(new Command(kind, "default", job, body.formatted(name), "tester", "a test"));
    api.at.passes();
    assertThat(api.at.outcome(id).status()).as(api.at.outcome(id).body()).isLessThan(300);
    return api.at.outcome(id).body();
  }

  private List<String> words(String run) throws Exception {
    List<String> words = new ArrayList<>();
    for (JsonNode reason : api.get("/api/v1/runs/" + run + "/why").json().path("items")) {
      words.add(
          reason.path("stage").asText("(run)")
              + " "
              + reason.path("reason").asText()
              + " "
              + reason.path("holder").asText());
    }
    return words;
  }

  /** Checks what every open run is told; how each story stands, as text. */
  private Map<String, String> look(List<StuckWorld.Open> open) throws Exception {
    Set<String> ids = new TreeSet<>();
    open.forEach(run -> ids.add(run.id()));
    Map<String, String> standing = new LinkedHashMap<>();
    for (StuckWorld.Open run : open) {
      List<JsonNode> reasons = why(run);
      check(run, reasons, ids);
      world.hear(run, reasons);
      StringBuilder text = new StringBuilder(run.id() + " " + run.state() + " " + run.stages());
      reasons.forEach(
          reason ->
              text.append("\n    ")
                  .append(reason.path("stage").asText("(run)"))
                  .append(' ')
                  .append(reason.path("reason").asText())
                  .append(": ")
                  .append(reason.path("detail").asText())
                  .append(" <- ")
                  .append(reason.path("holder").asText()));
      standing.merge(run.namespace(), "\n  " + text, String::concat);
    }
    return standing;
  }

  private List<JsonNode> why(StuckWorld.Open run) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1/runs/" + run.id() + "/why");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    List<JsonNode> reasons = new ArrayList<>();
    answer.json().path("items").forEach(reasons::add);
    return reasons;
  }

  private String name(StuckWorld.Open run) {
    return "seed " + seeds.get(run.namespace()) + ", " + run.job() + " " + run.id();
  }

  private void check(StuckWorld.Open run, List<JsonNode> reasons, Set<String> open) {
    Set<String> about = new TreeSet<>();
    for (JsonNode reason : reasons) {
      about.add(reason.path("stage").asText());
      told.add(reason.path("reason").asText());
      String text = name(run) + ": " + reason;
      if (reason.path("detail").asText().isBlank() || reason.path("holder").asText().isBlank()) {
        broken.add("nobody holds it: " + text);
      }
      int named = reason.path("holders").size();
      if (named < 1 || reason.path("holderCount").asInt() < named) {
        broken.add("the holders are not counted: " + text);
      }
      for (JsonNode holder : reason.path("holders")) {
        checkHolder(run, holder.asText(), open, text);
      }
    }
    if (reasons.isEmpty() && !run.onWorker()) {
      broken.add("nothing is told: " + name(run) + " " + run.stages());
    }
    run.stages()
        .forEach(
            (stage, state) -> {
              if (run.isStuck(stage) && !about.contains(stage)) {
                broken.add(name(run) + ": stage " + stage + " is " + state + ", why is not told");
              }
            });
  }

  /** Who is named is there and has not ended. */
  private void checkHolder(StuckWorld.Open run, String holder, Set<String> open, String text) {
    if (holder.startsWith("run ")) {
      String id = holder.substring(4).split("/")[0];
      if (!open.contains(id)) {
        broken.add("a run that is not open holds it: " + text);
      }
    }
    if (holder.startsWith("stage ")) {
      String state = run.stages().get(holder.substring(6));
      if (state == null || (FINAL.contains(state) && !run.isStuck(holder.substring(6)))) {
        broken.add("a stage that has ended holds it: " + text);
      }
    }
  }
}
