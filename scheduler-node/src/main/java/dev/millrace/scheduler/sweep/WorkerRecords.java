package dev.millrace.scheduler.sweep;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.model.Claim;
import dev.millrace.scheduler.store.DatabaseClock;
import dev.millrace.scheduler.store.Workers;
import dev.millrace.wire.Heartbeat;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
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
    jdbi.useHandle(
        handle -> {
          Workers.upsert(handle, rows);
          Workers.ensurePools(handle, List.copyOf(poolNames));
          Workers.progress(handle, List.copyOf(progress.values()));
          Workers.lost(handle, neverHeard);
        });
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

  private static Workers.Row row(
      Heartbeat beat, WorkerTable.View view, long nowMicros, long nowNanos) {
    long seenAt = nowMicros - (nowNanos - view.seenNanos) / 1_000;
    try {
      return new Workers.Row(
          beat.worker(),
          beat.host(),
          beat.pid(),
          beat.version(),
          view.life.name(),
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
