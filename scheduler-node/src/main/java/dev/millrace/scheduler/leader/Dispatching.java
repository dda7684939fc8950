package dev.millrace.scheduler.leader;

import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.StageDefinition;
import dev.millrace.scheduler.dispatch.Dispatcher;
import dev.millrace.scheduler.dispatch.Fair;
import dev.millrace.scheduler.dispatch.PoolRates;
import dev.millrace.scheduler.dispatch.Pools;
import dev.millrace.scheduler.engine.Draft;
import dev.millrace.scheduler.engine.Engine;
import dev.millrace.scheduler.engine.Fact;
import dev.millrace.scheduler.engine.Stage;
import dev.millrace.scheduler.store.SeatRows;
import dev.millrace.scheduler.store.Stages;
import dev.millrace.wire.Start;
import java.util.Collection;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import org.jdbi.v3.core.Handle;

/**
 * Decides which READY stages go to the broker: as many as fit each pool's window, the backlog by
 * priority and age before anything new. Publishing comes after the commit. Runs on the leader's
 * thread, but for what says otherwise.
 */
final class Dispatching {
  private final Turn.Parts parts;
  private final Drafts drafts;
  private final DistinctQueue<Stages.Key> republish = new DistinctQueue<>();
  private final Catalog catalog;
  private final Gates gates;
  private final PoolRates rates = new PoolRates();
  private final Map<String, Fair> fair = new HashMap<>();
  private Map<String, Integer> shares = Map.of();
  private long nextRateAt = Long.MAX_VALUE;
  private long lastDispatch;

  Dispatching(Turn.Parts parts, Catalog catalog, Drafts drafts, Gates gates) {
    this.parts = parts;
    this.catalog = catalog;
    this.drafts = drafts;
    this.gates = gates;
    // Numbers of a later term are above those of every earlier one: an epoch is at least the
    // clock's milliseconds.
    this.lastDispatch = parts.term().epoch() << 20;
  }

  /** The broker probably lost these starts: they are published again. Any thread. */
  void republish(Collection<Stages.Key> keys) {
    republish.addAll(keys);
  }

  boolean republishes() {
    return !republish.isEmpty();
  }

  /** Shares and rates, as the tables say. */
  void loadLimits(Handle tx, long now) {
    shares = SeatRows.shares(tx);
    rates.load(SeatRows.rates(tx), now);
  }

  /** When a pool's rate lets the next stage start, in microseconds; Long.MAX_VALUE for never. */
  long nextRateAt() {
    return nextRateAt;
  }

  boolean backlogHasRoom(long now) {
    for (Pools.Pool pool : parts.pools().all()) {
      if (pool.backlog() > 0
          && pool.free() > 0
          && rates.nextAt(pool.name()) <= now
          && !lanes(pool).isEmpty()) {
        return true;
      }
    }
    return false;
  }

  /** Those of a pool's lanes that nothing holds up. */
  private List<Stages.Lane> lanes(Pools.Pool pool) {
    if (gates.poolPaused(pool.name())) {
      return List.of();
    }
    return pool.lanes().stream().filter(lane -> !gates.namespacePaused(lane.namespace())).toList();
  }

  /** Nobody knows whether these were committed: what is QUEUED is published when it is read. */
  void publishAgain(Pass pass) {
    republish.addAll(pass.republish);
    pass.items.forEach(item -> republish.add(item.key()));
  }

