package dev.millrace.scheduler;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/** Sets over HTTP, applied by a real leader. */
class SetsTest {
  private static final Logger log = LoggerFactory.getLogger(SetsTest.class);
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final String JOB =
      "id: %s\npriority: %d\ntriggers: [{every: 1h}]\nstages: [{id: only, run: h}]\n";

  private static Nodes nodes;
  private static SchedulerNode node;

  @BeforeAll
  static void start() throws Exception {
    nodes = new Nodes();
    node = nodes.leader("node-1");
  }

  @AfterAll
  static void stop() {
    nodes.close();
  }

  private static String job(String id, int priority) {
    return JOB.formatted(id, priority);
  }

  /** The body of a set; names and texts in turn. */
  private static ObjectNode set(String... files) {
    ObjectNode body = JSON.createObjectNode();
    ArrayNode list = body.putArray("files");
    for (int i = 0; i < files.length; i += 2) {
      list.addObject().put("name", files[i]).put("text", files[i + 1]);
    }
    return body;
  }

  private static Nodes.Answer plan(String set, ObjectNode body) {
    return nodes.post(node, "/api/v1/sets/" + set + "/plan", body.toString());
  }

  private static Nodes.Answer apply(String set, ObjectNode body) {
    return nodes.post(node, "/api/v1/sets/" + set + "/apply", body.toString());
  }

  /** Such as {@code create a}. */
  private static List<String> actions(JsonNode plan) {
    List<String> actions = new ArrayList<>();
    plan.path("items")
        .forEach(
            item -> actions.add(item.path("action").asText() + " " + item.path("job").asText()));
    return actions;
  }

  private static JsonNode item(JsonNode plan, String job) {
    for (JsonNode item : plan.path("items")) {
      if (item.path("job").asText().equals(job)) {
        return item;
      }
    }
    throw new AssertionError(job + " is not in " + plan);
  }

  @Test
  void anInstantThatIsPastIsRefusedWithItsFile() {
    ObjectNode late =
        set(
            "fine.yaml",
            job("on-time", 1),
            "late.yaml",
            """
            id: late
            triggers: [{at: 2020-01-01T00:00:00Z, past: refuse}]
            stages: [{id: only, run: h}]
            """);
    Nodes.Answer refused = apply("instants", late);
    assertThat(refused.status()).isEqualTo(409);
    assertThat(refused.text()).contains("late.yaml", "2020-01-01T00:00:00Z is past", "past: run");
    assertThat(nodes.get(node, "/api/v1/jobs/on-time").status()).isEqualTo(404);
  }

  @Test
  void aPlanShowsWhatApplyingDoesAndApplyingDoesIt() {
    ObjectNode first = set("a.yaml", job("plan-a", 1), "b.yaml", job("plan-b", 1));
    JsonNode plan = plan("one", first).is(200).json();
    assertThat(actions(plan)).containsExactly("create plan-a", "create plan-b");
    assertThat(plan.path("changes").asInt()).isEqualTo(2);
    assertThat(item(plan, "plan-a").path("unified").asText())
        .startsWith("--- /dev/null\n+++ a.yaml\n");
    assertThat(nodes.get(node, "/api/v1/jobs/plan-a").status())
        .as("nothing is made")
        .isEqualTo(404);
    JsonNode done = apply("one", first).is(200).json();
    assertThat(done.path("create").asInt()).isEqualTo(2);
    JsonNode made = nodes.get(node, "/api/v1/jobs/plan-a").is(200).json();
    assertThat(made.path("source").asText()).isEqualTo("set:one");
    assertThat(made.path("triggers")).hasSize(1);
    assertThat(plan("one", first).json().path("changes").asInt()).isZero();

    ObjectNode second = set("a.yaml", job("plan-a", 2), "c.yaml", job("plan-c", 1));
    plan = plan("one", second).json();
    assertThat(actions(plan)).containsExactly("update plan-a", "create plan-c", "orphan plan-b");
    JsonNode update = item(plan, "plan-a");
    assertThat(update.path("version").asInt()).isEqualTo(1);
    assertThat(update.path("changes").path(0).path("path").asText()).isEqualTo("priority");
    assertThat(update.path("unified").asText()).contains("-priority: 1\n+priority: 2\n");
    assertThat(plan.path("changes").asInt()).as("an orphan is no change").isEqualTo(2);
    assertThat(actions(plan("one", second.put("prune", true)).json()))
        .containsExactly("update plan-a", "create plan-c", "delete plan-b");
    done = apply("one", second.put("reason", "release 7")).is(200).json();
    assertThat(done.path("update").asInt()).isEqualTo(1);
    assertThat(done.path("delete").asInt()).isEqualTo(1);
    assertThat(nodes.get(node, "/api/v1/jobs/plan-b").json().path("state").asText())
        .isEqualTo("ARCHIVED");
    assertThat(
            nodes.texts(
                "select count(*)::text from trigger t join job j on j.id = t.job where active"
                    + " and j.name = 'plan-b'"))
        .containsExactly("0");
    JsonNode version = nodes.get(node, "/api/v1/jobs/plan-a/versions/2").json();
    assertThat(version.path("source").asText()).isEqualTo("set:one");
    assertThat(version.path("reason").asText()).isEqualTo("release 7");
    assertThat(
            nodes.texts(
                "select moves from history where job = (select id from job where name ="
                    + " 'plan-b') order by seq"))
        .hasSize(2)
        .last()
        .asString()
        .contains("\"ARCHIVED\"", "release 7", "\"source\":\"set:one\"");
  }

