package dev.millrace.scheduler.simulation;

import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Set;

/**
 * Two queues: starts for the workers, reports for the leader. Delays, reorders, doubles; loses
 * confirms, and everything when it is wiped. One thread.
 */
final class Broker {
  private record Queued<T>(T message, long visibleAt) {}

  private final World world;
  private final List<Queued<Start>> starts = new ArrayList<>();
  private final List<Queued<Report>> reports = new ArrayList<>();

  /** Dispatches that it had once: what it loses later is the sweep's to find. */
  final Set<Long> had = new HashSet<>();

  private int generation;

  Broker(World world) {
    this.world = world;
  }

  boolean down() {
    return world.brokerDownUntil > world.now;
  }

  /** What was delivered before a wipe cannot be acked or given back after it. */
  int generation() {
    return generation;
  }

  /** True when it confirms; what it does not confirm it may have all the same. */
  boolean publish(Start start) {
    if (down() || world.happens(World.Odds.PUBLISH_LOST)) {
      return false;
    }
    world.checker.published(start);
    had.add(start.dispatch());
    put(starts, start);
    world.wakeWorkers();
    return !world.happens(World.Odds.CONFIRM_LOST);
  }

  boolean publish(Report report) {
    if (down() || world.happens(World.Odds.PUBLISH_LOST)) {
      return false;
    }
    put(reports, report);
    world.wakeLeader(World.millis(5));
    return !world.happens(World.Odds.CONFIRM_LOST);
  }

  private <T> void put(List<Queued<T>> queue, T message) {
    queue.add(new Queued<>(message, world.now + delay()));
    if (world.happens(World.Odds.DOUBLED)) {
      queue.add(new Queued<>(message, world.now + delay()));
    }
  }

  private long delay() {
    return world.happens(World.Odds.SLOW_MESSAGE)
        ? world.upTo(World.seconds(10))
        : world.upTo(World.millis(20));
  }

  /** Null when there is none to take now. */
  Start takeStart() {
    return take(starts);
  }

  List<Report> takeReports(int max) {
    List<Report> taken = new ArrayList<>();
    for (Report next = null; taken.size() < max; taken.add(next)) {
      next = take(reports);
      if (next == null) {
        break;
      }
    }
    return taken;
  }

  private <T> T take(List<Queued<T>> queue) {
    if (down() || queue.isEmpty()) {
      return null;
    }
    int from = world.happens(World.Odds.REORDERED) ? world.random.nextInt(queue.size()) : 0;
    for (int i = 0; i < queue.size(); i++) {
      int at = (from + i) % queue.size();
      if (queue.get(at).visibleAt <= world.now) {
        return queue.remove(at).message;
      }
    }
    return null;
  }

  void giveBack(Start start, int taken) {
    if (taken == generation) {
      starts.add(new Queued<>(start, world.now));
      world.wakeWorkers();
    }
  }

  void giveBack(List<Report> list, int taken) {
    if (taken == generation) {
      list.forEach(report -> reports.add(new Queued<>(report, world.now + World.millis(50))));
    }
  }

  /** True when nothing waits for a worker. */
  boolean noStarts() {
    return starts.isEmpty();
  }

  boolean hasReports() {
    return !reports.isEmpty();
  }

  void wipe() {
    starts.clear();
    reports.clear();
    generation++;
  }
}
