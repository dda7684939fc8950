package dev.millrace.scheduler.simulation;

import dev.millrace.scheduler.simulation.World.Odds;
import dev.millrace.wire.Outcome;
import java.time.Duration;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;

/**
 * A worker process: takes starts, executes each claim once, reports until the broker confirms. May
 * die, stand still and report late, or drain. A process that comes after it has another name. One
 * thread.
 */
final class Worker {
  private static final int SLOTS = 3;
  private static final long CUT_OFF = World.seconds(15);

  private final World world;
  private final String name;
  private final Map<Claim, Integer> unacked = new LinkedHashMap<>();
  private final Map<Claim, Start> starts = new LinkedHashMap<>();
  private final Set<Claim> running = new LinkedHashSet<>();
  private final Set<Claim> seen = new HashSet<>();
  private final Map<Claim, Report> said = new LinkedHashMap<>();
  private final Set<Claim> unwanted = new HashSet<>();
  private final List<Report> outgoing = new ArrayList<>();
  private boolean alive;
  private boolean draining;
  private boolean flushing;
  private boolean pulling;
  private long suspendedUntil;

  Worker(World world, String name) {
    this.world = world;
    this.name = name;
  }

  String name() {
    return name;
  }

  void boot() {
    alive = true;
    wake();
    heartbeat();
  }

  boolean alive() {
    return alive && !draining;
  }

  boolean isIdle() {
    return !alive || (running.isEmpty() && outgoing.isEmpty() && unacked.isEmpty());
  }

  @Override
  public String toString() {
    return name + (draining ? " drains" : "") + (alive ? " " + held() : " is gone");
  }

  private Set<Claim> held() {
    Set<Claim> held = new LinkedHashSet<>(running);
    held.addAll(unacked.keySet());
    outgoing.forEach(report -> held.add(report.claim()));
    return held;
  }

  private void later(long delay, Runnable step) {
    world.in(delay, () -> step(step));
  }

  private void step(Runnable step) {
    if (!alive) {
      return;
    }
    if (suspendedUntil > world.now) {
      world.in(Math.min(suspendedUntil - world.now, World.seconds(5)), () -> step(step));
      return;
    }
    step.run();
  }

  void wake() {
    if (alive() && !pulling && running.size() + unacked.size() < SLOTS) {
      pulling = true;
      world.in(world.upTo(World.millis(25)), this::pull); // the broker pushes: also when it stands
    }
  }

  private void pull() {
    pulling = false;
    if (!alive()) {
      return;
    }
    Start start = world.broker.takeStart();
    if (start == null) {
      if (!world.broker.noStarts()) {
        later(World.millis(500), this::wake);
      }
      return;
    }
    unacked.put(start.claim(), world.broker.generation());
    starts.put(start.claim(), start);
    later(world.upTo(World.millis(10)), () -> begin(start));
    wake();
  }

  private void begin(Start start) {
    Claim claim = start.claim();
    boolean again = seen.contains(claim) && !world.is(Mutant.CLAIM_EXECUTED_TWICE);
    if (draining || again || unwanted.contains(claim)) {
      if (draining && !again) {
        giveBack(claim);
      } else if (again && !running.contains(claim) && said.containsKey(claim)) {
        send(said.get(claim)); // whoever asks again has not heard it
      }
      ack(claim);
      return;
    }
    seen.add(claim);
    running.add(claim);
    world.checker.begins(claim, name);
    send(new Report(claim, name, null));
    if (world.happens(Odds.WORKER_CRASHES)) {
      crash();
      return;
    }
    ack(claim);
    execute(claim);
    if (world.happens(Odds.WORKER_SUSPENDED)) {
      suspend(world.upTo(World.seconds(40)));
    }
  }

  private void execute(Claim claim) {
    int any = world.random.nextInt(100);
    Duration limit = world.store.runs.get(claim.run()).plan().stage(claim.stage()).timeout();
    long length = world.upTo(any >= 97 ? World.seconds(40) : World.seconds(3));
    Outcome outcome = any < 82 || any >= 97 ? Outcome.COMPLETED : Outcome.FAILED;
    if (any == 96 && !world.healed) {
      outcome = Outcome.UNSUPPORTED;
    }
    if (limit != null && length > limit.toMillis() * 1_000 && world.random.nextBoolean()) {
      length = limit.toMillis() * 1_000;
      outcome = Outcome.TIMED_OUT;
    }
    Outcome how = outcome;
    later(length, () -> end(claim, how));
  }

  private void ack(Claim claim) {
    unacked.remove(claim);
    starts.remove(claim);
    wake();
  }

  private void giveBack(Claim claim) {
    Integer generation = unacked.get(claim);
    if (generation != null) {
      world.broker.giveBack(starts.get(claim), generation);
    }
  }

  private void end(Claim claim, Outcome outcome) {
    if (!running.remove(claim)) {
      return;
    }
    world.checker.ends(claim, name, outcome);
    Report report = new Report(claim, name, outcome);
    said.put(claim, report);
    send(report);
    if (world.happens(Odds.WORKER_CRASHES)) {
      crash();
      return;
    }
    wake();
  }

  private void send(Report report) {
    outgoing.add(report);
    if (!flushing) {
      flushing = true;
      later(world.upTo(World.millis(20)), this::flush);
    }
  }

  private void flush() {
    for (Iterator<Report> each = outgoing.iterator(); each.hasNext(); ) {
      if (!world.broker.publish(each.next())) {
        break;
      }
      each.remove();
    }
    flushing = !outgoing.isEmpty();
    if (flushing) {
      later(World.millis(500), this::flush);
    } else if (draining && running.isEmpty()) {
      alive = false;
    }
  }

  void cancel(Claim claim) {
    control(() -> end(claim, Outcome.CANCELLED), claim);
  }

  void drop(Claim claim) {
    control(() -> running.remove(claim), claim);
  }

  private void control(Runnable what, Claim claim) {
    if (alive && !world.happens(Odds.CONTROL_LOST)) {
      later(
          world.upTo(World.millis(30)),
          () -> {
            unwanted.add(claim);
            what.run();
            wake();
          });
    }
  }

  private void heartbeat() {
    later(World.seconds(2), this::heartbeat);
    if (!world.broker.down() && !world.happens(Odds.HEARTBEAT_LOST)) {
      long at = world.now;
      Set<Claim> held = held();
      world.nodes.forEach(node -> node.heard(name, at, held));
    }
  }

  void crash() {
    if (alive) {
      world.say("crash", name, running.size(), 0, 0);
      alive = false;
      cutOff();
      world.in(world.upTo(World.seconds(10)), world::newWorker);
    }
  }

  private void cutOff() {
    unacked.keySet().forEach(this::giveBack);
    unacked.clear();
    starts.clear();
  }

  void suspend(long micros) {
    if (alive) {
      world.say("suspended", name, micros, 0, 0);
      suspendedUntil = Math.max(suspendedUntil, world.now + micros);
      if (micros > CUT_OFF) {
        world.in(CUT_OFF, this::cutOff);
      }
    }
  }

  void drain() {
    if (alive()) {
      world.say("drains", name, running.size(), 0, 0);
      draining = true;
      world.in(world.upTo(World.seconds(5)), world::newWorker);
      later(
          World.seconds(2),
          () -> {
            List.copyOf(running).forEach(claim -> end(claim, Outcome.RETURNED));
            alive = !outgoing.isEmpty() || !unacked.isEmpty();
          });
    }
  }

  void comeBack() {
    suspendedUntil = Math.min(suspendedUntil, world.now);
    if (draining) {
      later(World.seconds(3), () -> cutOff());
    }
  }
}
