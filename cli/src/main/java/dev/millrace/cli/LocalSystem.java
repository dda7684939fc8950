package dev.millrace.cli;

import dev.millrace.embedded.LocalBroker;
import dev.millrace.embedded.LocalPostgres;
import dev.millrace.scheduler.SchedulerNode;
import dev.millrace.settings.SchedulerSettings;
import dev.millrace.settings.SettingsInput;
import dev.millrace.settings.WorkerNodeSettings;
import dev.millrace.worker.WorkerNode;
import java.io.IOException;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.CompletableFuture;
import java.util.concurrent.ExecutionException;
import java.util.concurrent.ExecutorService;
import java.util.concurrent.Executors;
import java.util.concurrent.Future;
import java.util.stream.Stream;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * A whole Millrace in this process: PostgreSQL, broker, scheduler and worker. What does not need
 * each other starts side by side. Started and closed by the main thread.
 */
final class LocalSystem implements AutoCloseable {
  private static final Logger log = LoggerFactory.getLogger(LocalSystem.class);
  private static final String DATABASE = "postgres";

  private final DataDirectory data;
  private final Map<String, String> environment;
  private final Map<String, String> flags;
  private final Steps steps;
  private volatile LocalPostgres postgres;
  private volatile LocalBroker broker;
  private volatile WorkerNode worker;
  private SchedulerNode scheduler;
  private SchedulerSettings settings;

  /**
   * @param flags settings that the user chose; where the embedded parts are is added
   */
  LocalSystem(
      DataDirectory data, Map<String, String> environment, Map<String, String> flags, Steps steps) {
    this.data = data;
    this.environment = environment;
    this.flags = new HashMap<>(flags);
    this.steps = steps;
  }

  /** Returns when the API answers. */
  void start() throws Exception {
    try (ExecutorService starting =
        Executors.newFixedThreadPool(2, Thread.ofPlatform().name("millrace-start-", 0).factory())) {
      Future<?> database = starting.submit(this::startPostgres);
      Future<?> conveyor = starting.submit(this::startBrokerAndWorker);
      result(database);
      result(conveyor);
    }
    if (Stream.of("MILLRACE_SECRETS_KEYS", "MILLRACE_SECRETS_KEYS_FILE", "MILLRACE_CONFIG")
            .noneMatch(environment::containsKey)
        && Stream.of("secrets.keys", "secrets.keys-file", SettingsInput.CONFIG_FLAG)
            .noneMatch(flags::containsKey)) {
      flags.put("secrets.keys-file", data.secretKeys().toString());
    }
    settings = SchedulerSettings.read(new SettingsInput(environment, flags));
    if (!settings.http().isLoopback() && settings.http().token().isEmpty()) {
      throw new UserError(
          "others could reach this Millrace at " + settings.http().bind() + " without a token",
          "Set MILLRACE_TOKEN, or leave MILLRACE_BIND out: then only this machine is served.");
    }
    SchedulerNode node = Nodes.ownScheduler(settings);
    node.start();
    scheduler = node;
  }

  int port() {
    return scheduler.port();
  }

  String token() {
    return settings.http().token();
  }

  /** Completes, with the reason, when a part ends that should not have. */
  CompletableFuture<String> broken() {
    return postgres.onExit().thenApply(ended -> "PostgreSQL has ended; see " + data.postgres());
  }

  /** In the reverse order; what runs may end within the drain grace. */
  @Override
  public void close() {
    closing("worker", worker == null ? null : worker::drain);
    closing("scheduler", scheduler);
    closing("broker", broker);
    closing("postgres", postgres);
  }

  private Void startPostgres() throws IOException {
    postgres =
        LocalPostgres.in(data.postgres()).progress(step -> steps.say("postgres: " + step)).start();
    synchronized (flags) {
      flags.put("postgres.url", postgres.jdbcUrl(DATABASE));
      flags.put("postgres.user", postgres.user());
      flags.put("postgres.password", postgres.password());
    }
    steps.say("postgres: ready on 127.0.0.1:" + postgres.port());
    return null;
  }

  private Void startBrokerAndWorker() throws Exception {
    steps.say("broker: starting");
    broker = LocalBroker.settings().start();
    Map<String, String> forWorker;
    synchronized (flags) {
      flags.put("rabbitmq.url", broker.uri().toString());
      flags.putIfAbsent("worker.work-dir", data.work().toString());
      forWorker = Map.copyOf(flags);
    }
    steps.say("broker: ready on 127.0.0.1:" + broker.port());
    WorkerNode node =
        Nodes.worker(WorkerNodeSettings.read(new SettingsInput(environment, forWorker)));
    node.start();
    worker = node;
    return null;
  }

  private static void result(Future<?> future) throws Exception {
    try {
      future.get();
    } catch (ExecutionException e) {
      if (e.getCause() instanceof Exception cause) {
        throw cause;
      }
      throw e;
    }
  }

  private static void closing(String part, AutoCloseable closeable) {
    if (closeable == null) {
      return;
    }
    // An interruption that came while starting must not cut the closing short.
    Thread.interrupted();
    try {
      closeable.close();
    } catch (Exception e) {
      log.error("could not stop part={}; the others are stopped all the same", part, e);
    }
  }
}
