package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.settings.EngineSettings;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Runs for past ticks, made by a real leader within the limits of each backfill. */
class BackfillTest {
  private static final Instant START = Instant.parse("2024-03-15T05:00:30Z");
  private static final String RANGE =
      "\"from\":\"2024-03-13T00:00:00Z\",\"to\":\"2024-03-13T10:00:00Z\"";

  private LeaderApi api;

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
    api.at.at(START.toString());
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  private void apply(String rules) {
    String yaml = "id: job\n" + rules + "\nstages: [{id: a, run: noop}]\n";
    LeaderApi.Answer answer = api.send("POST", "/api/v1/jobs", "application/yaml", yaml);
    assertThat(answer.status()).as(answer.text()).isIn(200, 201);
  }

  private JsonNode ask(String path, String body, int status) {
    LeaderApi.Answer answer = api.post("/api/v1" + path, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
    return answer.json();
  }

  private String begun(String more) {
    return ask("/jobs/job/backfill", "{" + RANGE + more + "}", 201).path("id").asText();
  }

  private JsonNode get(String path) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  private List<Claim> queued() {
    return api.at
        .database
        .api()
        .withHandle(
            handle ->
                handle
                    .createQuery(
                        "select run, name, attempt from stage where state = 'QUEUED' order by run")
                    .map(
                        (row, context) ->
                            new Claim(new RunId(row.getLong(1)), row.getString(2), row.getInt(3)))
                    .list());
  }

  private void work(int count) throws Exception {
    api.at.complete(queued().subList(0, count), "{}");
    api.at.passes();
  }

  private int open() {
    return api.at.count(
        "select count(*) from run where trigger_kind = 'backfill' and finished_at is null");
  }

  private List<String> ticks() {
    return api.at.texts(
        """
        select to_char(scheduled_for at time zone 'UTC', 'DD"T"HH24:MI') from run where trigger_kind = 'backfill'
        order by id
        """);
  }

  private void assertEachOnce() {
    List<String> wanted = new ArrayList<>();
    for (int hour = 0; hour < 10; hour++) {
      wanted.add("13T0" + hour + ":00");
    }
    assertThat(ticks()).containsExactlyElementsOf(wanted);
  }

  @Test
  void ticksAreRunInTheirOrderSoManyAtATime() throws Exception {
    apply("triggers: [{cron: '0 * * * *'}]");
    JsonNode preview = ask("/jobs/job/backfill?dryRun=true", "{" + RANGE + "}", 200);
    assertThat(preview.path("runs").asInt()).isEqualTo(10);
    assertThat(preview.path("first").path(0).asText()).isEqualTo("2024-03-13T00:00:00Z");
    assertThat(preview.path("last").path(4).asText()).isEqualTo("2024-03-13T09:00:00Z");
    assertThat(api.at.count("select count(*) from backfill")).as("nothing is written").isZero();

    String id = begun(",\"maxParallel\":3,\"reason\":\"late data\"");
    api.at.passes();
    assertThat(open()).isEqualTo(3);
    for (int left = 10; left > 0; left--) {
      assertThat(open()).isEqualTo(Math.min(3, left));
      assertThat(get("/backfills/" + id).path("state").asText()).isEqualTo("RUNNING");
      work(1);
    }
    JsonNode done = get("/backfills/" + id);
    assertThat(done.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(done.path("runs").toString()).isEqualTo("{\"COMPLETED\":10}");
    assertThat(List.of(done.path("total").asInt(), done.path("made").asInt())).containsOnly(10);
    assertThat(done.path("nextTick").isNull()).isTrue();
    assertEachOnce();
    assertThat(get("/backfills/" + id + "/runs?limit=3").path("items")).hasSize(3);
    assertThat(api.at.texts("select distinct reason from run"))
        .containsExactly("backfill " + id + ": late data");
    assertThat(api.at.count("select count(*) from tick")).as("the ledger stays as it is").isZero();
  }

  @Test
  void aRateIsKept() throws Exception {
    apply("triggers: [{cron: '0 * * * *'}]");
    begun(",\"maxParallel\":10,\"rate\":\"2/h\"");
    api.at.passes();
    assertThat(open()).isEqualTo(1);
    for (int minute = 1; minute <= 150; minute++) {
      api.at.at(START.plusSeconds(60L * minute).toString());
      api.at.passes();
      if (minute % 30 > 2 && minute % 30 < 28) {
        assertThat(open()).as("after %s minutes", minute).isEqualTo(1 + minute / 30);
      }
    }
  }

  @Test
  void aPauseStopsAtATickAndAResumeGoesOnThere() throws Exception {
    apply("triggers: [{cron: '0 * * * *'}]");
    String id = begun(",\"maxParallel\":2");
    work(1);
    JsonNode paused = ask("/backfills/" + id + "/pause", "{\"reason\":\"too much\"}", 200);
    assertThat(paused.path("state").asText()).isEqualTo("PAUSED");
    assertThat(paused.path("movedReason").asText()).isEqualTo("too much");
    assertThat(paused.path("nextTick").asText()).startsWith("2024-03-13T02:00:00");
    work(2);
    assertThat(open()).as("nothing new").isZero();
    api.at.newTurn();
    api.at.passes();
    assertThat(open()).as("nor by another leader").isZero();
    ask("/backfills/" + id + "/resume", "{}", 200);
    api.at.passes();
    assertThat(ticks()).hasSize(5).endsWith("13T03:00", "13T04:00");
    ask("/backfills/" + id + "/cancel", "{}", 200);
    work(2);
    assertThat(open()).isZero();
    assertThat(ask("/backfills/" + id + "/resume", "{}", 409).path("detail").asText())
        .endsWith("is CANCELLED");
    assertThat(ticks()).hasSize(5);
  }

  /** Leaders come and go, and commits fail, at any place; each tick still has one run. */
  @ParameterizedTest
  @ValueSource(longs = {1, 2, 3, 4})
  void noFailoverLosesOrDoublesATick(long seed) throws Exception {
    Random random = new Random(seed);
    apply("triggers: [{cron: '0 * * * *'}]");
    String id = begun(",\"maxParallel\":3");
    failSomeCommits();
    for (int i = 0;
        i < 400 && !get("/backfills/" + id).path("state").asText().equals("COMPLETED");
        i++) {
      switch (random.nextInt(4)) {
        case 0 -> api.at.newTurn();
        case 1 -> {
          List<Claim> claims = queued();
          if (!claims.isEmpty()) {
            api.at.complete(claims.subList(0, 1 + random.nextInt(claims.size())), "{}");
          }
        }
        default -> passAsItGoes();
      }
      assertThat(open()).isLessThanOrEqualTo(3);
    }
    assertThat(get("/backfills/" + id).path("runs").toString()).isEqualTo("{\"COMPLETED\":10}");
    assertEachOnce();
    assertThat(api.at.count("select nextval('millrace.fails')::int")).isGreaterThan(3);
  }

  private void passAsItGoes() throws InterruptedException {
    try {
      api.at.pass();
    } catch (RuntimeException e) {
      assertThat(e).hasStackTraceContaining("a commit that fails for a test");
    }
  }

  /** Every other commit that makes runs of a backfill fails at its very end. */
  private void failSomeCommits() {
    api.at
        .database
        .api()
        .useHandle(
            handle -> {
              handle.execute("create sequence fails");
              handle.execute(
                  """
                  create function fail_some() returns trigger language plpgsql as $$
                  begin
                    if nextval('millrace.fails') % 2 = 1 then
                      raise exception 'a commit that fails for a test';
                    end if;
                    return null;
                  end $$
                  """);
              handle.execute(
                  """
                  create constraint trigger fail_some after update on backfill
                  deferrable initially deferred for each row execute function fail_some()
                  """);
            });
  }

  @Test
  void whatHasARunIsSkippedUnlessItIsToRunAgain() throws Exception {
    apply("triggers: [{cron: '0 * * * *'}]");
    for (int hour = 1; hour <= 3; hour++) {
      api.at.at(START.plusSeconds(3_600L * hour).toString());
      api.at.passes();
    }
    assertThat(api.at.count("select count(*) from tick where disposition = 'FIRED'")).isEqualTo(3);
    String range = "{\"from\":\"2024-03-15T00:00:00Z\",\"to\":\"2024-03-15T08:00:00Z\"%s}";
    JsonNode preview = ask("/jobs/job/backfill?dryRun=true", range.formatted(""), 200);
    assertThat(preview.path("ticks").asInt()).isEqualTo(8);
    assertThat(preview.path("ran").asInt()).as("06:00 and 07:00").isEqualTo(2);
    assertThat(preview.path("runs").asInt()).isEqualTo(6);
    String wide = ",\"maxParallel\":100";
    String id = ask("/jobs/job/backfill", range.formatted(wide), 201).path("id").asText();
    api.at.passes();
    work(queued().size());
    JsonNode done = get("/backfills/" + id);
    assertThat(done.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(List.of(done.path("made").asInt(), done.path("skipped").asInt()))
        .containsExactly(6, 2);

    String again = ask("/jobs/job/backfill", range.formatted(wide), 201).path("id").asText();
    api.at.passes();
    done = get("/backfills/" + again);
    assertThat(done.path("state").asText()).isEqualTo("COMPLETED");
    assertThat(List.of(done.path("made").asInt(), done.path("skipped").asInt()))
        .as("a repetition has nothing to do")
        .containsExactly(0, 8);
    String rerun =
        ask("/jobs/job/backfill", range.formatted(wide + ",\"rerun\":true"), 201)
            .path("id")
            .asText();
    api.at.passes();
    assertThat(get("/backfills/" + rerun).path("made").asInt()).isEqualTo(8);
    JsonNode ledger = get("/ticks?job=job").path("items");
    assertThat(ledger).hasSize(3);
    assertThat(ledger.path(1).path("disposition").asText()).isEqualTo("FIRED");
    assertThat(ledger.path(1).path("backfilled").isTextual()).isTrue();
    assertThat(ledger.path(0).path("backfilled").isNull()).as("08:00 is out").isTrue();
  }

  @Test
  void runsAreGivenParamsAndWaitBehindOthers() throws Exception {
    api.send(
        "POST",
        "/api/v1/jobs",
        "application/yaml",
        """
        id: job
        priority: 5
        params: {day: string, n: {type: integer, default: 1}}
        triggers: [{cron: '0 0 * * *', params: {day: '${{ run.scheduled_for }}'}}]
        stages: [{id: a, run: noop, for-each: '${{ range(2) }}'}]
        """);
    JsonNode refused = ask("/jobs/job/backfill", "{" + RANGE + ",\"params\":{\"m\":1}}", 422);
    assertThat(refused.path("detail").asText()).startsWith("params: ").contains("m");
    String id = begun(",\"params\":{\"n\":7}");
    api.at.passes();
    JsonNode run = get("/runs?job=job").path("items").path(0);
    assertThat(run.path("trigger").asText()).isEqualTo("backfill");
    assertThat(run.path("params").toString())
        .isEqualTo("{\"day\":\"2024-03-13T00:00:00Z\",\"n\":7}");
    assertThat(get("/backfills/" + id).path("params").toString()).isEqualTo("[\"n\"]");
    assertThat(api.at.texts("select distinct priority::text from stage")).containsExactly("0");
    api.at.newTurn();
    api.at.passes();
    work(2);
    assertThat(get("/backfills/" + id).path("state").asText()).isEqualTo("COMPLETED");
  }

  @Test
  void aJobWhoseRunsDoNotOverlapHasItsTurnFirst() throws Exception {
    apply("overlap: skip\ntriggers: [{cron: '0 * * * *'}]");
    ask("/jobs/job/runs", "{}", 201);
    begun(",\"maxParallel\":5");
    api.at.passes();
    assertThat(open()).as("another run is open").isZero();
    work(1);
    api.at.at(START.plusSeconds(2).toString());
    api.at.passes();
    assertThat(open()).as("one at a time").isEqualTo(1);
  }

  @Test
  void aPauseOfTheJobHoldsItAndAnArchivedJobEndsIt() throws Exception {
    apply("triggers: [{cron: '0 * * * *'}]");
    ask("/jobs/job/pause", "{}", 200);
    String id = begun("");
    api.at.passes();
    assertThat(open()).isZero();
    ask("/jobs/job/resume", "{}", 200);
    api.at.at(START.plusSeconds(2).toString());
    api.at.passes();
    assertThat(open()).isEqualTo(1);
    ask("/jobs/job/archive", "{}", 200);
    work(1);
    JsonNode over = get("/backfills/" + id);
    assertThat(over.path("state").asText()).isEqualTo("CANCELLED");
    assertThat(over.path("movedReason").asText()).isEqualTo("its job is archived");
    assertThat(ticks()).hasSize(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{cron: '0 * * * *'} | \"to\":\"8000-01-01T00:00:00Z\" | still to come",
        "{cron: '0 * * * *'} | \"to\":\"2024-03-12T00:00:00Z\" | not after 'from'",
        "{cron: '0 * * * *'} | \"to\":\"soon\" | 'to' is not an instant: 'soon'",
        "{cron: '0 * * * *'} | \"maxParallel\":0 | possible are 1 to 1000",
        "{cron: '0 * * * *'} | \"rate\":\"fast\" | 'rate' is 'fast'",
        "{cron: '0 * * * *'} | \"priority\":10 | possible are 0 to 9",
        "{cron: '0 * * * *'} | \"trigger\":\"999\" | has no trigger 999",
        "{cron: '0 * * * *'} | \"trigger\":\"x\" | no id of one",
        "{cron: '0 0 1 1 *'} | \"rerun\":true | has no tick from",
        "{every: 1s} | \"to\":\"2024-03-15T00:00:00Z\" | more than 100000 ticks",
        "{every: 1h, mode: fixed-delay} | \"rerun\":true | no past ticks were planned",
        "{every: 1h}, {every: 2h} | \"rerun\":true | has 2 triggers by time",
        "~~ | \"rerun\":true | has no trigger by time",
      })
  void whatCannotBeIsRefusedWithItsRemedy(String triggers, String more, String why) {
    apply("triggers: [" + triggers + "]");
    String key = more.substring(0, more.indexOf(':') + 1);
    String range = RANGE.contains(key) ? RANGE.substring(0, RANGE.indexOf(",\"to\"")) : RANGE;
    String body = "{" + range + "," + more + "}";
    JsonNode problem = ask("/jobs/job/backfill", body, 422);
    assertThat(problem.path("detail").asText()).contains(why);
    assertThat(problem.path("remedy").asText()).isNotEmpty();
    assertThat(ask("/jobs/job/backfill?dryRun=true", body, 422).path("detail").asText())
        .contains(why);
    assertThat(api.at.count("select count(*) from backfill")).isZero();
  }
}
