package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.flow.Flow;
import dev.millrace.scheduler.SchedulerNode;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Who follows a run and names two servers hears of its end although one of them goes away. */
final class FollowElsewhereTest {
  @TempDir Path folder;

  @Test
  void anotherServerTellsTheRest() throws Exception {
    Path gate = folder.resolve("gate");
    try (Flow flow = new Flow(folder.resolve("work"))) {
      SchedulerNode one = flow.scheduler("one");
      flow.leads(one);
      SchedulerNode two = flow.scheduler("two");
      flow.worker("default");
      flow.apply(
          one,
          """
          id: gated
          stages:
            - id: wait
              run: command
              with: {shell: "echo before; until [ -e %s ]; do sleep 0.05; done; echo after; exit 3"}
          """
              .formatted(gate));
      String run = flow.run(one, "gated");
      String both = "http://127.0.0.1:%d,http://127.0.0.1:%d".formatted(one.port(), two.port());
      try (Cli.Running follow = Cli.start(Map.of("MILLRACE_SERVER", both), "run", "follow", run)) {
        await().atMost(Flow.SOON).until(() -> follow.err().contains("wait | before"));
        one.close();
        flow.leads(two);
        Files.createFile(gate);
        Cli ended = follow.result();
        assertThat(ended.code()).as("the outcome; " + ended.err()).isEqualTo(ExitCode.FAILED);
        assertThat(ended.err().lines().filter(line -> line.startsWith("wait | ")))
            .as("each line once")
            .containsExactly("wait | before", "wait | after");
        assertThat(ended.err()).contains("run " + run + " FAILED");
        assertThat(ended.out()).contains("state      FAILED");
      } finally {
        if (Files.notExists(gate)) {
          Files.createFile(gate);
        }
      }
    }
  }
}
