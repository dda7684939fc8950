package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.RunId;
import dev.millrace.scheduler.artifact.ArtifactStores;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import dev.millrace.wire.ArtifactReference;
import java.net.http.HttpResponse;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;

/** Artifacts as the API lists and gives them. */
class ArtifactsApiTest {
  private static final byte[] BYTES = ArtifactStores.bytes(300_000);

  private TestDatabase database;
  private ApiFixture api;
  private RunId run;

  @BeforeEach
  void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    var job = Rows.definition(Rows.CHAIN.formatted("chain"));
    run = api.rows.run(api.rows.job(Rows.CHAIN.formatted("chain")), job, "{}");
  }

  @AfterEach
  void stop() throws Exception {
    api.close();
    database.close();
  }

  private HttpResponse<byte[]> bytes(String id) throws Exception {
    return api.client()
        .send(
            api.request("/api/v1/artifacts/" + id).build(),
            HttpResponse.BodyHandlers.ofByteArray());
  }

  private ArtifactReference store(String name) throws Exception {
    return ArtifactStores.store(api.artifacts, run, name, BYTES);
  }

  @Test
  void artifactsOfARunAreListedPageByPage() throws Exception {
    store("report/a.csv");
    ArtifactReference last = store("b");
    var first = api.get("/api/v1/runs/" + run + "/artifacts?limit=1").json();
    assertThat(first.path("items")).hasSize(1);
    assertThat(first.at("/items/0/name").asText()).isEqualTo("report/a.csv");
    assertThat(first.at("/items/0/stage").asText()).isEqualTo("fetch");
    assertThat(first.at("/items/0/size").asInt()).isEqualTo(BYTES.length);
    assertThat(first.at("/items/0/expiresAt").isTextual()).isTrue();
    var second =
        api.get("/api/v1/runs/" + run + "/artifacts?limit=5&after=" + first.path("next").asText())
            .json();
    assertThat(second.path("items")).hasSize(1);
    assertThat(second.at("/items/0/artifact").asText()).isEqualTo(last.artifact());
    assertThat(second.path("next").isNull()).isTrue();
    assertThat(api.get("/api/v1/runs/0000000000001/artifacts").status()).isEqualTo(404);
    assertThat(api.get("/api/v1/runs/" + run + "/artifacts?after=1").status()).isEqualTo(400);
  }

  @Test
  void bytesAreADownloadThatNoBrowserExecutes() throws Exception {
    ArtifactReference reference = store("report/a.csv");
    HttpResponse<byte[]> answer = bytes(reference.artifact());
    assertThat(answer.statusCode()).isEqualTo(200);
    assertThat(answer.body()).isEqualTo(BYTES);
    assertThat(answer.headers().firstValue("Content-Type")).contains("text/csv");
    assertThat(answer.headers().firstValue("Content-Disposition"))
        .contains("attachment; filename=\"a.csv\"");
    assertThat(answer.headers().firstValue("Content-Length")).contains("300000");
    assertThat(answer.headers().firstValue("X-Content-Type-Options")).contains("nosniff");
    api.rows.execute(
        "update artifact set media_type = 'text/html' where id = ?", reference.artifact());
    assertThat(bytes(reference.artifact()).headers().firstValue("Content-Type"))
        .contains("application/octet-stream");
  }

  @Test
  void whatIsNotThereIsSaid() throws Exception {
    ArtifactReference reference = store("a");
    api.rows.execute("update artifact set expires_at = now() - interval '1 s'");
    assertThat(api.get("/api/v1/artifacts/" + reference.artifact()).status()).isEqualTo(410);
    assertThat(api.get("/api/v1/runs/" + run + "/artifacts").json().path("items")).isEmpty();
    assertThat(api.get("/api/v1/artifacts/0123456789abcdef0123456789abcdef").status())
        .isEqualTo(404);
    assertThat(api.get("/api/v1/artifacts/..%2Fx").status()).isBetween(400, 404);
    api.rows.execute(
        "update artifact set expires_at = now() + interval '1 h', state = 'UPLOADING'");
    assertThat(api.get("/api/v1/artifacts/" + reference.artifact()).status()).isEqualTo(404);
  }

  /** Half a file must not look like a whole one. */
  @Test
  void bytesThatAreGoneBreakTheDownload() throws Exception {
    ArtifactReference reference = store("a");
    api.rows.execute("delete from artifact_chunk where number = 2");
    org.assertj.core.api.Assertions.assertThatThrownBy(() -> bytes(reference.artifact()))
        .isInstanceOf(java.io.IOException.class);
  }
}
