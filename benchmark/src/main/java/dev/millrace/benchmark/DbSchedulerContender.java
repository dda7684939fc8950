package dev.millrace.benchmark;

import com.github.kagkarlsson.scheduler.Scheduler;
import com.github.kagkarlsson.scheduler.task.TaskInstance;
import com.github.kagkarlsson.scheduler.task.helper.OneTimeTask;
import com.github.kagkarlsson.scheduler.task.helper.Tasks;
import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.atomic.AtomicLong;

/**
 * db-scheduler, polling with lock-and-fetch, the strategy its docs/performance.md gives for high
 * throughput on Postgres.
 *
 * <p>Started and fed by one thread; its tasks run on db-scheduler's own threads.
 */
final class DbSchedulerContender implements Contender {
  // 50,000 jobs, end to end per second, 2 cores, PostgreSQL 15 on the same machine, 2026-11-22,
  // as threads/lower/upper: 20/4/20 5,909 and 6,447; 20/10/50 5,720; 50/2/10 5,679; 50/0.5/4 5,207;
  // 20/0.5/4 5,000; 10/10/100 4,733; 50/10/40 4,725; 100/2/6 4,723; 10/4/20 3,813. With ANALYZE
  // during the enqueue 20/4/20 4,483.
  private static final int THREADS = 20;
  private static final double FETCH_BELOW_THREADS = 4;
  private static final double FETCH_UP_TO_THREADS = 20;
  private static final int JOBS_PER_BATCH = 1_000;

  /** The table of its documentation, without the index that only users of priorities need. */
  private static final String SCHEMA =
      """
      create table scheduled_tasks (
        task_name text not null,
        task_instance text not null,
        task_data bytea,
        execution_time timestamp with time zone not null,
        picked boolean not null,
        picked_by text,
        last_success timestamp with time zone,
        last_failure timestamp with time zone,
        consecutive_failures int,
        last_heartbeat timestamp with time zone,
        version bigint not null,
        priority smallint,
        primary key (task_name, task_instance));
      create index execution_time_idx on scheduled_tasks (execution_time);
      create index last_heartbeat_idx on scheduled_tasks (last_heartbeat);
      """;

  private final DatabaseAddress address;
  private final AtomicLong enqueued = new AtomicLong();
  private final AtomicLong executed = new AtomicLong();
  private final OneTimeTask<Void> task =
      Tasks.oneTime("noop").execute((instance, context) -> executed.incrementAndGet());
  private PeerDatabase database;
  private Scheduler scheduler;

  DbSchedulerContender(DatabaseAddress address) {
    this.address = address;
  }

  @Override
  public String system() {
    return "db-scheduler";
  }

  @Override
  public String version() {
    return Peers.version("db-scheduler");
  }

  @Override
  public int jobsDefault() {
    return 150_000;
  }

  @Override
  public void start() {
    database = PeerDatabase.open(address, "bench_db_scheduler", THREADS + 4);
    database.execute(SCHEMA);
    scheduler =
        Scheduler.create(database.pool(), task)
            .threads(THREADS)
            .pollUsingLockAndFetch(FETCH_BELOW_THREADS, FETCH_UP_TO_THREADS)
            .pollingInterval(Duration.ofMillis(100))
            .shutdownMaxWait(Duration.ofSeconds(5))
            .build();
    scheduler.start();
  }

  @Override
  public void enqueue(int jobs) {
    // As its own clients do: the time is the caller's, and a task is due at once.
    var due = Instant.now();
    for (int done = 0; done < jobs; done += JOBS_PER_BATCH) {
      int size = Math.min(JOBS_PER_BATCH, jobs - done);
      List<TaskInstance<?>> batch = new ArrayList<>(size);
      for (int i = 0; i < size; i++) {
        batch.add(task.instance(Long.toString(enqueued.get() + i)));
      }
      scheduler.scheduleBatch(batch, due);
      enqueued.addAndGet(size);
    }
  }

  @Override
  public long executed() {
    return executed.get();
  }

  /** A finished one-time task is a deleted row. */
  @Override
  public long completed() {
    // Read first: a job enqueued in between must not look finished.
    long accepted = enqueued.get();
    return accepted - database.number("select count(*) from scheduled_tasks");
  }

  @Override
  public void close() {
    if (scheduler != null) {
      scheduler.stop();
    }
    if (database != null) {
      database.close();
    }
  }
}
