package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assumptions.assumeThat;
import static org.awaitility.Awaitility.await;

import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.regex.Pattern;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * {@code ./millrace up} with the jars that are shipped. Every other test has a class path with more
 * on it, and would not miss what the package lacks.
 */
class PackagedUpTest {
  private static final Duration LIMIT = Duration.ofSeconds(60);
  private static final Pattern FIRST_RUN = Pattern.compile("first run of (\\S+) COMPLETED");
  private static final Pattern STACK_TRACE =
      Pattern.compile("(?m)^\\s+at \\S+\\(.*\\)$|NoClassDefFoundError|ClassNotFoundException");

  private final PackagedProgram program = PackagedProgram.here();
  private final NodeApi api = new NodeApi(null);
  @TempDir Path folder;

  @BeforeEach
  void isPackaged() throws Exception {
    Optional<String> unusable = program.unusable();
    unusable.ifPresent(why -> Figures.print("packaged", "skipped:", why));
    assumeThat(unusable).isEmpty();
  }

  @Test
  void runsAnExampleFollowsJobFilesAndLeavesNothingBehind() throws Exception {
    Path jobs = folder.resolve("jobs");
    try (NodeProcess up = start("up", jobs)) {
      up.awaitOutput(FIRST_RUN, LIMIT);
      assertThat(up.port()).as("the real one is printed").isPositive();
      assertThat(api.get(up, "/readyz").statusCode()).isEqualTo(200);
      assertThat(api.get(up, "/api/v1/jobs").body()).contains("\"hello\"");

      Files.writeString(
          jobs.resolve("dropped.json"),
          """
          {"job_id": "dropped", "description": "by hand", "schedule": "0 0 1 1 *",
           "task": {"type": "execute_command", "command": "echo hi"}}
          """);
      await("the job file is followed")
          .atMost(LIMIT)
          .until(() -> api.get(up, "/api/v1/jobs").body().contains("\"dropped\""));
      assertThat(api.get(up, "/api/v1/jobs/dropped").body())
          .contains("\"spec\":{\"cron\":\"0 0 1 1 *\",\"timezone\":\"UTC\"");

      List<ProcessHandle> started = new ArrayList<>(up.descendants());
      assertThat(started).as("PostgreSQL at least").isNotEmpty();
      up.terminate();
      assertThat(up.awaitEnd(LIMIT)).as(up.output()).isZero();
      assertThat(up.output()).contains("stopped").doesNotContainPattern(STACK_TRACE);
      started.addAll(inThisFolder());
      await("all that it started is gone")
          .atMost(LIMIT)
          .until(() -> started.stream().noneMatch(ProcessHandle::isAlive));
    }
  }

  @Test
  void theNextStartKnowsThatTheWorkerSaidGoodbye() throws Exception {
    Path jobs = folder.resolve("jobs");
    try (NodeProcess up = start("up", jobs)) {
      up.awaitOutput(FIRST_RUN, LIMIT);
      up.terminate();
      assertThat(up.awaitEnd(LIMIT)).as(up.output()).isZero();
    }
    try (NodeProcess again = start("again", jobs)) {
      await("somebody leads")
          .atMost(LIMIT)
          .until(() -> api.get(again, "/readyz").statusCode() == 200);
      assertThat(api.get(again, "/api/v1/workers?all=true").body()).contains("\"GONE\"");
    }
  }

  private NodeProcess start(String name, Path jobs) throws Exception {
    return NodeProcess.start(
        name,
        program.classPath(),
        Map.of(),
        folder.resolve(name + ".log"),
        List.of(
            "up",
            "--port",
            "0",
            "--data-dir",
            folder.resolve("data").toString(),
            "--jobs-dir",
            jobs.toString()));
  }

  /** Processes that were started for this test, though nobody knows any more by whom. */
  private List<ProcessHandle> inThisFolder() {
    return ProcessHandle.allProcesses()
        .filter(
            process -> process.info().commandLine().orElse("").contains(folder.toString() + "/"))
        .toList();
  }
}
