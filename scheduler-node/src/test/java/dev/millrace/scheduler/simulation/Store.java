package dev.millrace.scheduler.simulation;

import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Run;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.TreeMap;

/**
 * The database: what is committed, and who leads. A transaction is written as a whole or not at
 * all; whoever writes it may be told the wrong thing about that. One thread.
 */
final class Store {
  /** One place at a lock, held or waited for. */
  record Seat(String lock, long run, int stage, long number, boolean held) {}

  /** One instant of a schedule. */
  record Tick(int schedule, long at) {}

  /** What a leader wants to write. */
  static final class Tx {
    long epoch;
    long now;
    final Map<Long, Draft> drafts = new LinkedHashMap<>();
    final Map<Tick, Long> ticks = new LinkedHashMap<>();
    final Map<String, Long> submits = new LinkedHashMap<>();
    final List<Answer> answers = new ArrayList<>();
    List<Seat> seats = List.of();
    long lastRun;
    long lastDispatch;
  }

  /** The database does not answer, or says that nothing was written. */
  static final class Failure extends Exception {
    private static final long serialVersionUID = 1;

    Failure(String message) {
      super(message);
    }
  }

  private final World world;
  final Map<Long, Run> runs = new HashMap<>();
  final TreeMap<Long, Run> open = new TreeMap<>();
  final Map<String, Long> submits = new HashMap<>();
  final List<Tick> ticks = new ArrayList<>();
  final Map<Tick, Long> ledger = new HashMap<>();
  final TreeMap<Long, Command> inbox = new TreeMap<>();
  List<Seat> seats = List.of();
  long lastRun;
  long lastDispatch;
  long watermark;
  long epoch;
  int holder = -1;
  long until;

  Store(World world) {
    this.world = world;
  }

  boolean down() {
    return world.storeDownUntil > world.now;
  }

  /** Takes the lease when it is free, or keeps it; null when neither. */
  Long lease(int node, long mine) {
    if (down()) {
      return null;
    }
    if (holder == node && epoch == mine && mine != 0) {
      until = world.now + World.LEASE;
      return epoch;
    }
    if (until > world.now) {
      return null;
    }
    holder = node;
    until = world.now + World.LEASE;
    if (!world.is(Mutant.EPOCH_NOT_RAISED) || epoch == 0) {
      epoch++;
    }
    world.checker.granted(epoch);
    return epoch;
  }

  /** Throws also when it was written, and the answer was lost. */
  void commit(Tx tx) throws Failure {
    if (down() || world.happens(World.Odds.COMMIT_FAILS)) {
      throw new Failure("failed");
    }
    if (tx.epoch != epoch && !world.is(Mutant.NO_EPOCH_CHECK)) {
      throw new Failure("epoch is over");
    }
    for (Tick tick : tx.ticks.keySet()) {
      if (ledger.containsKey(tick) && !world.is(Mutant.TICK_KEY_DROPPED)) {
        throw new Failure("the tick is there already");
      }
    }
    world.checker.committing(tx);
    apply(tx);
    world.checker.committed(tx);
    if (world.happens(World.Odds.COMMIT_UNKNOWN)) {
      throw new Failure("unknown");
    }
  }

  private void apply(Tx tx) {
    tx.drafts.forEach(
        (id, draft) -> {
          Run run = draft.run();
          runs.put(id, run);
          if (run.state().isFinal()) {
            open.remove(id);
          } else {
            open.put(id, run);
          }
        });
    ledger.putAll(tx.ticks);
    ticks.addAll(tx.ticks.keySet());
    submits.putAll(tx.submits);
    tx.answers.forEach(answer -> inbox.remove(answer.command().id()));
    seats = tx.seats;
    lastRun = Math.max(lastRun, tx.lastRun);
    lastDispatch = Math.max(lastDispatch, tx.lastDispatch);
  }

  /** Every start up to this one is with the broker. */
  void watermark(long by, long number) {
    if (!down() && by == epoch && number > watermark) {
      watermark = number;
    }
  }
}
