package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.settings.EngineSettings;
import java.util.Map;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/** Nobody is sent what he has, and nobody overwrites what he has not read. */
class ETagsTest {
  private static LeaderApi api;

  @BeforeAll
  static void start() throws Exception {
    api = new LeaderApi(new EngineSettings(2_000, 2_000, 20_000, 64));
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
  }

  private static LeaderApi.Answer apply(String id, int priority, Map<String, String> headers) {
    String yaml = "id: %s\npriority: %d\nstages: [{id: a, run: noop}]".formatted(id, priority);
    return api.send("POST", "/api/v1/jobs", "application/yaml", yaml, headers);
  }

  private static LeaderApi.Answer get(String path, String has) {
    Map<String, String> headers = has == null ? Map.of() : Map.of("If-None-Match", has);
    return api.send("GET", "/api/v1" + path, null, "", headers);
  }

  @Test
  void whatTheCallerHasIsNotSentAgain() {
    apply("read", 1, Map.of());
    for (String path :
        new String[] {"/jobs/read", "/jobs/read/versions", "/jobs/read/versions/1"}) {
      LeaderApi.Answer first = get(path, null);
      assertThat(first.etag()).as(path).startsWith("\"");
      LeaderApi.Answer second = get(path, first.etag());
      assertThat(second.status()).as(path).isEqualTo(304);
      assertThat(second.text()).isEmpty();
      assertThat(get(path, "\"other\", W/" + first.etag()).status()).isEqualTo(304);
      assertThat(get(path, "\"other\"").status()).isEqualTo(200);
    }
    String before = get("/jobs/read", null).etag();
    api.post("/api/v1/jobs/read/pause", "{}");
    LeaderApi.Answer paused = get("/jobs/read", before);
    assertThat(paused.status()).as("a new state is not hidden").isEqualTo(200);
    assertThat(paused.json().path("state").asText()).isEqualTo("PAUSED");
  }

  @Test
  void ofTwoEditorsOneIsTold() {
    String read = apply("edited", 1, Map.of()).etag();
    assertThat(apply("edited", 2, Map.of("If-Match", read)).status()).isEqualTo(200);
    LeaderApi.Answer late = apply("edited", 3, Map.of("If-Match", read));
    assertThat(late.status()).as(late.text()).isEqualTo(412);
    assertThat(late.json().path("type").asText()).isEqualTo("urn:millrace:problem:stale");
    assertThat(late.json().path("remedy").asText()).startsWith("read it again");
    assertThat(late.json().path("etag").asText()).endsWith(".2\"");
    assertThat(get("/jobs/edited", null).json().path("version").asInt()).isEqualTo(2);
    Map<String, String> stale = Map.of("If-Match", read);
    assertThat(api.send("DELETE", "/api/v1/jobs/edited", "application/json", "", stale).status())
        .isEqualTo(412);
    assertThat(
            api.send(
                    "POST",
                    "/api/v1/jobs/edited/rollback",
                    "application/json",
                    "{\"version\":1}",
                    stale)
                .status())
        .isEqualTo(412);
    Map<String, String> now = Map.of("If-Match", late.json().path("etag").asText());
    assertThat(api.send("DELETE", "/api/v1/jobs/edited", "application/json", "", now).status())
        .isEqualTo(200);
  }

  /** A pause between reading and changing makes no difference: the definition is the same. */
  @Test
  void aNewStateIsNoNewDefinition() {
    String read = apply("paused", 1, Map.of()).etag();
    api.post("/api/v1/jobs/paused/pause", "{}");
    assertThat(apply("paused", 2, Map.of("If-Match", read)).status()).isEqualTo(200);
  }

  @Test
  void whatIsToBeMadeAndWhatIsToBeThere() {
    assertThat(apply("fresh", 1, Map.of("If-Match", "*")).status()).isEqualTo(412);
    assertThat(apply("fresh", 1, Map.of("If-None-Match", "*")).status()).isEqualTo(201);
    assertThat(apply("fresh", 2, Map.of("If-None-Match", "*")).status()).isEqualTo(412);
    assertThat(apply("fresh", 2, Map.of("If-Match", "*")).status()).isEqualTo(200);
  }
}