  @Test
  void oneThatIsWrongStopsAllAndEveryProblemIsToldWithItsFile() {
    ObjectNode body =
        set(
            "good.yaml",
            job("whole-good", 1),
            "sub/bad.yaml",
            "id: whole-bad\nprority: 3\nstages: [{id: a, run: h}]",
            "worse.json",
            "{\"id\": \"x\", \"stages\": [{\"id\": \"a\"}]}",
            "good2.yaml",
            job("whole-good", 2));
    for (Nodes.Answer answer : List.of(plan("whole", body), apply("whole", body))) {
      answer.is(422);
      List<String> problems = new ArrayList<>();
      answer
          .json()
          .path("problems")
          .forEach(
              p ->
                  problems.add(
                      p.path("source").asText()
                          + ":"
                          + p.path("line")
                          + ":"
                          + p.path("column")
                          + ": "
                          + p.path("message").asText()));
      assertThat(problems)
          .containsExactly(
              "sub/bad.yaml:2:1: unknown key, did you mean 'priority'?",
              "worse.json:1:24: `run` is missing",
              "good2.yaml:0:0: job 'whole-good' of namespace 'default' is defined by good.yaml"
                  + " already");
      assertThat(answer.detail()).contains("3 of the files have problems; nothing was changed");
    }
    assertThat(nodes.get(node, "/api/v1/jobs/whole-good").status()).isEqualTo(404);
  }

  @Test
  void jobsOfOthersAreNamedAndStopAll() {
    nodes.yaml(node, "/api/v1/jobs", job("foreign-api", 1)).is(201);
    apply("theirs", set("t.yaml", job("foreign-set", 1))).is(200);
    ObjectNode mine =
        set(
            "own.yaml", job("foreign-own", 1),
            "api.yaml", job("foreign-api", 2),
            "set.yaml", job("foreign-set", 2));
    JsonNode plan = plan("mine", mine).is(200).json();
    assertThat(actions(plan))
        .containsExactly("create foreign-own", "conflict foreign-api", "conflict foreign-set");
    assertThat(item(plan, "foreign-set").path("detail").asText())
        .isEqualTo("job 'foreign-set' is defined by the set 'theirs'");
    Nodes.Answer refused = apply("mine", mine).is(409);
    assertThat(refused.json().path("problems")).hasSize(2);
    assertThat(refused.detail())
        .contains(
            "2 of the set's jobs cannot be applied; nothing was changed",
            "job 'foreign-api' was defined through the API; apply with --adopt to take it over",
            "api.yaml",
            "set.yaml");
    assertThat(nodes.get(node, "/api/v1/jobs/foreign-own").status()).isEqualTo(404);

    ObjectNode adopting =
        set("own.yaml", job("foreign-own", 1), "api.yaml", job("foreign-api", 1))
            .put("adopt", true);
    plan = plan("mine", adopting).json();
    assertThat(item(plan, "foreign-api").path("adopts").asBoolean()).isTrue();
    assertThat(actions(plan)).containsExactly("create foreign-own", "update foreign-api");
    apply("mine", adopting).is(200);
    JsonNode adopted = nodes.get(node, "/api/v1/jobs/foreign-api").json();
    assertThat(adopted.path("source").asText()).isEqualTo("set:mine");
    assertThat(adopted.path("version").asInt())
        .as("whoever takes it over says so with a version")
        .isEqualTo(2);
    ObjectNode pruning = set("own.yaml", job("foreign-own", 1)).put("prune", true);
    assertThat(actions(plan("mine", pruning).json()))
        .containsExactly("unchanged foreign-own", "delete foreign-api");
    apply("mine", pruning).is(200);
    assertThat(nodes.get(node, "/api/v1/jobs/foreign-set").json().path("state").asText())
        .as("never a job of another set")
        .isEqualTo("SCHEDULED");
  }

