package dev.millrace.worker;

import dev.millrace.runtime.Faults;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.URI;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/** Workers as tests want them. */
final class TestWorker {
  private TestWorker() {}

  static WorkerNode started(URI uri, Path workDir, int slots, StageHandler... handlers)
      throws Exception {
    return started(uri, workDir, slots, Duration.ofSeconds(60), handlers);
  }

  static WorkerNode started(
      URI uri, Path workDir, int slots, Duration lostAfter, StageHandler... handlers)
      throws Exception {
    return started(config(uri, workDir, slots, lostAfter, handlers));
  }

  static WorkerNode started(WorkerNodeConfig config) throws Exception {
    WorkerNode worker = new WorkerNode(config, new SimpleMeterRegistry());
    worker.start();
    return worker;
  }

  static WorkerNodeConfig config(
      URI uri, Path workDir, int slots, Duration lostAfter, StageHandler... handlers) {
    return new WorkerNodeConfig(
        uri.toString(),
        List.of(new WorkerNodeConfig.PoolSlots(FakeLeader.POOL, slots)),
        Duration.ofSeconds(20),
        workDir,
        Set.of(),
        List.of(handlers),
        Duration.ofMillis(200),
        lostAfter,
        Faults.NONE,
        "test");
  }
}
