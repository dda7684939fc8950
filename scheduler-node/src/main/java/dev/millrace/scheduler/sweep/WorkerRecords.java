package dev.millrace.scheduler.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Leases;
import dev.millrace.scheduler.store.Workers;
import dev.millrace.wire.Heartbeat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;
import org.jdbi.v3.core.Jdbi;

/**
 * Copies what heartbeats say into the tables, so that every node and the next leader can read it.
 * The sweep's loop only.
 */
final class WorkerRecords {
  private static final ObjectMapper JSON = new ObjectMapper();

  private final Jdbi jdbi;
  private final DatabaseClock clock;

  WorkerRecords(Jdbi jdbi, DatabaseClock clock) {
    this.jdbi = jdbi;
    this.clock = clock;
  }

  void store(Map<String, WorkerTable.View> workers, long nowNanos) {
    jdbi.useHandle(handle -> store(handle, workers, nowNanos));
  }

  /** At the end of a term; does nothing when another one has begun. */
  void storeLast(Map<String, WorkerTable.View> workers, long nowNanos, long epoch) {
    jdbi.useTransaction(
        tx -> {
          if (Leases.fence(tx, epoch)) {
            store(tx, workers, nowNanos);
          }
        });
  }

  private void store(Handle handle, Map<String, WorkerTable.View> workers, long nowNanos) {
    long nowMicros = clock.micros();
    List<Workers.Row> rows = new ArrayList<>();
    Map<String, Workers.Progress> progress = new HashMap<>();
    List<String> neverHeard = new ArrayList<>();
    Set<String> poolNames = new HashSet<>();
    workers.forEach(
        (worker, view) -> {
          Heartbeat beat = view.beat;
          if (beat != null) {
            rows.add(row(beat, view, nowMicros, nowNanos));
            beat.pools().forEach(pool -> poolNames.add(pool.pool()));
            beat.open().forEach(open -> note(open, progress));
          } else if (view.life == WorkerTable.Life.LOST) {
            neverHeard.add(worker);
          }
        });
    Workers.upsert(handle, rows);
    Workers.ensurePools(handle, List.copyOf(poolNames));
    Workers.progress(handle, List.copyOf(progress.values()));
    Workers.lost(handle, neverHeard);
  }

  private static void note(Heartbeat.Open open, Map<String, Workers.Progress> progress) {
    if (open.percent() == null && open.message() == null) {
      return;
    }
    Claim claim = open.claim();
    // A worker that came back may still speak of an old attempt of the same stage.
    progress.merge(
        claim.run() + "/" + claim.stage(),
        new Workers.Progress(
            claim.run().value(), claim.stage(), claim.attempt(), open.percent(), open.message()),
        (one, other) -> one.attempt() >= other.attempt() ? one : other);
  }

  /** A drained worker that holds nothing has said goodbye: nobody need wait for it. */
  private static WorkerTable.Life state(Heartbeat beat, WorkerTable.View view) {
    return beat.draining() && beat.open().isEmpty() ? WorkerTable.Life.GONE : view.life;
  }

  private static Workers.Row row(
      Heartbeat beat, WorkerTable.View view, long nowMicros, long nowNanos) {
    long seenAt = nowMicros - (nowNanos - view.seenNanos) / 1_000;
    try {
      return new Workers.Row(
          beat.worker(),
          beat.host(),
          beat.pid(),
          beat.version(),
          state(beat, view).name(),
          JSON.writeValueAsString(beat.pools()),
          JSON.writeValueAsString(beat.handlers()),
          beat.draining(),
          beat.open().size(),
          seenAt - beat.startedAgoMillis() * 1_000,
          seenAt);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("strings and numbers always become JSON", e);
    }
  }
}
