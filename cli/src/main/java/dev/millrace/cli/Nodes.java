package dev.millrace.cli;

import dev.millrace.runtime.Faults;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.WorkerNodeSettings;
import dev.millrace.settings.WorkerSettings;
import dev.millrace.worker.SecretSources;
import dev.millrace.worker.WorkerNode;
import dev.millrace.worker.WorkerNodeConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.List;
import java.util.Set;

/** Makes nodes from settings; the one place that knows their classes. Stateless. */
final class Nodes {
  private static final String EVERY_HANDLER = "*";

  private Nodes() {}

  static SchedulerNode scheduler(SchedulerSettings settings) {
    return new SchedulerNode(settings, nodeName(), Version.text(), Faults.NONE);
  }

  /** One that whoever is on this machine may use; with a token in the settings only with that. */
  static SchedulerNode ownScheduler(SchedulerSettings settings) {
    return new SchedulerNode(settings, nodeName(), Version.text(), Faults.NONE, true);
  }

  static WorkerNode worker(WorkerNodeSettings settings) {
    WorkerSettings worker = settings.worker();
    List<WorkerNodeConfig.PoolSlots> pools =
        worker.pools().stream()
            .map(pool -> new WorkerNodeConfig.PoolSlots(pool.pool(), pool.slots()))
            .toList();
    boolean every = worker.handlers().contains(EVERY_HANDLER);
    try {
      WorkerNodeConfig config =
          new WorkerNodeConfig(
              settings.rabbit(),
              pools,
              worker.drainGrace(),
              worker.workDir(),
              worker.outputBytesMax(),
              every ? Set.of() : Set.copyOf(worker.handlers()),
              List.of(),
              settings.timeouts().heartbeatEvery(),
              settings.timeouts().lostAfter(),
              Faults.NONE,
              Version.text(),
              worker.fileRoots(),
              SecretSources.of(worker.secretEnv(), worker.secretDirs()));
      return new WorkerNode(config, new SimpleMeterRegistry());
    } catch (IllegalArgumentException e) {
      throw new UserError("the worker's settings do not fit: " + e.getMessage(), "", e);
    }
  }

  private static String nodeName() {
    String host;
    try {
      host = InetAddress.getLocalHost().getHostName();
    } catch (UnknownHostException e) {
      host = "localhost";
    }
    return host + "-" + ProcessHandle.current().pid();
  }
}