  @Test
  void whoChangedAJobSinceTheSetWasAppliedIsTold() {
    ObjectNode files = set("d.yaml", job("drifts", 1), "e.yaml", job("stays", 1));
    apply("drift", files).is(200);
    Nodes.Answer changed =
        nodes.yaml(node, "/api/v1/jobs?reason=by%20hand", job("drifts", 9)).is(200);
    assertThat(changed.json().path("note").asText())
        .isEqualTo(
            "the job belongs to the set 'drift', whose next apply puts back what its files say");
    assertThat(changed.json().path("source").asText()).isEqualTo("set:drift");
    JsonNode plan = plan("drift", files).is(200).json();
    assertThat(actions(plan)).containsExactly("update drifts", "unchanged stays");
    JsonNode drift = item(plan, "drifts").path("drift");
    assertThat(drift.path("version").asInt()).isEqualTo(2);
    assertThat(drift.path("since").asInt()).isEqualTo(1);
    assertThat(drift.path("actor").asText()).isEqualTo("api:127.0.0.1");
    assertThat(drift.path("source").asText()).isEqualTo("api");
    assertThat(drift.path("reason").asText()).isEqualTo("by hand");
    assertThat(drift.path("at").asText()).endsWith("Z");
    assertThat(item(plan, "stays").path("drift").isNull()).isTrue();
    JsonNode shown = nodes.get(node, "/api/v1/sets/drift").is(200).json();
    assertThat(shown.path("jobs")).hasSize(2);
    assertThat(shown.path("jobs").path(0).path("drift").path("version").asInt()).isEqualTo(2);
    assertThat(nodes.get(node, "/api/v1/sets?limit=500").json().findValuesAsText("set"))
        .contains("drift");

    nodes.post(node, "/api/v1/jobs/drifts/rollback", "{\"version\":1}").is(200);
    plan = plan("drift", files).json();
    assertThat(actions(plan)).containsExactly("unchanged drifts", "unchanged stays");
    assertThat(item(plan, "drifts").path("drift").isNull()).as("it is as it was").isTrue();
    nodes.yaml(node, "/api/v1/jobs", job("drifts", 8)).is(200);
    apply("drift", files).is(200);
    JsonNode back = nodes.get(node, "/api/v1/jobs/drifts").json();
    assertThat(back.path("definition").path("priority").asInt()).isEqualTo(1);
    assertThat(plan("drift", files).json().path("changes").asInt()).isZero();

    nodes.delete(node, "/api/v1/jobs/stays").is(200);
    plan = plan("drift", files).json();
    assertThat(actions(plan)).containsExactly("unchanged drifts", "create stays");
    assertThat(item(plan, "stays").path("archivedAt").asText()).endsWith("Z");
    nodes.get(node, "/api/v1/sets/nobody").is(404);
  }

  @Test
  void anApplyHoldsOnlyWhileItsPlanDoes() {
    ObjectNode files = set("f.yaml", job("expects", 1));
    apply("expect", files).is(200);
    ObjectNode next = set("f.yaml", job("expects", 2));
    String basis = plan("expect", next).json().path("basis").asText();
    nodes.yaml(node, "/api/v1/jobs", job("expects", 5)).is(200);
    assertThat(apply("expect", next.put("expect", basis)).is(409).detail())
        .contains("what the plan was made of has changed since; nothing was applied");
    basis = plan("expect", next).json().path("basis").asText();
    apply("expect", next.put("expect", basis)).is(200);
  }

