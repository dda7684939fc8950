package dev.millrace.benchmark;

import java.time.Duration;
import java.util.concurrent.atomic.AtomicLong;
import java.util.stream.LongStream;
import org.jobrunr.jobs.lambdas.JobRequest;
import org.jobrunr.jobs.lambdas.JobRequestHandler;
import org.jobrunr.jobs.mappers.JobMapper;
import org.jobrunr.scheduling.JobRequestScheduler;
import org.jobrunr.server.BackgroundJobServer;
import org.jobrunr.server.BackgroundJobServerConfiguration;
import org.jobrunr.server.JobActivator;
import org.jobrunr.storage.sql.postgres.PostgresStorageProvider;
import org.jobrunr.utils.mapper.jackson.JacksonJsonMapper;

/**
 * JobRunr, open source edition, fed with a stream of job requests.
 *
 * <p>Started and fed by one thread; its jobs run on JobRunr's own threads.
 */
final class JobRunrContender implements Contender {
  // 20,000 jobs, end to end per second, 2 cores, PostgreSQL 15 on the same machine, 2026-11-22, as
  // workers/connections: 100/30 1,378; 200/40 1,282; 64/20 1,238; 16/16 904. With ANALYZE after the
  // enqueue: 100/30 1,228; 100/10 1,170.
  private static final int WORKERS = 100;

  private static final int CONNECTIONS = 30;

  /** The smallest the open source edition accepts. */
  private static final Duration POLL_INTERVAL = Duration.ofSeconds(5);

  private final DatabaseAddress address;
  private final AtomicLong enqueued = new AtomicLong();
  private final AtomicLong executed = new AtomicLong();
  private PeerDatabase database;
  private PostgresStorageProvider storage;
  private BackgroundJobServer server;
  private JobRequestScheduler scheduler;

  JobRunrContender(DatabaseAddress address) {
    this.address = address;
  }

  /** The job's argument, stored as JSON. */
  public record Noop(long number) implements JobRequest {
    @Override
    public Class<NoopHandler> getJobRequestHandler() {
      return NoopHandler.class;
    }
  }

  /** The job's body, public for JobRunr's reflection. Runs on JobRunr's threads. */
  public record NoopHandler(AtomicLong executed) implements JobRequestHandler<Noop> {
    @Override
    public void run(Noop job) {
      executed.incrementAndGet();
    }
  }

  @Override
  public String system() {
    return "jobrunr";
  }

  @Override
  public String version() {
    return Peers.version("jobrunr");
  }

  @Override
  public int jobsDefault() {
    return 60_000;
  }

  @Override
  public void start() {
    database = PeerDatabase.open(address, "bench_jobrunr", CONNECTIONS);
    // Wired by hand: JobRunr.configure() keeps its scheduler in a static field, and prefers any
    // Jackson 3 it finds on the class path.
    var json = new JacksonJsonMapper();
    storage = new PostgresStorageProvider(database.pool());
    storage.setJobMapper(new JobMapper(json));
    server =
        new BackgroundJobServer(
            storage,
            json,
            activator(),
            BackgroundJobServerConfiguration.usingStandardBackgroundJobServerConfiguration()
                .andWorkerCount(WORKERS)
                .andPollInterval(POLL_INTERVAL));
    server.start();
    scheduler = new JobRequestScheduler(storage);
  }

  private JobActivator activator() {
    var handler = new NoopHandler(executed);
    return new JobActivator() {
      @Override
      public <T> T activateJob(Class<T> type) {
        return type.cast(handler);
      }
    };
  }

  @Override
  public void enqueue(int jobs) {
    long first = enqueued.getAndAdd(jobs);
    scheduler.enqueue(LongStream.range(first, first + jobs).mapToObj(Noop::new));
  }

  @Override
  public long executed() {
    return executed.get();
  }

  @Override
  public long completed() {
    return database.number("select count(*) from jobrunr_jobs where state = 'SUCCEEDED'");
  }

  @Override
  public void close() {
    if (server != null) {
      server.stop();
    }
    if (storage != null) {
      storage.close();
    }
    if (database != null) {
      database.close();
    }
  }
}
