package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.model.RunId;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** How the API shows what is special about the runs of plans. */
class PlanViewsTest {
  private static final String PLAN =
      """
      id: plan
      window:
        start: "@daily"
        length: 1h
        blackout: [{from: 2020-01-01T00:00:00Z, until: 2199-01-01T00:00:00Z}]
      stages: [{id: a, run: noop}, {id: b, run: noop}]
      """;

  private static TestDatabase database;
  private static ApiFixture api;
  private static RunId run;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    run = api.rows.run(api.rows.job(PLAN), Rows.definition(PLAN), "{}");
    api.rows.execute(
        "update run set state = 'PAUSED', pauses = 32, paused_at = now(), ends_at = '2199-01-01Z'"
            + " where id = "
            + run.value());
    api.rows.stage(run, "a", "marks = 16");
    api.rows.stage(run, "b", "marks = 32");
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  @Test
  void aRunTellsThatABlackoutPausesItAndUntilWhen() throws Exception {
    JsonNode shown = api.get("/api/v1/runs/" + run).json();
    assertThat(shown.path("pausedBy").toString()).isEqualTo("[\"blackout\"]");
    assertThat(shown.path("endsAt").asText()).isEqualTo("2199-01-01T00:00:00Z");
    JsonNode why = api.get("/api/v1/runs/" + run + "/why").json().path("items").get(0);
    assertThat(why.path("reason").asText()).isEqualTo("BLACKOUT");
    assertThat(why.path("until").asText()).isEqualTo("2199-01-01T00:00:00Z");
  }

  @Test
  void aStageTellsThatItWasTooQuickOrTooSlow() throws Exception {
    JsonNode stages = api.get("/api/v1/runs/" + run).json().path("stages");
    assertThat(stages.get(0).path("marks").toString()).isEqualTo("[\"tooShort\"]");
    assertThat(stages.get(1).path("marks").toString()).isEqualTo("[\"tooLong\"]");
  }
}
