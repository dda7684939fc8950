package dev.millrace.benchmark;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.runtime.Faults;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import dev.millrace.worker.Result;
import dev.millrace.worker.StageContext;
import dev.millrace.worker.StageHandler;
import dev.millrace.worker.WorkerNode;
import dev.millrace.worker.WorkerNodeConfig;
import io.micrometer.core.instrument.simple.SimpleMeterRegistry;
import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.sql.SQLException;
import java.time.Duration;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.concurrent.locks.LockSupport;
import java.util.function.Consumer;
import java.util.function.LongConsumer;

/**
 * One scheduler node and one worker node in this process, on the servers under measurement, in a
 * fresh schema. The worker has one handler, {@code bench}, which tells the measurement and
 * completes.
 */
final class LocalMillrace implements AutoCloseable {
  private static final Duration READY_WAIT_MAX = Duration.ofSeconds(60);
  private static final int SLOTS = 64;

  private final Servers servers;
  private final SchedulerNode scheduler;
  private final WorkerNode worker;
  private final Path workDir;

  /**
   * @param onStart told the nanoTime of each handler entry
   */
  LocalMillrace(Servers servers, Consumer<StageContext> onStart) {
    this.servers = servers;
    dropSchema();
    Map<String, String> flags = new HashMap<>();
    flags.put("postgres.url", servers.database().jdbcUrl());
    flags.put("postgres.user", servers.database().user());
    flags.put("postgres.password", servers.database().password());
    flags.put("rabbitmq.url", servers.rabbitUri());
    flags.put("http.port", "0");
    SchedulerSettings settings = SchedulerSettings.read(new SettingsInput(Map.of(), flags));
    try {
      workDir = Files.createTempDirectory("millrace-bench-worker");
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
    scheduler = new SchedulerNode(settings, "bench", "bench", Faults.NONE, true);
    worker = new WorkerNode(workerConfig(onStart), new SimpleMeterRegistry());
  }

  private WorkerNodeConfig workerConfig(Consumer<StageContext> onStart) {
    WorkerNodeConfig defaults =
        WorkerNodeConfig.of(
            servers.rabbitUri(),
            List.of(new WorkerNodeConfig.PoolSlots("default", SLOTS)),
            workDir,
            "bench");
    return new WorkerNodeConfig(
        defaults.rabbitUri(),
        defaults.pools(),
        defaults.drainGrace(),
        defaults.workDir(),
        Set.of("bench"),
        List.of(new BenchHandler(onStart)),
        defaults.heartbeatEvery(),
        defaults.lostAfter(),
        Faults.NONE,
        defaults.version());
  }

  private record BenchHandler(Consumer<StageContext> onStart) implements StageHandler {
    @Override
    public String name() {
      return "bench";
    }

    @Override
    public boolean inline() {
      return true;
    }

    @Override
    public Result execute(StageContext context) {
      onStart.accept(context);
      return Result.completed();
    }
  }

  void start() {
    try {
      scheduler.start();
      worker.start();
    } catch (Exception e) {
      throw new IllegalStateException("Millrace did not start for the measurement", e);
    }
    waitFor("a leader", scheduler::leading);
    waitFor(
        "a worker", () -> worker.connected() && count("select count(*) from millrace.worker") > 0);
  }

  /** Makes a job, by the way that every job takes. */
  void apply(String yaml) {
    DefinitionReader.Result read = new DefinitionReader().read(yaml, "bench.yaml");
    if (!(read instanceof DefinitionReader.Result.Ok ok)) {
      throw new IllegalStateException("the benchmark's own job is refused: " + read);
    }
    Outcome outcome =
        ask(
            new Command(
                Command.Kind.JOB_APPLY,
                "default",
                ok.job().id(),
                "{\"definition\":" + DefinitionJson.toJson(ok.job()) + ",\"source\":\"api\"}",
                "bench",
                null));
    if (outcome.status() >= 300) {
      throw new IllegalStateException(outcome.body());
    }
  }

  Outcome ask(Command command) {
    try {
      return scheduler.commands().ask(command, Duration.ofSeconds(10)).orElseThrow();
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      throw new IllegalStateException(e);
    }
  }

  SchedulerNode scheduler() {
    return scheduler;
  }

  long count(String sql) {
    try (var connection = servers.database().connect();
        var statement = connection.createStatement();
        var row = statement.executeQuery(sql)) {
      row.next();
      return row.getLong(1);
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  void each(String sql, LongConsumer consumer) {
    try (var connection = servers.database().connect();
        var statement = connection.createStatement();
        var row = statement.executeQuery(sql)) {
      while (row.next()) {
        consumer.accept(row.getLong(1));
      }
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  private static void waitFor(String what, java.util.function.BooleanSupplier ready) {
    long end = System.nanoTime() + READY_WAIT_MAX.toNanos();
    while (!ready.getAsBoolean()) {
      if (System.nanoTime() > end) {
        throw new IllegalStateException("waited a minute for " + what + "; nothing was measured");
      }
      LockSupport.parkNanos(20_000_000);
    }
  }

  private void dropSchema() {
    try (var connection = servers.database().connect();
        var statement = connection.createStatement()) {
      statement.execute("drop schema if exists millrace cascade");
    } catch (SQLException e) {
      throw new IllegalStateException(e);
    }
  }

  @Override
  public void close() {
    worker.close();
    scheduler.close();
    dropSchema();
    try {
      Files.deleteIfExists(workDir);
    } catch (IOException e) {
      throw new UncheckedIOException(e);
    }
  }
}
