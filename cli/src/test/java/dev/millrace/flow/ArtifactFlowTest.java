package dev.millrace.flow;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.cli.ArtifactCli;
import dev.millrace.scheduler.SchedulerNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Artifacts go all the way: command, worker, broker, node, store, API and command line. */
class ArtifactFlowTest {
  private static final int SIZE = 5_000_000;
  private static final String JOB =
      """
      id: %s
      retry: {max-attempts: 1}
      stages:
        - {id: make, run: command, with: {shell: "%s"}}
        - {id: after, run: command, needs: [make], with: {shell: "echo $MILLRACE_INPUTS"}}
      """;

  @TempDir Path folder;
  private Flow flow;
  private SchedulerNode leader;

  @BeforeEach
  void start() throws Exception {
    flow = new Flow(folder.resolve("work"));
    leader = flow.scheduler("one");
    flow.leads(leader);
    flow.worker("default");
  }

  @AfterEach
  void stop() {
    flow.close();
  }

  @Test
  void whatACommandLeavesIsFetchedByTheCommandLine() throws Exception {
    SchedulerNode follower = flow.scheduler("two");
    String script =
        "mkdir $MILLRACE_ARTIFACTS/out; head -c %d /dev/urandom > $MILLRACE_ARTIFACTS/out/data.bin;"
            + " cp $MILLRACE_ARTIFACTS/out/data.bin %s; echo 'a,b' > $MILLRACE_ARTIFACTS/a.csv";
    Path original = folder.resolve("original");
    flow.apply(leader, JOB.formatted("make", script.formatted(SIZE, original)));
    String run = flow.run(leader, "make");
    flow.awaitRun(run, "COMPLETED");

    JsonNode output = new ObjectMapper().readTree(flow.stage(run, "make", "output"));
    JsonNode reference = output.at("/artifacts/out~1data.bin");
    assertThat(reference.path("size").asInt()).isEqualTo(SIZE);
    await()
        .atMost(Flow.SOON)
        .until(() -> flow.one("select text from stage_log where stage = 'after'") != null);
    assertThat(flow.one("select text from stage_log where stage = 'after'"))
        .as("the successor's input")
        .contains(reference.path("artifact").asText());

    String server = "http://127.0.0.1:" + follower.port();
    List<String> listed = ArtifactCli.run("run", "artifacts", run, "--server", server);
    assertThat(String.join("\n", listed))
        .contains(
            "out/data.bin", "a.csv", Integer.toString(SIZE), reference.path("artifact").asText());
    Path fetched = folder.resolve("fetched");
    ArtifactCli.run(
        "artifact",
        "get",
        reference.path("artifact").asText(),
        "-o",
        fetched.toString(),
        "--server",
        server);
    assertThat(Files.mismatch(fetched, original)).isEqualTo(-1);
    assertThat(flow.one("select location || state from artifact where name = 'a.csv'"))
        .isEqualTo("postgresSTORED");
  }

  @Test
  void tooMuchEndsTheStageAndSaysWhichSettingItIs() throws Exception {
    String script = "truncate -s 65M $MILLRACE_ARTIFACTS/large";
    flow.apply(leader, JOB.formatted("large", script));
    String run = flow.run(leader, "large");
    flow.awaitRun(run, "FAILED");
    assertThat(flow.stage(run, "make", "error_class")).isEqualTo("config");
    assertThat(flow.stage(run, "make", "error"))
        .contains("artifact large was not stored", "artifacts.max-bytes");
  }

  @Test
  void whatHasExpiredIsGoneFromTheApi() throws Exception {
    flow.apply(leader, JOB.formatted("small", "echo x > $MILLRACE_ARTIFACTS/x"));
    String run = flow.run(leader, "small");
    flow.awaitRun(run, "COMPLETED");
    String id = flow.one("select id from artifact");
    assertThat(flow.one("select bytes = '\\x780a' from artifact_chunk")).isEqualTo("t");
    flow.one("update artifact set expires_at = now() - interval '1 s' returning id");
    assertThat(flow.get(leader, "/api/v1/artifacts/" + id).get("httpStatus").asInt())
        .isEqualTo(410);
  }
}
