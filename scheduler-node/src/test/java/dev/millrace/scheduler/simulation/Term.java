package dev.millrace.scheduler.simulation;

import dev.millrace.lifecycle.StageState;
import dev.millrace.scheduler.engine.Run;
import dev.millrace.scheduler.engine.Stage;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/** What a leader remembers during its term; read again after a commit that failed. One thread. */
final class Term {
  /** An attempt whose worker is gone, or says that it has no such attempt. */
  record Lost(Claim claim, String worker) {}

  private record Beat(long at, Set<Claim> held) {}

  private static final long WORKER_LOST = World.seconds(8);
  private static final long START_LOST = World.seconds(20);
  private static final int MISSED_MAX = 3;

  private final World world;
  final long epoch;
  final Map<Long, Run> cache = new HashMap<>();
  final Locks locks = new Locks();
  private final Map<String, Beat> beats = new LinkedHashMap<>();
  private final Map<Claim, Integer> missed = new HashMap<>();
  private final List<Lost> lost = new ArrayList<>();
  private final Set<Start> republish = new LinkedHashSet<>();
  private final TreeSet<Long> unconfirmed = new TreeSet<>();
  private final Map<Integer, Long> nextTicks = new HashMap<>();
  private boolean loaded;
  private boolean tookOver;
  long lastDispatch;

  Term(World world, long epoch) {
    this.world = world;
    this.epoch = epoch;
  }

  /** What the store says, instead of what was known. */
  void load() {
    if (loaded) {
      return;
    }
    loaded = true;
    cache.clear();
    locks.load(world.store.seats, !tookOver && world.is(Mutant.LOCK_GRANTED_TWICE_AFTER_TAKEOVER));
    nextTicks.clear();
    lost.clear();
    republish.clear();
    unconfirmed.clear();
    lastDispatch = world.store.lastDispatch;
    for (Run run : world.store.open.values()) {
      for (int i = 0; i < run.stages().length; i++) {
        Stage stage = run.stages()[i];
        if (stage.state() == StageState.QUEUED && stage.dispatch() > world.store.watermark) {
          publishAgain(run, i);
        } else if (stage.state() == StageState.RUNNING && !stage.worker().equals(Stage.LEADER)) {
          beats.putIfAbsent(stage.worker(), new Beat(world.now, null));
        }
      }
    }
    if (!tookOver && world.is(Mutant.NO_REPUBLISH_AT_TAKEOVER)) {
      republish.clear();
      unconfirmed.clear();
    }
    tookOver = true;
  }

  void forget() {
    loaded = world.is(Mutant.CACHE_KEPT_AFTER_FAILED_COMMIT);
    if (loaded) {
      locks.load(world.store.seats, false);
    }
  }

  void committed(Turn turn) {
    turn.drafts().forEach(draft -> cache.put(draft.run().id(), draft.run()));
    lastDispatch = turn.tx.lastDispatch;
    turn.items.forEach(start -> unconfirmed.add(start.dispatch()));
  }

  private void publishAgain(Run run, int index) {
    Stage stage = run.stages()[index];
    republish.add(new Start(new Claim(run.id(), index, stage.attempt()), stage.dispatch()));
    unconfirmed.add(stage.dispatch());
  }

  List<Start> takeRepublish() {
    List<Start> taken = List.copyOf(republish);
    republish.clear();
    return taken;
  }

  /** It is not QUEUED any more: nobody waits for its confirm. */
  void notNeeded(Start start) {
    unconfirmed.remove(start.dispatch());
  }

  void published(Start start, boolean confirmed) {
    if (confirmed || world.is(Mutant.WATERMARK_BEFORE_CONFIRM)) {
      unconfirmed.remove(start.dispatch());
    }
    if (!confirmed) {
      republish.add(start);
    }
  }

  /** Every start up to this one is with the broker. */
  long watermark() {
    return unconfirmed.isEmpty() ? lastDispatch : unconfirmed.first() - 1;
  }

  boolean hasWork() {
    return !loaded || !republish.isEmpty() || !lost.isEmpty();
  }

  List<Lost> takeLost() {
    List<Lost> taken = List.copyOf(lost);
    lost.clear();
    return taken;
  }

  long nextTick(int schedule) {
    return nextTicks.computeIfAbsent(
        schedule,
        any -> {
          if (world.is(Mutant.TICKS_FORGOTTEN_AT_TAKEOVER)) {
            return world.client.firstTick(schedule, world.now);
          }
          long last = World.BEGIN;
          for (Store.Tick tick : world.store.ticks) {
            last = tick.schedule() == schedule ? Math.max(last, tick.at()) : last;
          }
          // It looks back further than it must: the ledger's key is what makes that harmless.
          return world.client.firstTick(schedule, last - 2 * Client.PERIOD);
        });
  }

  void ticked(int schedule, long next) {
    nextTicks.put(schedule, next);
  }

  void heard(String worker, long at, Set<Claim> held) {
    Beat last = beats.get(worker);
    if (last == null || last.at < at) {
      beats.put(worker, new Beat(at, held));
    }
  }

  /** Looks for what went astray: attempts without a worker, starts without a message. */
  void sweep() {
    if (!loaded) {
      return;
    }
    Map<Claim, Integer> now = new HashMap<>();
    boolean deaf = world.brokerDownUntil + WORKER_LOST > world.now;
    for (Run run : world.store.open.values()) {
      for (int i = 0; i < run.stages().length; i++) {
        Stage stage = run.stages()[i];
        Claim claim = new Claim(run.id(), i, stage.attempt());
        if (stage.state() == StageState.RUNNING
            && !stage.worker().equals(Stage.LEADER)
            && !world.is(Mutant.NO_LOST_WORKER_SWEEP)) {
          sweepRunning(claim, stage, deaf, now);
        } else if (stage.state() == StageState.QUEUED
            && !world.is(Mutant.NO_SWEEP_OF_LOST_STARTS)) {
          sweepQueued(run, claim, stage);
        }
      }
    }
    missed.clear();
    missed.putAll(now);
  }

  private void sweepRunning(Claim claim, Stage stage, boolean deaf, Map<Claim, Integer> now) {
    Beat beat = beats.computeIfAbsent(stage.worker(), any -> new Beat(world.now, null));
    if (world.now - beat.at > WORKER_LOST) {
      if (!deaf) {
        lost.add(new Lost(claim, stage.worker()));
      }
    } else if (beat.held != null
        && beat.at > stage.startedAt() + World.seconds(2)
        && !beat.held.contains(claim)) {
      int times = missed.getOrDefault(claim, 0) + 1;
      now.put(claim, times);
      if (times >= MISSED_MAX) {
        lost.add(new Lost(claim, stage.worker()));
      }
    }
  }

  private void sweepQueued(Run run, Claim claim, Stage stage) {
    boolean old = world.now - stage.queuedAt() > START_LOST;
    if (old
        && !unconfirmed.contains(stage.dispatch())
        && world.broker.noStarts()
        && beats.values().stream().noneMatch(beat -> holds(beat, claim))) {
      publishAgain(run, claim.stage());
    }
  }

  private boolean holds(Beat beat, Claim claim) {
    return beat.held != null && world.now - beat.at < WORKER_LOST && beat.held.contains(claim);
  }
}
