package dev.millrace.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.charset.StandardCharsets;
import java.sql.Connection;
import java.sql.SQLException;
import java.util.HashMap;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.concurrent.atomic.AtomicLong;
import org.quartz.Job;
import org.quartz.JobBuilder;
import org.quartz.JobDetail;
import org.quartz.JobExecutionContext;
import org.quartz.Scheduler;
import org.quartz.SchedulerException;
import org.quartz.Trigger;
import org.quartz.TriggerBuilder;
import org.quartz.impl.StdSchedulerFactory;
import org.quartz.impl.jdbcjobstore.JobStoreTX;
import org.quartz.impl.jdbcjobstore.PostgreSQLDelegate;
import org.quartz.utils.ConnectionProvider;
import org.quartz.utils.DBConnectionManager;

/**
 * Quartz with a clustered JDBC job store, one non-durable job and one-shot trigger per run.
 *
 * <p>Started and fed by one thread; its jobs run on Quartz's own threads.
 */
final class QuartzContender implements Contender {
  private static final String NAME = "bench_quartz";

  // 2,000 jobs, end to end per second, 2 cores, PostgreSQL 15 on the same machine, 2026-11-22.
  // Without statistics: 20 threads in batches of 500 99, of 2,000 83; 10 threads 81. With them:
  // 20 threads in batches of 500 230, of 100 212; 40 threads in batches of 250 199.
  private static final int THREADS = 20;
  private static final int JOBS_PER_BATCH = 500;

  private final DatabaseAddress address;
  private final AtomicLong enqueued = new AtomicLong();
  private final AtomicLong executed = new AtomicLong();
  private PeerDatabase database;
  private Scheduler scheduler;

  QuartzContender(DatabaseAddress address) {
    this.address = address;
  }

  /** The job's body. Runs on Quartz's threads. */
  record Noop(AtomicLong executed) implements Job {
    @Override
    public void execute(JobExecutionContext context) {
      executed.incrementAndGet();
    }
  }

  /** Lends Quartz the connections of the contender's pool; the contender closes it. */
  private record Connections(PeerDatabase database) implements ConnectionProvider {
    @Override
    public Connection getConnection() throws SQLException {
      return database.pool().getConnection();
    }

    @Override
    public void initialize() {}

    @Override
    public void shutdown() {}
  }

  @Override
  public String system() {
    return "quartz";
  }

  @Override
  public String version() {
    return Peers.version("quartz");
  }

  @Override
  public int jobsDefault() {
    return 4_000;
  }

  @Override
  public void start() {
    // Its documentation: at least the worker threads plus three.
    database = PeerDatabase.open(address, NAME, THREADS + 4);
    database.execute(schema());
    DBConnectionManager.getInstance().addConnectionProvider(NAME, new Connections(database));
    try {
      scheduler = new StdSchedulerFactory(settings()).getScheduler();
      scheduler.setJobFactory((bundle, owner) -> new Noop(executed));
      scheduler.start();
    } catch (SchedulerException e) {
      throw new IllegalStateException("quartz did not start", e);
    }
  }

  /** The script that Quartz ships for Postgres. */
  private static String schema() {
    try (var file = JobStoreTX.class.getResourceAsStream("tables_postgres.sql")) {
      return new String(file.readAllBytes(), StandardCharsets.UTF_8);
    } catch (IOException e) {
      throw new UncheckedIOException("quartz's own schema is unreadable", e);
    }
  }

  private static Properties settings() {
    var settings = new Properties();
    settings.putAll(
        Map.of(
            "org.quartz.scheduler.instanceName",
            NAME,
            "org.quartz.scheduler.instanceId",
            "AUTO",
            "org.quartz.threadPool.threadCount",
            Integer.toString(THREADS),
            "org.quartz.jobStore.class",
            JobStoreTX.class.getName(),
            "org.quartz.jobStore.driverDelegateClass",
            PostgreSQLDelegate.class.getName(),
            "org.quartz.jobStore.dataSource",
            NAME,
            "org.quartz.jobStore.isClustered",
            "true",
            // Many triggers in one pass of the cluster's lock, which must then be held.
            "org.quartz.scheduler.batchTriggerAcquisitionMaxCount",
            Integer.toString(THREADS),
            "org.quartz.jobStore.acquireTriggersWithinLock",
            "true"));
    return settings;
  }

  @Override
  public void enqueue(int jobs) {
    for (int done = 0; done < jobs; done += JOBS_PER_BATCH) {
      int size = Math.min(JOBS_PER_BATCH, jobs - done);
      Map<JobDetail, Set<? extends Trigger>> batch = new HashMap<>();
      for (int i = 0; i < size; i++) {
        String name = Long.toString(enqueued.get() + i);
        var job = JobBuilder.newJob(Noop.class).withIdentity(name).build();
        batch.put(job, Set.of(TriggerBuilder.newTrigger().withIdentity(name).startNow().build()));
      }
      try {
        scheduler.scheduleJobs(batch, false);
      } catch (SchedulerException e) {
        throw new IllegalStateException("quartz refused " + size + " jobs", e);
      }
      enqueued.addAndGet(size);
      // Statistics as autovacuum gives them to a table that lives longer than a minute.
      database.execute("analyze qrtz_triggers, qrtz_job_details, qrtz_simple_triggers");
    }
  }

  @Override
  public long executed() {
    return executed.get();
  }

  /** A finished non-durable job is a deleted row. */
  @Override
  public long completed() {
    // Read first: a job enqueued in between must not look finished.
    long accepted = enqueued.get();
    return accepted - database.number("select count(*) from qrtz_job_details");
  }

  @Override
  public void close() {
    try {
      if (scheduler != null) {
        scheduler.shutdown(true);
      }
    } catch (SchedulerException e) {
      throw new IllegalStateException("quartz did not stop; its schema stays", e);
    }
    if (database != null) {
      database.close();
    }
  }
}
