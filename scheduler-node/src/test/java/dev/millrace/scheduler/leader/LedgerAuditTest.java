package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.scheduler.sweep.TickAuditSweep;
import dev.millrace.settings.EngineSettings;
import java.time.Instant;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** The ledger that a real leader writes has every tick, and an audit sees when one is gone. */
class LedgerAuditTest {
  private static final Instant START = Instant.parse("2027-03-14T05:00:30Z");

  private LeaderApi api;
  private TickAuditSweep sweep;

  @BeforeEach
  void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
    api.at.at(START.toString());
    sweep = new TickAuditSweep(api.at.database.leader(), api.at.metrics);
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
  }

  private void ask(String path, String body, int status) {
    LeaderApi.Answer answer = api.post("/api/v1" + path, body);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
  }

  private void apply(String triggers, int status) {
    String yaml = "id: job\ntriggers: [" + triggers + "]\nstages: [{id: a, run: noop}]\n";
    LeaderApi.Answer answer = api.send("POST", "/api/v1/jobs", "application/yaml", yaml);
    assertThat(answer.status()).as(answer.text()).isEqualTo(status);
  }

  private void pass(int minutes) throws Exception {
    api.at.at(START.plusSeconds(60L * minutes).toString());
    api.at.passes();
  }

  private JsonNode audit() throws Exception {
    LeaderApi.Answer answer = api.get("/api/v1/ticks/audit?limit=500");
    assertThat(answer.status()).as(answer.text()).isEqualTo(200);
    assertThat(answer.json().path("next").isNull()).isTrue();
    return answer.json();
  }

  private void execute(String sql) {
    api.at.database.api().useHandle(handle -> handle.execute(sql));
  }

  /** Outages, pauses, stops and new versions are all accounted for. */
  @Test
  void theLedgerIsComplete() throws Exception {
    apply("{cron: '*/10 * * * *', timezone: America/New_York}, {every: 7m, jitter: 1m}", 201);
    for (int minute = 1; minute < 30; minute++) {
      pass(minute);
    }
    pass(100); // nobody led
    ask("/jobs/job/pause", "{}", 200);
    pass(150);
    ask("/jobs/job/resume", "{}", 200);
    pass(170);
    ask("/jobs/job/stop", "{}", 200);
    pass(300);
    ask("/jobs/job/resume", "{}", 200);
    pass(320);
    apply("{cron: '*/10 * * * *', timezone: America/New_York}", 200);
    pass(360);
    JsonNode sound = audit();
    assertThat(sound.path("planned").asInt())
        .isEqualTo(sound.path("accounted").asInt())
        .isEqualTo(api.at.count("select sum(ticks)::int from tick"))
        .isGreaterThan(50);
    assertThat(sound.path("unaccounted").asInt()).isZero();
    assertThat(sound.path("items")).as("armed, stopped, armed again").hasSize(4);
    sweep.runOnce();
    assertThat(sweep.unaccounted()).isZero();
    assertThat(api.at.metrics.counter("millrace.ticks.audited").count())
        .isEqualTo(sound.path("planned").asInt());
    sweep.runOnce();
    assertThat(api.at.count("select count(*) from trigger_span where checked_at = from_at"))
        .isZero();
  }

  @Test
  void aRowThatIsGoneIsNamedUntilItIsBack() throws Exception {
    apply("{cron: '*/10 * * * *'}", 201);
    for (int minute = 5; minute <= 65; minute += 5) {
      pass(minute);
    }
    String gone = "planned_at = '2027-03-14T05:30:00Z'";
    execute("create table gone as select * from tick where " + gone);
    execute("delete from tick where " + gone);
    JsonNode found = audit();
    assertThat(found.path("unaccounted").asInt()).isEqualTo(1);
    assertThat(found.path("items").path(0).path("gaps").toString())
        .isEqualTo(
            "[{\"kind\":\"MISSING\",\"from\":\"2027-03-14T05:30:00Z\","
                + "\"until\":\"2027-03-14T05:30:00Z\",\"ticks\":1}]");
    sweep.runOnce();
    assertThat(sweep.unaccounted()).isEqualTo(1);
    pass(100);
    new TickAuditSweep(api.at.database.leader(), api.at.metrics).runOnce();
    sweep.runOnce();
    assertThat(sweep.unaccounted()).as("it is looked at again").isEqualTo(1);
    execute("insert into tick select * from gone");
    sweep.runOnce();
    assertThat(sweep.unaccounted()).isZero();
    assertThat(audit().path("unaccounted").asInt()).isZero();
  }
}
