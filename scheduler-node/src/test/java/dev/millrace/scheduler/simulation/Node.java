package dev.millrace.scheduler.simulation;

import dev.millrace.scheduler.simulation.World.Odds;
import java.util.List;
import java.util.Set;

/**
 * A scheduler node: elects itself, leads turn by turn. Between two steps of a turn it may crash, or
 * stand still and go on later, when somebody else leads. One thread.
 */
final class Node {
  private static final long TICK = World.seconds(1);
  private static final int REPORTS = 10;

  private final World world;
  private final int number;
  private final String name;
  private boolean alive;
  private int life;
  private long suspendedUntil;
  private Term term;
  private long trustedUntil;
  private long sweptAt;
  private Turn turn;
  private int taken;
  private boolean holdsReports;
  private long turnAt = Long.MAX_VALUE;

  Node(World world, int number) {
    this.world = world;
    this.number = number;
    this.name = "n" + number;
  }

  void boot() {
    if (!alive) {
      alive = true;
      life++;
      later(0, this::tick);
    }
  }

  boolean alive() {
    return alive;
  }

  boolean isIdle() {
    return turn == null || term == null;
  }

  /** The process's own step: not done by one that has died, done later by one that stands still. */
  private void later(long delay, Runnable step) {
    int mine = life;
    world.in(delay, () -> step(mine, step));
  }

  private void step(int of, Runnable step) {
    if (!alive || of != life) {
      return;
    }
    if (suspendedUntil > world.now) {
      world.in(Math.min(suspendedUntil - world.now, World.seconds(5)), () -> step(of, step));
      return;
    }
    step.run();
  }

  void crash() {
    if (alive) {
      world.say("crash", name, life, 0, 0);
      alive = false;
      connectionLost();
      term = null;
      turn = null;
      turnAt = Long.MAX_VALUE;
      world.in(world.upTo(World.seconds(8)), this::boot);
    }
  }

  void suspend(long micros) {
    if (alive) {
      world.say("suspended", name, micros, 0, 0);
      suspendedUntil = Math.max(suspendedUntil, world.now + micros);
      connectionLost();
    }
  }

  /** The broker gives what was not acked to whoever comes next. */
  private void connectionLost() {
    if (holdsReports && turn != null) {
      world.broker.giveBack(turn.reports, taken);
    }
    holdsReports = false;
  }

  void comeBack() {
    suspendedUntil = Math.min(suspendedUntil, world.now);
    if (!alive) {
      boot();
    }
  }

  /** True when it leads as far as it knows. */
  boolean leads() {
    return alive && term != null && trustedUntil > world.now && suspendedUntil <= world.now;
  }

  boolean leadsWith(long epoch) {
    return leads() && term.epoch == epoch;
  }

  private void tick() {
    later(TICK, this::tick);
    long mine = term == null ? 0 : term.epoch;
    Long epoch = world.store.lease(number, mine);
    if (epoch == null) {
      if (term != null && trustedUntil <= world.now) {
        stepDown();
      }
      return;
    }
    trustedUntil = world.now + World.LEASE;
    if (term == null || term.epoch != epoch) {
      stepDown();
      world.say("leads", name, epoch, 0, 0);
      term = new Term(world, epoch);
    }
    world.store.watermark(term.epoch, term.watermark());
    if (world.now - sweptAt > World.seconds(3)) {
      sweptAt = world.now;
      term.sweep();
    }
    wake(0);
  }

  private void stepDown() {
    if (term != null) {
      world.say("stepsDown", name, term.epoch, 0, 0);
      connectionLost();
      term = null;
    }
  }

  void heard(String worker, long at, Set<Claim> held) {
    later(
        0,
        () -> {
          if (term != null) {
            term.heard(worker, at, held);
          }
        });
  }

  void wake(long delay) {
    long at = world.now + delay;
    if (term != null && alive && turn == null && at < turnAt) {
      turnAt = at;
      later(delay, this::decide);
    }
  }

  private void decide() {
    turnAt = Long.MAX_VALUE;
    if (term == null || turn != null || trustedUntil <= world.now || world.store.down()) {
      return;
    }
    List<Report> reports = world.broker.takeReports(REPORTS);
    taken = world.broker.generation();
    holdsReports = true;
    term.load();
    turn = new Turn(world, term, reports);
    turn.decide();
    if (turn.isEmpty()) {
      turn = null;
      return;
    }
    if (world.is(Mutant.ACK_BEFORE_COMMIT)) {
      ackReports();
    }
    if (world.is(Mutant.PUBLISH_BEFORE_COMMIT)) {
      turn.items.forEach(world.broker::publish);
    }
    next(this::commit);
  }

  /** The next step of the turn, unless something happens before. */
  private void next(Runnable step) {
    Term of = term;
    later(world.upTo(World.millis(4)), () -> stepOf(of, step));
    if (world.happens(Odds.LEADER_CRASHES)) {
      later(0, this::crash);
    } else if (world.happens(Odds.LEADER_SUSPENDED)) {
      suspend(world.upTo(World.seconds(30)));
    }
  }

  /** A turn of an earlier term goes on where it was: the store must refuse it. */
  private void stepOf(Term of, Runnable step) {
    if (term == null || term != of) {
      turn = null;
      return;
    }
    step.run();
  }

  private void commit() {
    Term of = term;
    try {
      world.store.commit(turn.tx);
    } catch (Store.Failure failure) {
      world.say("failed", name, of.epoch, failure.getMessage().hashCode(), 0);
      if (world.is(Mutant.REPORTS_DROPPED_ON_STORE_ERROR)) {
        ackReports();
      } else {
        connectionLost();
      }
      of.forget();
      turn = null;
      wake(World.millis(200));
      return;
    }
    of.committed(turn);
    next(this::publish);
  }

  private void publish() {
    if (trustedUntil <= world.now) {
      stepDown();
      turn = null;
      return;
    }
    for (Start start : turn.items) {
      term.published(start, world.broker.publish(start));
    }
    for (Claim claim : turn.cancels()) {
      world.workers.forEach(worker -> worker.cancel(claim));
    }
    for (int i = 0; i < turn.drops.size(); i++) {
      String to = turn.dropsFor.get(i);
      Claim claim = turn.drops.get(i);
      world.workers.stream().filter(w -> w.name().equals(to)).forEach(w -> w.drop(claim));
    }
    next(this::ack);
  }

  private void ack() {
    ackReports();
    turn = null;
    boolean more = world.broker.hasReports() || !world.store.inbox.isEmpty();
    wake(more ? World.millis(5) : term.hasWork() ? World.millis(500) : World.millis(100));
  }

  private void ackReports() {
    if (holdsReports && taken == world.broker.generation()) {
      turn.reports.forEach(world.checker::acked);
    }
    holdsReports = false;
  }
}
