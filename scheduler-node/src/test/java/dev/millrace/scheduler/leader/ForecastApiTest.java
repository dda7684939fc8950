package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.settings.EngineSettings;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** What the API foresees is what a real leader then does, over a change of the clocks. */
class ForecastApiTest {
  private static final Instant START = Instant.parse("2027-03-14T05:00:30Z");
  private static final int MINUTES = 180;

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

  private void apply(String id, String rules) {
    String yaml = "id: %s\n%s\nstages: [{id: work, run: noop}]\n".formatted(id, rules);
    LeaderApi.Answer answer = api.send("POST", "/api/v1/jobs", "application/yaml", yaml);
    assertThat(answer.status()).as(answer.text()).isEqualTo(201);
  }

  private JsonNode get(String path) throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1" + path);
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    return answer.json();
  }

  private List<String> foreseen(String range) throws Exception {
    List<String> all = new ArrayList<>();
    String after = "";
    while (after != null) {
      JsonNode page = get("/schedule?limit=13" + range + after);
      for (JsonNode item : page.path("items")) {
        all.add(
            item.path("job").asText()
                + " "
                + item.path("plannedAt").asText()
                + " "
                + item.path("disposition").asText());
      }
      JsonNode next = page.path("next");
      after = next.isNull() ? null : "&after=" + next.asText();
    }
    return all;
  }

  @Test
  void whatIsForeseenComes() throws Exception {
    String zone = "timezone: America/New_York";
    apply("gap", "triggers: [{cron: '30 2 * * *', " + zone + "}]");
    apply("often", "triggers: [{cron: '*/20 * * * *', " + zone + ", dst: {gap: before}}]");
    apply("spread", "triggers: [{every: 7m, jitter: 30s}]");
    apply("lunch", "triggers: [{cron: '*/15 * * * *', except: [{cron: '* 6 * * *'}]}]");
    apply("rests", "triggers: [{every: 5m}]");
    apply(
        "plan",
        "window: {start: '0,30 * * * *', length: 10m, blackout: [{cron: '0 7 * * *', length:"
            + " 40m}]}");
    assertThat(api.post("/api/v1/jobs/rests/pause", "{}").status()).isEqualTo(200);
    Instant end = START.plusSeconds(60L * MINUTES);
    String range = "&from=" + START + "&to=" + end;
    List<String> foreseen = foreseen(range);
    assertThat(foreseen)
        .contains(
            "gap 2027-03-14T07:00:00Z FIRED",
            "often 2027-03-14T06:59:59Z FIRED",
            "often 2027-03-14T06:59:59.999999Z COALESCED",
            "lunch 2027-03-14T06:15:00Z SKIPPED_CALENDAR",
            "rests 2027-03-14T06:15:00Z SKIPPED_PAUSED",
            "plan 2027-03-14T07:30:00Z SKIPPED_WINDOW",
            "plan 2027-03-14T06:30:00Z FIRED");
    JsonNode load = get("/schedule/load?" + range.substring(1));
    long fired = foreseen.stream().filter(each -> each.endsWith(" FIRED")).count();
    assertThat(load.path("ticks").asLong()).isEqualTo(fired);
    assertThat(load.path("collisions").path(0).path("names").size()).isGreaterThan(1);

    for (Instant now = START; now.isBefore(end); now = now.plusSeconds(1)) {
      if (now.getEpochSecond() % 30 == 0 || now.getEpochSecond() % 60 == 59) {
        api.at.at(now.toString());
        api.at.passes();
      }
    }
    api.at.at(end.minusSeconds(1).toString());
    api.at.passes();
    List<String> ledger =
        api.at.texts(
            """
            select j.name || ' ' || to_char(t.planned_at at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US')
              || ' ' || t.disposition
            from tick t join trigger g on g.id = t.trigger join job j on j.id = g.job
            """);
    List<String> came =
        ledger.stream()
            .map(each -> each.replaceFirst("\\.000000 ", "Z ").replaceFirst("(\\.\\d{6}) ", "$1Z "))
            .toList();
    assertThat(came).containsExactlyInAnyOrderElementsOf(foreseen);
  }

  @Test
  void aPauseOfTheNamespaceIsForeseen() throws Exception {
    apply("hourly", "triggers: [{every: 1h}]");
    String range = "/schedule?from=" + START + "&to=" + START.plusSeconds(7_200);
    assertThat(get(range).path("items").findValuesAsText("disposition"))
        .containsOnly("FIRED")
        .hasSize(2);
    api.post("/api/v1/pauses", "{\"scope\":\"namespace\",\"name\":\"default\"}");
    JsonNode items = get(range).path("items");
    assertThat(items.findValuesAsText("disposition")).containsOnly("SKIPPED_PAUSED").hasSize(2);
    assertThat(items.path(0).path("why").asText()).contains("everything is paused");
    assertThat(get(range.replace("?", "?namespace=*&")).path("items")).hasSize(2);
    assertThat(get(range.replace("?", "?namespace=other&")).path("items")).isEmpty();
  }
}
