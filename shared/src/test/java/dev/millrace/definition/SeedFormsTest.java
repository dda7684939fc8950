package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.model.Backoff;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Need;
import dev.millrace.model.TriggerDefinition;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Optional;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The forms of other systems as their own documents write them, letter by letter. */
class SeedFormsTest {
  /** "A. Scheduling a Cron Job with Dependencies" of the scheduler service. */
  private static final String WEEKLY =
      """
      {
        "job": {
          "name": "Weekly Report",
          "metadata": {
            "scheduling": {
              "cron": "0 9 * * 1",
              "timezone": "America/New_York",
              "dependencies": ["job_id_data_refresh"],
              "retry_policy": {
                "max_attempts": 5,
                "backoff": "exponential"
              }
            }
          }
        }
      }
      """;

  /** Its "metadata pattern" of orchestration. */
  private static final String SERVICE_SPECIFIC =
      """
      {
        "metadata": {
          "service_specific": {
            "scheduler": {
              "pattern_id": "pattern_xyz"
            }
          }
        }
      }
      """;

  private static JobDefinition ok(String json) {
    var read = new DefinitionReader().read(json, "job.json");
    assertThat(read).as("%s", read).isInstanceOf(DefinitionReader.Result.Ok.class);
    return ((DefinitionReader.Result.Ok) read).job();
  }

  @Test
  void aJobWithATimeWaitsForItsDependencies() {
    JobDefinition job = ok(WEEKLY);
    assertThat(job.rules().requires().jobs())
        .isEqualTo(Need.completed(List.of("job_id_data_refresh")));
    assertThat(job.events()).isEmpty();
    assertThat(job.triggers()).hasSize(1);
  }

  @Test
  void theRestOfTheMetadataFormIsTakenAsItIs() {
    JobDefinition job = ok(WEEKLY.replace("\"dependencies\": [\"job_id_data_refresh\"],", ""));
    assertThat(job.id()).isEqualTo("weekly-report");
    assertThat(job.description()).isEqualTo("Weekly Report");
    TriggerDefinition.Cron cron = (TriggerDefinition.Cron) job.triggers().getFirst();
    assertThat(cron.expression()).isEqualTo("0 9 * * 1");
    assertThat(cron.zone()).isEqualTo(ZoneId.of("America/New_York"));
    assertThat(job.stages().getFirst().retry().maxAttempts()).isEqualTo(5);
    assertThat(job.stages().getFirst().retry().backoff()).isEqualTo(Backoff.EXPONENTIAL);
  }

  @ParameterizedTest
  @CsvSource({"max_attempts, 5, 5", "max_retries, 3, 4", "max-retries, 0, 1"})
  void retriesAndAttemptsAreToldApart(String key, int written, int executions) {
    String json =
        WEEKLY
            .replace("\"dependencies\": [\"job_id_data_refresh\"],", "")
            .replace("\"max_attempts\": 5", "\"" + key + "\": " + written);
    assertThat(ok(json).stages().getFirst().retry().maxAttempts()).isEqualTo(executions);
  }

  /** What nobody here knows is kept, through the canonical text and through the exported file. */
  @Test
  void unknownMetadataSurvivesEveryRoundTrip() {
    ObjectNode form = (ObjectNode) Json.parseTrusted(WEEKLY);
    ObjectNode metadata = (ObjectNode) form.at("/job/metadata");
    ((ObjectNode) metadata.get("scheduling")).remove("dependencies");
    metadata.set("features", Json.array().add("a").add("1.10").add(true));
    metadata.set(
        "custom_rules", Json.parseTrusted("{\"x\": 1.50, \"y\": null, \"z\": {\"on\": []}}"));
    metadata.put("audit", "created 2026-01-01\nby \"me\"");
    metadata.set(
        "service_specific", Json.parseTrusted("{\"scheduler\": {\"escalation\": \"page\"}}"));
    JobDefinition job = ok(Json.write(form));
    JsonNode kept = Json.parseTrusted(job.metadataJson());
    assertThat(kept).isEqualTo(metadata);
    String canonical = DefinitionJson.toJson(job);
    assertThat(Json.parseTrusted(DefinitionJson.fromJson(canonical).metadataJson()))
        .isEqualTo(metadata);
    var exported = new DefinitionReader().read(DefinitionYaml.of(canonical), "exported.yaml");
    JobDefinition again = ((DefinitionReader.Result.Ok) exported).job();
    assertThat(Json.parseTrusted(again.metadataJson())).isEqualTo(metadata);
    assertThat(DefinitionJson.hash(again)).isEqualTo(DefinitionJson.hash(job));
  }

