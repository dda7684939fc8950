package dev.millrace.cli;

import dev.millrace.runtime.Faults;
import dev.millrace.runtime.Service;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.WorkerNodeSettings;
import dev.millrace.settings.WorkerSettings;
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

  /** A scheduler node as the commands see it. */
  interface Scheduler extends Service {
    int port();

    boolean leading();
  }

  /** Makes a scheduler node. */
  @FunctionalInterface
  interface SchedulerFactory {
    Scheduler make(SchedulerSettings settings, String nodeName, String version);
  }

  /** Set where the scheduler is on the class path. */
  static final SchedulerFactory SCHEDULERS =
      (settings, node, version) -> {
        throw new UserError("this build has no scheduler node", "");
      };

  private Nodes() {}

  static Scheduler scheduler(SchedulerSettings settings) {
    return SCHEDULERS.make(settings, nodeName(), Version.text());
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
              settings.rabbit().uri(),
              pools,
              worker.drainGrace(),
              worker.workDir(),
              every ? Set.of() : Set.copyOf(worker.handlers()),
              List.of(),
              settings.timeouts().heartbeatEvery(),
              settings.timeouts().lostAfter(),
              Faults.NONE,
              Version.text());
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
