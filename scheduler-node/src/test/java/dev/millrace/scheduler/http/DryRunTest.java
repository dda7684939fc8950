package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.CronSchedule;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.time.Instant;
import java.time.ZoneOffset;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What would happen is told, and nothing happens: there is not even a leader. */
class DryRunTest {
  private static TestDatabase database;
  private static ApiFixture api;
  private String before;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  @BeforeEach
  void count() {
    api.rows.execute("truncate seat, pause, named_lock, worker, pool");
    before = counts();
  }

  @AfterEach
  void nothingIsWritten() {
    assertThat(counts()).isEqualTo(before);
  }

  private static String counts() {
    return api.jdbi.withHandle(
        handle ->
            handle
                .createQuery(
                    """
                    select (select count(*) from run) || ' ' || (select count(*) from stage) || ' '
                      || (select count(*) from inbox) || ' ' || (select count(*) from outcome) || ' '
                      || (select count(*) from transition_batch)
                    """)
                .mapTo(String.class)
                .one());
  }

  private static JsonNode dry(String job, String params) throws Exception {
    var answer =
        api.post("/api/v1/jobs/" + job + "/runs?dryRun=true", "{\"params\":" + params + "}");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  private static List<String> texts(JsonNode items, String... fields) {
    List<String> texts = new ArrayList<>();
    for (JsonNode item : items) {
      List<String> cells = new ArrayList<>();
      for (String field : fields) {
        cells.add(item.path(field).asText());
      }
      texts.add(String.join(" ", cells));
    }
    return texts;
  }

  @Test
  void everyParameterSaysWhereItCameFrom() throws Exception {
    api.rows.job(
        """
        id: params
        params:
          who: {default: world}
          pages: {type: integer, default: 3}
          label: {default: "${{ params.who }} ${{ run.trigger }}"}
          key: {type: string, secret: true, default: s3}
          note: string
        concurrency: {key: "${{ params.label }}"}
        stages: [{id: a, run: noop}]
        """);
    JsonNode dry = dry("params", "{\"pages\":7}");
    assertThat(texts(dry.path("params"), "name", "value", "from"))
        .containsExactly(
            "who world default",
            "pages 7 given",
            "label world manual expression",
            "key *** default",
            "note null nothing");
    assertThat(dry.path("key").asText()).isEqualTo("world manual");
    assertThat(dry.path("version").asInt()).isEqualTo(1);
    assertThat(dry.path("window").isNull()).isTrue();
    assertThat(dry.path("admission").path("outcome").asText()).isEqualTo("STARTS");
  }

  @Test
  void wrongParametersAreRefusedAsByAStart() throws Exception {
    api.rows.job(
        """
        id: strict
        params:
          site: {type: string, required: true}
          list: array
          depth: {type: integer, default: "${{ size(params.list) }}"}
        stages: [{id: a, run: noop}]
        """);
    String path = "/api/v1/jobs/strict/runs?dryRun=true";
    var missing = api.post(path, "{\"params\":{\"sit\":\"x\"}}");
    assertThat(missing.status()).isEqualTo(422);
    assertThat(missing.json().path("detail").asText())
        .contains("site: is required", "no such parameter, did you mean 'site'?");
    var unset = api.post(path, "{\"params\":{\"site\":\"x\"}}");
    assertThat(unset.status()).isEqualTo(422);
    assertThat(unset.json().path("detail").asText())
        .contains("the default of depth", "params.list was not given");
    assertThat(unset.json().path("remedy").asText()).isNotEmpty();
    assertThat(api.post("/api/v1/jobs/none/runs?dryRun=true", "{}").status()).isEqualTo(404);
    assertThat(api.post("/api/v1/jobs/strict/runs?dryRun=maybe", "{}").status()).isEqualTo(400);
    assertThat(api.post(path, "{\"parms\":{}}").status()).isEqualTo(400);
  }

  @Test
  void stagesStandInTheirOrderWithWhatIsKnownOfThem() throws Exception {
    api.rows.job(
        """
        id: graph
        params: {full: {type: boolean, default: false}, urls: {type: array, default: [a, b, c]}}
        stages:
          - {id: z, run: noop}
          - {id: b, run: noop, needs: [z], if: params.full}
          - {id: a, run: noop, needs: [z], if: "stages.z.output.n > 1"}
          - {id: each, run: noop, needs: [z], for-each: "${{ params.urls }}", with: {u: "${{ item }}"}}
          - id: g
            run: group
            needs: [b]
            if: "!params.full"
            params: {urls: "${{ stages.z.output }}"}
            stages:
              - {id: in, run: noop, if: size(params.urls) > 0}
          - {id: last, run: noop, needs: [g, {stage: a, is: failed}]}
          - {id: broken, run: noop, with: {v: "${{ params.urls[7] }}"}}
        on-failure: [{id: tell, run: noop}]
        finally: [{id: tidy, run: noop}]
        """);
    JsonNode stages = dry("graph", "{}").path("stages");
    assertThat(texts(stages, "id", "executes"))
        .containsExactly(
            "broken YES",
            "z YES",
            "a DEPENDS",
            "b NO",
            "each YES",
            "g YES",
            "g.in DEPENDS",
            "last DEPENDS",
            "tell DEPENDS",
            "tidy YES");
    assertThat(find(stages, "b").path("if").toString())
        .isEqualTo(
            "{\"expression\":\"params.full\",\"value\":false,\"waitsFor\":[],\"problem\":null}");
    assertThat(find(stages, "a").path("if").path("waitsFor").toString()).isEqualTo("[\"z\"]");
    assertThat(find(stages, "a").path("if").path("value").isNull()).isTrue();
    assertThat(find(stages, "each").path("forEach").path("items").asInt()).isEqualTo(3);
    assertThat(find(stages, "g.in").path("if").path("waitsFor").toString())
        .as("by way of what its group gives it")
        .isEqualTo("[\"z\"]");
    assertThat(find(stages, "broken").path("problem").asText()).startsWith("with: ");
    assertThat(find(stages, "z").path("problem").isNull()).isTrue();
    JsonNode full = dry("graph", "{\"full\":true}").path("stages");
    assertThat(find(full, "b").path("executes").asText()).isEqualTo("YES");
    assertThat(find(full, "g.in").path("executes").asText()).isEqualTo("NO");
  }

  private static JsonNode find(JsonNode stages, String id) {
    for (JsonNode stage : stages) {
      if (stage.path("id").asText().equals(id)) {
        return stage;
      }
    }
    throw new AssertionError("no stage " + id);
  }

  @Test
  void poolsSayWhoIsThere() throws Exception {
    api.rows.job(
        """
        id: pools
        stages:
          - {id: a, run: noop, pool: fast}
          - {id: b, run: mine, pool: fast}
          - {id: c, run: noop, pool: empty}
          - {id: d, run: noop, pool: never, if: "false"}
          - {id: e, run: wait.approval}
        """);
    api.rows.worker("w1", "fast", 4, "[\"noop\"]");
    api.rows.worker("w2", "fast", 2, "[\"noop\",\"command\"]");
    api.rows.worker("w3", "other", 2, "[\"mine\"]");
    api.rows.execute("update worker set draining = true where id = 'w2'");
    api.rows.execute("insert into pause values ('pool', 'empty', now(), 'me', null)");
    assertThat(dry("pools", "{}").path("pools").toString())
        .isEqualTo(
            "[{\"pool\":\"empty\",\"workers\":0,\"slots\":0,\"paused\":true,"
                + "\"handlersWithoutWorker\":[\"noop\"]},"
                + "{\"pool\":\"fast\",\"workers\":1,\"slots\":4,\"paused\":false,"
                + "\"handlersWithoutWorker\":[\"mine\"]}]");
  }

  @Test
  void whatIsInItsWayIsTold() throws Exception {
    String text =
        "id: %s\nlocks: [door]\noverlap: %s\nstages: [{id: a, run: noop, locks: [gpu]}]\n";
    long skip = api.rows.job(text.formatted("skipping", "skip"));
    long queue = api.rows.job(text.formatted("queueing", "{queue: 1}"));
    api.rows.job(text.formatted("free", "allow"));
    String other = new RunId(77).toString();
    seat("job:" + skip, true);
    seat("job:" + queue, true);
    seat("lock:default/door", true);
    api.rows.execute("insert into named_lock values ('default', 'gpu', 3)");
    assertThat(admission("skipping"))
        .isEqualTo("SKIPPED [overlap: run " + other + " is open, and the policy is skip]");
    assertThat(admission("queueing"))
        .isEqualTo(
            "WAITS [overlap: run "
                + other
                + " is open; it waits for its turn, lock 'door': run "
                + other
                + "]");
    seat("job:" + queue, false);
    assertThat(admission("queueing")).startsWith("SKIPPED [overlap: ").contains("1 wait already");
    JsonNode locks = dry("free", "{}").path("locks");
    assertThat(texts(locks, "name", "capacity", "taken", "waiting"))
        .containsExactly("door 1 1 0", "gpu 3 0 0");
    assertThat(locks.path(0).path("takenBy").toString()).isEqualTo("[\"" + other + "\"]");
    assertThat(locks.path(1).path("wantedBy").toString()).isEqualTo("[\"a\"]");
    api.rows.execute("insert into pause values ('all', '', now(), 'me', null)");
    assertThat(admission("free"))
        .isEqualTo("PAUSED [everything is paused by me, lock 'door': run " + other + "]");
    api.rows.execute("update job set state = 'PAUSED' where name = 'free'");
    assertThat(admission("free")).startsWith("REFUSED [job 'free' is PAUSED; it starts no runs");
  }

  private static void seat(String subject, boolean held) {
    api.rows.execute(
        "insert into seat values (?, ?, -1, 1, false, ?, ?, now())",
        subject,
        held ? 77L : 78L,
        held,
        held ? 1L : 2L);
  }

  private static String admission(String job) throws Exception {
    JsonNode admission = dry(job, "{}").path("admission");
    List<String> because = new ArrayList<>();
    admission.path("because").forEach(why -> because.add(why.asText()));
    return admission.path("outcome").asText() + " [" + String.join(", ", because) + "]";
  }

  @Test
  void aPlanTellsItsWindow() throws Exception {
    api.rows.job(
        """
        id: plan
        window:
          start: "* * * * *"
          length: 30s
          blackout: [{from: 2020-01-01T00:00:00Z, until: 2199-01-01T00:00:00Z}]
        stages: [{id: a, run: noop}]
        """);
    JsonNode window = dry("plan", "{}").path("window");
    assertThat(window.path("nextStart").asText()).endsWith(":00Z");
    assertThat(window.path("nextEnd").asText()).endsWith(":30Z");
    assertThat(window.path("blackout").asBoolean()).isTrue();
    assertThat(window.path("blackoutUntil").asText()).isEqualTo("2199-01-01T00:00:00Z");
    assertThat(window.path("openSince").isNull()).isEqualTo(window.path("openUntil").isNull());
  }

  @Test
  void aPlanTellsItsStartsAsTheirTriggerPlansThem() throws Exception {
    api.rows.job(
        """
        id: hashed
        window: {start: "H * * * *", length: 1h}
        stages: [{id: a, run: noop}]
        """);
    String minute = CronSchedule.parse("H * * * *", "default/hashed").resolved().split(" ")[0];
    JsonNode window = dry("hashed", "{}").path("window");
    assertThat(
            Instant.parse(window.path("nextStart").asText()).atOffset(ZoneOffset.UTC).getMinute())
        .isEqualTo(Integer.parseInt(minute));
    assertThat(window.path("openUntil").asText()).isEqualTo(window.path("nextStart").asText());
  }
}