  /** What this pass took out of the windows so far. */
  void countFreed(Pass pass) {
    for (Draft draft : pass.drafts.values()) {
      var changed = draft.changedStages();
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        Stage before = draft.stageBefore(i);
        if (before != null
            && before.state() == StageState.QUEUED
            && draft.stage(i).state() != StageState.QUEUED) {
          pass.used.merge(parts.pools().of(draft.run().plan().stage(i).pool()), -1, Integer::sum);
        }
      }
    }
  }

  static int roomIn(Pass pass, Pools.Pool pool) {
    return pool.free(pass.used.getOrDefault(pool, 0));
  }

  /** Fills free windows from the READY rows, by priority and age, before anything new gets in. */
  void dispatchBacklog(Handle tx, Pass pass) {
    nextRateAt = Long.MAX_VALUE;
    for (Pools.Pool pool : parts.pools().all()) {
      int room = Math.min(roomIn(pass, pool), parts.batchMax());
      int limit = rates.allowed(pool.name(), room, pass.now);
      List<Stages.Lane> lanes = pool.backlog() == 0 ? List.of() : lanes(pool);
      if (pool.backlog() > 0 && (limit == 0 || lanes.isEmpty())) {
        pass.backlogged.add(pool);
      }
      if (pool.backlog() > 0 && limit < room) {
        nextRateAt = Math.min(nextRateAt, rates.nextAt(pool.name()));
      }
      if (limit > 0 && !lanes.isEmpty()) {
        dispatchBacklog(tx, pass, pool, lanes, limit);
      }
    }
  }

  private void dispatchBacklog(
      Handle tx, Pass pass, Pools.Pool pool, List<Stages.Lane> lanes, int limit) {
    List<Stages.Ready> rows =
        Stages.readyOf(tx, pool.name(), lanes, pool.capacity().handlers(), limit);
    if (rows.size() >= limit) {
      pass.more = true;
      pass.backlogged.add(pool);
    } else if (lanes.size() == pool.lanes().size()) {
      pool.unserved(pool.ready() - rows.size()); // these need a handler that nobody has
    }
    List<Stages.Key> keys =
        fair.computeIfAbsent(pool.name(), any -> new Fair()).pick(rows, shares, pass.now, limit);
    drafts.open(tx, pass, keys.stream().map(Stages.Key::run).toList());
    for (Stages.Key key : keys) {
      Draft draft = pass.drafts.get(key.run());
      if (draft.stage(key.index()).state() == StageState.READY && goesOn(tx, pass, draft)) {
        dispatch(pass, draft, key.index());
        Engine.settle(draft, pass.now);
      }
    }
  }

  /** A pause may not have reached the run itself yet: then it does here. */
  private boolean goesOn(Handle tx, Pass pass, Draft draft) {
    if (draft.sealed() || gates.pausesOf(catalog.find(tx, draft.run().plan().job())) == 0) {
      return !draft.sealed();
    }
    gates.align(tx, pass, draft);
    return draft.run().parent() == null && draft.run().clock().pauses() == 0;
  }

  /**
   * Dispatches what became READY in this pass, where the pool has room and no older backlog waits.
   */
  void dispatchFresh(Handle tx, Pass pass) {
    for (Draft draft : pass.drafts.values()) {
      var changed = draft.changedStages();
      boolean any = false;
      for (int i = changed.nextSetBit(0); i >= 0; i = changed.nextSetBit(i + 1)) {
        if (draft.stage(i).state() != StageState.READY || draft.stage(i).marks() != 0) {
          continue;
        }
        StageDefinition stage = draft.run().plan().stage(i);
        Pools.Pool pool = parts.pools().of(stage.pool());
        if (!pass.backlogged.contains(pool)
            && rates.allowed(pool.name(), roomIn(pass, pool), pass.now) > 0
            && !gates.poolPaused(pool.name())
            && !gates.namespacePaused(draft.run().plan().definition().namespace())
            && goesOn(tx, pass, draft)
            && pool.capacity().handlers().contains(stage.handler())) {
          dispatch(pass, draft, i);
          any = true;
        }
      }
      if (any) {
        Engine.settle(draft, pass.now);
      }
    }
  }

  private void dispatch(Pass pass, Draft draft, int index) {
    Start start;
    try {
      start = Starts.of(draft, index);
    } catch (ExpressionException wrong) {
      String why = "with: " + wrong.getMessage();
      Engine.apply(draft, new Fact.Unstartable(index, "expression", why), pass.now, 0);
      return;
    }
    if (start.chars() > Start.CHARS_MAX) {
      String why =
          "what it is started with (with, params, inputs, checkpoint) has "
              + start.chars()
              + " characters; at most "
              + Start.CHARS_MAX
              + " fit: pass large values by reference";
      Engine.apply(draft, new Fact.Unstartable(index, "config", why), pass.now, 0);
      return;
    }
    long number = ++lastDispatch;
    Pools.Pool pool = parts.pools().of(draft.run().plan().stage(index).pool());
    pass.used.merge(pool, 1, Integer::sum);
    rates.started(pool.name());
    Engine.apply(draft, new Fact.Dispatched(index, number), pass.now, 0);
    Stages.Key key = new Stages.Key(draft.run().id(), index);
    Start dispatched = start.ofAttempt(draft.stage(index).attempt());
    pass.items.add(new Dispatcher.Item(key, dispatched, pool.name(), number));
  }

  /**
   * Stages that are QUEUED and that the broker does not have: published again, same attempt, same
   * number.
   */
  void republishLost(Handle tx, Pass pass) {
    if (republish.isEmpty()) {
      return;
    }
    List<Stages.Key> keys = pass.republish;
    for (Stages.Key key = republish.poll(); key != null; key = republish.poll()) {
      keys.add(key);
      if (keys.size() >= parts.batchMax()) {
        pass.more = true;
        break;
      }
    }
    drafts.open(tx, pass, keys.stream().map(Stages.Key::run).toList());
    for (Stages.Key key : keys) {
      Draft draft = pass.drafts.get(key.run());
      if (draft != null && isQueuedFromBefore(draft, key.index())) {
        republish(pass, key, draft);
      }
    }
  }

  private void republish(Pass pass, Stages.Key key, Draft draft) {
    try {
      pass.items.add(
          new Dispatcher.Item(
              key,
              Starts.of(draft, key.index()),
              draft.run().plan().stage(key.index()).pool(),
              draft.stage(key.index()).dispatch()));
      parts.meters().republished();
    } catch (ExpressionException wrong) {
      // What it reads has changed meanwhile: back in line, where the next dispatch says so.
      int attempt = draft.stage(key.index()).attempt();
      Engine.apply(draft, new Fact.Unroutable(key.index(), attempt), pass.now, 0);
    }
  }

  /** What this pass itself dispatches is among its items already. */
  private static boolean isQueuedFromBefore(Draft draft, int index) {
    Stage before = draft.stageBefore(index);
    Stage stage = draft.stage(index);
    return before != null
        && before.state() == StageState.QUEUED
        && stage.state() == StageState.QUEUED
        && stage.dispatch() == before.dispatch();
  }
}
