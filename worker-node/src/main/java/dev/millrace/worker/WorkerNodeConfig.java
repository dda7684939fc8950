package dev.millrace.worker;

import dev.millrace.runtime.Faults;
import dev.millrace.settings.RabbitSettings;
import java.nio.file.Path;
import java.time.Duration;
import java.util.List;
import java.util.Set;

/**
 * What a worker is told once. Immutable.
 *
 * @param drainGrace how long running stages may go on after a drain was asked for
 * @param workDir where attempts get their directories
 * @param logBytesMax what is kept of the log of one attempt; further lines are only counted
 * @param allowedHandlers names or {@code prefix.*}; empty allows every handler the worker has
 * @param handlers beside the built-in ones and those found by ServiceLoader
 * @param lostAfter without a confirmed heartbeat for so long the worker ends its stages itself;
 *     must not be longer than the leader waits before it gives them to somebody else
 * @param fileRoots absolute folders below which stages may wait for files; none refuses them
 * @param secrets variables and files that stages may refer to
 */
public record WorkerNodeConfig(
    RabbitSettings rabbit,
    List<PoolSlots> pools,
    Duration drainGrace,
    Path workDir,
    int logBytesMax,
    Set<String> allowedHandlers,
    List<StageHandler> handlers,
    Duration heartbeatEvery,
    Duration lostAfter,
    Faults faults,
    String version,
    List<Path> fileRoots,
    SecretSources secrets) {
  /** Above this a heartbeat that names every open claim would not fit into a message. */
  public static final int SLOTS_MAX = 2_000;

  private static final int LOG_BYTES_MAX_USUAL = 1024 * 1024;

  /** One pool that the worker serves. */
  public record PoolSlots(String name, int slots) {
    public PoolSlots {
      if (name.isEmpty() || slots < 1) {
        throw new IllegalArgumentException("pool '" + name + "' needs a name and slots >= 1");
      }
    }
  }

  public WorkerNodeConfig {
    pools = List.copyOf(pools);
    allowedHandlers = Set.copyOf(allowedHandlers);
    handlers = List.copyOf(handlers);
    fileRoots = List.copyOf(fileRoots);
    if (pools.isEmpty()) {
      throw new IllegalArgumentException("a worker needs at least one pool");
    }
    if (pools.stream().map(PoolSlots::name).distinct().count() != pools.size()) {
      throw new IllegalArgumentException("a pool is named twice: " + pools);
    }
    int slots = pools.stream().mapToInt(PoolSlots::slots).sum();
    if (slots > SLOTS_MAX) {
      throw new IllegalArgumentException(
          "a worker has at most " + SLOTS_MAX + " slots, not " + slots + "; start another one");
    }
    if (lostAfter.compareTo(heartbeatEvery.multipliedBy(3)) < 0) {
      throw new IllegalArgumentException("lostAfter must be at least 3 heartbeats");
    }
  }

  /** Without secrets of its own. */
  public WorkerNodeConfig(
      RabbitSettings rabbit,
      List<PoolSlots> pools,
      Duration drainGrace,
      Path workDir,
      int logBytesMax,
      Set<String> allowedHandlers,
      List<StageHandler> handlers,
      Duration heartbeatEvery,
      Duration lostAfter,
      Faults faults,
      String version,
      List<Path> fileRoots) {
    this(
        rabbit,
        pools,
        drainGrace,
        workDir,
        logBytesMax,
        allowedHandlers,
        handlers,
        heartbeatEvery,
        lostAfter,
        faults,
        version,
        fileRoots,
        SecretSources.NONE);
  }

  /** With the usual patience with the broker, the usual bound of a log, and no files. */
  public WorkerNodeConfig(
      String rabbitUri,
      List<PoolSlots> pools,
      Duration drainGrace,
      Path workDir,
      Set<String> allowedHandlers,
      List<StageHandler> handlers,
      Duration heartbeatEvery,
      Duration lostAfter,
      Faults faults,
      String version) {
    this(
        RabbitSettings.of(rabbitUri),
        pools,
        drainGrace,
        workDir,
        LOG_BYTES_MAX_USUAL,
        allowedHandlers,
        handlers,
        heartbeatEvery,
        lostAfter,
        faults,
        version,
        List.of());
  }

  /** The same, and stages may wait for files below these folders. */
  public WorkerNodeConfig withFileRoots(List<Path> roots) {
    return with(roots, secrets);
  }

  /** The same, and stages may refer to these. */
  public WorkerNodeConfig withSecrets(SecretSources sources) {
    return with(fileRoots, sources);
  }

  private WorkerNodeConfig with(List<Path> roots, SecretSources sources) {
    return new WorkerNodeConfig(
        rabbit,
        pools,
        drainGrace,
        workDir,
        logBytesMax,
        allowedHandlers,
        handlers,
        heartbeatEvery,
        lostAfter,
        faults,
        version,
        roots,
        sources);
  }

  public String rabbitUri() {
    return rabbit.uri();
  }

  /** The usual times; what most callers want. */
  public static WorkerNodeConfig of(
      String rabbitUri, List<PoolSlots> pools, Path workDir, String version) {
    return new WorkerNodeConfig(
        rabbitUri,
        pools,
        Duration.ofSeconds(30),
        workDir,
        Set.of(),
        List.of(),
        Duration.ofSeconds(2),
        Duration.ofSeconds(10),
        Faults.NONE,
        version);
  }
}