  @Test
  void theIdOfAPatternIsItsWork() {
    JsonNode specific = Json.parseTrusted(SERVICE_SPECIFIC).at("/metadata/service_specific");
    ObjectNode form = (ObjectNode) Json.parseTrusted(WEEKLY);
    ObjectNode metadata = (ObjectNode) form.at("/job/metadata");
    ((ObjectNode) metadata.get("scheduling")).remove("dependencies");
    metadata.set("service_specific", specific);
    PatternDefinition pattern =
        ((PatternReader.Result.Ok)
                new PatternReader()
                    .read("pattern: pattern_xyz\nstages: [{id: a, run: report.make}]", "p.yaml"))
            .pattern();
    var read =
        new DefinitionReader(
                (namespace, name, version) -> Optional.of(new PatternSource.Found(3, pattern)))
            .read(Json.write(form), "job.json");
    DefinitionReader.Result.Ok made = (DefinitionReader.Result.Ok) read;
    assertThat(made.job().stages().getFirst().handler()).isEqualTo("report.make");
    assertThat(made.origin().pattern()).isEqualTo("pattern_xyz");
    assertThat(made.origin().version()).isEqualTo(3);
    assertThat(Json.parseTrusted(made.job().metadataJson())).isEqualTo(metadata);
  }

  /** The job of "Example: Adding a new job file". */
  @Test
  void theSimpleJobFileIsTakenAsItIs() {
    JobDefinition job =
        ok(
            """
            {
              "job_id": "new-job",
              "description": "runs every five minutes",
              "schedule": "*/5 * * * *",
              "task": {
                "type": "execute_command",
                "command": "echo hi"
              }
            }
            """);
    assertThat(job.id()).isEqualTo("new-job");
    assertThat(((TriggerDefinition.Cron) job.triggers().getFirst()).expression())
        .isEqualTo("*/5 * * * *");
    assertThat(job.stages().getFirst().handler()).isEqualTo("command");
    assertThat(job.stages().getFirst().withJson()).isEqualTo("{\"shell\":\"echo hi\"}");
  }

  /** One with a T or a Z in it is no instant because of that. */
  @ParameterizedTest
  @ValueSource(
      strings = {"0 9 * * TUE", "0 9 * * THU", "0 9 * OCT SAT", "0 0 1 SEP *", "0 9 * * 1-5"})
  void namesOfDaysAndMonthsMakeACron(String schedule) {
    assertThat(scheduled(schedule)).isInstanceOf(TriggerDefinition.Cron.class);
  }

  @ParameterizedTest
  @ValueSource(strings = {"2027-01-01T09:00:00Z", "2027-01-01T10:00:00+01:00"})
  void anInstantIsOnce(String schedule) {
    assertThat(((TriggerDefinition.At) scheduled(schedule)).instant())
        .isEqualTo(Instant.parse("2027-01-01T09:00:00Z"));
  }

  private static TriggerDefinition scheduled(String schedule) {
    return ok("{\"job_id\":\"x\",\"schedule\":\""
            + schedule
            + "\",\"task\":"
            + "{\"type\":\"execute_command\",\"command\":\"true\"}}")
        .triggers()
        .getFirst();
  }
}