  @Test
  void whatMakesNoSenseIsRefused() {
    assertThat(apply("prune", set().put("prune", true)).is(400).detail()).contains("without files");
    nodes.post(node, "/api/v1/sets/x%20y/plan", set("a.yaml", job("x", 1)).toString()).is(400);
    nodes.post(node, "/api/v1/sets/x/plan", "{\"files\":[{\"name\":\"a\"}]}").is(400);
    nodes.post(node, "/api/v1/sets/x/plan", "{\"files\":{}}").is(400);
    nodes.post(node, "/api/v1/sets/x/plan", "{\"prune\":1,\"files\":[]}").is(400);
  }

  /** What is applied is what was read, digit by digit; else it would be changed for ever. */
  @Test
  void numbersAreKeptAsTheyAreWritten() {
    ObjectNode files =
        set(
            "x.yaml",
            "id: exact\nmetadata: {a: 1.50}\nstages:\n- {id: a, run: h, with: {b: 0.12345678901234567890,"
                + " c: 123456789012345678901234567890, d: 1e3, e: -0.0}}\n");
    apply("exact", files).is(200);
    assertThat(plan("exact", files).json().path("changes").asInt()).isZero();
    Nodes.Answer shown = nodes.get(node, "/api/v1/jobs/exact").is(200);
    assertThat(shown.text())
        .contains("\"a\":1.50", "0.12345678901234567890", "123456789012345678901234567890");
    String definition = shown.text().replaceAll(".*\"definition\":(\\{.*\\}),\"written\".*", "$1");
    JsonNode again = nodes.post(node, "/api/v1/jobs", definition).is(200).json();
    assertThat(again.path("changed").asBoolean()).isFalse();
  }

  @Test
  void aSetGoesIntoTheNamespaceAsked() {
    ObjectNode files =
        set("n.yaml", job("spaced", 1), "m.yaml", "namespace: own\n" + job("spaced", 2));
    nodes.post(node, "/api/v1/sets/spaces/apply?namespace=team", files.toString()).is(200);
    nodes.get(node, "/api/v1/jobs/spaced?namespace=team").is(200);
    nodes.get(node, "/api/v1/jobs/spaced?namespace=own").is(200);
    nodes.get(node, "/api/v1/jobs/spaced").is(404);
  }

  /** The number of statements does not grow with the set; how long it takes is told, not judged. */
  @Test
  void aThousandJobsAreAppliedInOneGo() {
    String job =
        """
        id: mass-%04d
        description: One of a thousand
        priority: %d
        params: {day: {type: string, default: today}}
        triggers: [{cron: "%d 3 * * *", timezone: Europe/London}]
        retry: {max-attempts: 3}
        stages:
          - {id: fetch, run: http, with: {url: "https://example.org/${{ params.day }}"}}
          - {id: store, run: command, needs: [fetch], with: {shell: cat}, if: stages.fetch.output.n > %d}
        """;
    for (int priority : new int[] {1, 2}) {
      String[] files = new String[2_000];
      for (int i = 0; i < 1_000; i++) {
        files[2 * i] = "mass/" + i + ".yaml";
        files[2 * i + 1] = job.formatted(i, priority, i % 60, i % 100);
      }
      ObjectNode body = set(files);
      long atNanos = System.nanoTime();
      JsonNode plan = plan("mass", body).is(200).json();
      long plannedNanos = System.nanoTime();
      assertThat(plan.path("changes").asInt()).isEqualTo(1_000);
      JsonNode done = apply("mass", body).is(200).json();
      long appliedNanos = System.nanoTime();
      assertThat(done.path(priority == 1 ? "create" : "update").asInt()).isEqualTo(1_000);
      log.warn(
          "a set of 1,000 jobs, {}: planned in {} ms, applied in {} ms",
          priority == 1 ? "all new" : "all changed",
          TimeUnit.NANOSECONDS.toMillis(plannedNanos - atNanos),
          TimeUnit.NANOSECONDS.toMillis(appliedNanos - plannedNanos));
    }
    assertThat(
            nodes.texts(
                "select count(*)::text from job j join job_version v on v.job = j.id and v.version = 2"
                    + " join trigger t on t.job = j.id and t.active and t.next_at > now()"
                    + " where j.source = 'set:mass'"))
        .containsExactly("1000");
    JsonNode none =
        apply("mass", set("mass/0.yaml", job.formatted(0, 2, 0, 0)).put("prune", true)).json();
    assertThat(none.path("delete").asInt()).isEqualTo(999);
  }
}
