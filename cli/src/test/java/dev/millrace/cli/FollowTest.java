package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.awaitility.Awaitility.await;

import dev.millrace.flow.Flow;
import dev.millrace.scheduler.SchedulerNode;
import java.net.URI;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Commands that follow a run, on a real server: they hear of it, and outlive a restart. */
final class FollowTest {
  @TempDir Path folder;
  private Flow flow;
  private SchedulerNode node;
  private Path gate;

  @BeforeEach
  void start() throws Exception {
    flow = new Flow(folder.resolve("work"));
    node = flow.scheduler("one");
    flow.leads(node);
    flow.worker("default");
    gate = folder.resolve("gate");
  }

  @AfterEach
  void stop() throws Exception {
    if (Files.notExists(gate)) {
      Files.createFile(gate); // or the worker would wait for what waits for it
    }
    flow.close();
  }

  /** A run that says one thing, waits for the gate, and says another. */
  private String gated(String last) throws Exception {
    flow.apply(
        node,
        """
        id: gated
        stages:
          - id: wait
            run: command
            with: {shell: "echo before; until [ -e %s ]; do sleep 0.05; done; echo after; %s"}
        """
            .formatted(gate, last));
    String run = flow.run(node, "gated");
    await().atMost(Flow.SOON).until(() -> "RUNNING".equals(flow.stage(run, "wait", "state")));
    return run;
  }

  private Cli.Running follow(String... args) {
    return Cli.start(Map.of("MILLRACE_SERVER", "http://127.0.0.1:" + node.port()), args);
  }

  @Test
  void anEventEndsTheWaitForARun() throws Exception {
    String run = gated("true");
    URI server = URI.create("http://127.0.0.1:" + node.port());
    try (ApiClient client = new ApiClient(server, "", "elsewhere");
        RunEvents events = new RunEvents(client, run)) {
      events.start();
      assertThat(events.await(Flow.SOON))
          .as("the first event says that the stream stands")
          .isTrue();
      assertThat(events.standing()).isTrue();
      Files.createFile(gate);
      assertThat(events.await(Flow.SOON)).as("the run has moved").isTrue();
      assertThat(events.trouble()).isEmpty();
    }
  }

  @Test
  void linesAreShownWhileTheStageStillWrites() throws Exception {
    String run = gated("true");
    try (Cli.Running logs = follow("run", "logs", run, "--follow")) {
      await().atMost(Flow.SOON).until(() -> logs.out().contains("before"));
      assertThat(logs.going()).isTrue();
      Files.createFile(gate);
      Cli ended = logs.result();
      assertThat(ended.code()).isEqualTo(ExitCode.OK);
      assertThat(ended.out().lines().map(line -> line.substring(line.lastIndexOf(' ') + 1)))
          .containsExactly("before", "after");
      assertThat(ended.err()).isEqualTo("run " + run + " COMPLETED\n");
    }
  }

  @Test
  void theOutcomeOfAFailedRunIsTheExitCode() throws Exception {
    String run = gated("exit 3");
    try (Cli.Running shown = follow("run", "show", run, "--wait")) {
      await().atMost(Flow.SOON).until(() -> shown.err().contains("wait RUNNING"));
      Files.createFile(gate);
      Cli ended = shown.result();
      assertThat(ended.code()).isEqualTo(ExitCode.FAILED);
      assertThat(ended.out()).contains("state      FAILED");
    }
  }

  @Test
  void aServerThatIsStartedAgainIsFoundAgain() throws Exception {
    String run = gated("true");
    int port = node.port();
    try (Cli.Running shown = follow("run", "show", run, "--wait");
        Cli.Running logs = follow("run", "logs", run, "--follow")) {
      await().atMost(Flow.SOON).until(() -> shown.err().contains("wait RUNNING"));
      await().atMost(Flow.SOON).until(() -> logs.out().contains("before"));
      node.close();
      await().atMost(Flow.SOON).until(() -> shown.err().contains(" for now: "));
      await().atMost(Flow.SOON).until(() -> logs.err().contains(" for now: "));
      assertThat(shown.going() && logs.going()).isTrue();
      node = flow.scheduler("two", port);
      Files.createFile(gate);
      assertThat(shown.result().code()).as(shown.err()).isEqualTo(ExitCode.OK);
      assertThat(logs.result().code()).as(logs.err()).isEqualTo(ExitCode.OK);
      assertThat(logs.out().lines()).as("no line twice").hasSize(2);
      assertThat(shown.err().lines().filter(line -> line.contains(" for now: "))).hasSize(1);
    }
  }

  @Test
  void anInterruptEndsAWaitAtOnce() throws Exception {
    String run = gated("true");
    for (String[] args :
        new String[][] {{"run", "show", run, "--wait"}, {"run", "logs", run, "--follow"}}) {
      try (Cli.Running command = follow(args)) {
        await().atMost(Flow.SOON).until(() -> (command.out() + command.err()).contains(" "));
        long askedNanos = System.nanoTime();
        command.interrupt();
        assertThat(command.result().err()).endsWith("stopped\n");
        assertThat(Duration.ofNanos(System.nanoTime() - askedNanos))
            .isLessThan(Duration.ofSeconds(3));
      }
    }
  }
}
