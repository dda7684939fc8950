package dev.millrace.scheduler.simulation;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;
import java.util.SplittableRandom;
import java.util.concurrent.TimeUnit;

/**
 * Virtual time and everything that lives in it. What happens is decided by one seed alone. One
 * thread; as many worlds at once as one likes.
 */
final class World {
  static final long BEGIN = 1_800_000_000_000_000L;
  static final long LEASE = seconds(10);

  /** How long the load and the faults last. */
  static final long LOAD = seconds(60);

  /** After the faults, everything has to end within this. */
  static final long PATIENCE = seconds(1_200);

  /** Mishaps that come by chance, in how many of a thousand. */
  enum Odds {
    COMMIT_FAILS(15),
    COMMIT_UNKNOWN(15),
    PUBLISH_LOST(10),
    CONFIRM_LOST(20),
    DOUBLED(30),
    SLOW_MESSAGE(40),
    REORDERED(300),
    CONTROL_LOST(100),
    HEARTBEAT_LOST(50),
    LEADER_CRASHES(8),
    LEADER_SUSPENDED(8),
    WORKER_CRASHES(15),
    WORKER_SUSPENDED(15);

    private final int perThousand;

    Odds(int perThousand) {
      this.perThousand = perThousand;
    }
  }

  private record Event(long at, long number, Runnable what) {}

  final SplittableRandom random;
  final Trace trace;
  final Checker checker;
  final Store store;
  final Broker broker;
  final List<Node> nodes = new ArrayList<>();
  final List<Worker> workers = new ArrayList<>();
  final Client client;
  private final Mutant mutant;
  private final PriorityQueue<Event> events =
      new PriorityQueue<>(
          Comparator.comparingLong((Event event) -> event.at).thenComparingLong(Event::number));
  private final int intensity;
  private long lastEvent;
  private int lastWorker;
  long now = BEGIN;
  long storeDownUntil;
  long brokerDownUntil;
  boolean healed;

  World(long seed, Mutant mutant, boolean traced) {
    this.random = new SplittableRandom(seed);
    this.mutant = mutant;
    this.trace = new Trace(traced);
    this.checker = new Checker(this);
    this.store = new Store(this);
    this.broker = new Broker(this);
    this.client = new Client(this);
    this.intensity = random.nextInt(4); // every fourth world is without chance mishaps
  }

  static long seconds(long n) {
    return TimeUnit.SECONDS.toMicros(n);
  }

  static long millis(long n) {
    return TimeUnit.MILLISECONDS.toMicros(n);
  }

  boolean is(Mutant which) {
    return mutant == which;
  }

  boolean happens(Odds what) {
    return !healed && random.nextInt(1_000) < what.perThousand * intensity;
  }

  long upTo(long micros) {
    return random.nextLong(micros) + 1;
  }

  void at(long when, Runnable what) {
    events.add(new Event(Math.max(when, now), ++lastEvent, what));
  }

  void in(long micros, Runnable what) {
    at(now + micros, what);
  }

  void say(String what, String who, long a, long b, long c) {
    trace.say(now, what, who, a, b, c);
  }

  /** Lives from the beginning to the end; throws what does not hold. */
  void run() {
    for (int i = random.nextInt(1, 4); i > 0; i--) {
      Node node = new Node(this, nodes.size());
      nodes.add(node);
      in(upTo(seconds(2)), node::boot);
    }
    for (int i = random.nextInt(1, 5); i > 0; i--) {
      newWorker();
    }
    client.begin();
    new Faults(this).begin();
    at(BEGIN + LOAD, this::heal);
    in(seconds(1), this::look);
    live();
    checker.atTheEnd();
  }

  private void look() {
    checker.look();
    in(seconds(1), this::look);
  }

  private void live() {
    while (true) {
      Event event = events.poll();
      if (event == null) {
        throw new Violation("I16", "nothing happens any more");
      }
      now = event.at;
      event.what.run();
      if (now > BEGIN + LOAD + seconds(15) && isQuiet()) {
        return;
      }
      if (now > BEGIN + LOAD + PATIENCE) {
        throw new Violation("I15", "still at work after everything healed: " + checker.open());
      }
    }
  }

  private boolean isQuiet() {
    return store.open.isEmpty()
        && store.inbox.isEmpty()
        && client.isDone()
        && !broker.hasReports()
        && workers.stream().allMatch(Worker::isIdle)
        && nodes.stream().allMatch(Node::isIdle);
  }

  /** No more faults; whoever is down comes back. */
  private void heal() {
    healed = true;
    storeDownUntil = 0;
    brokerDownUntil = 0;
    say("healed", null, 0, 0, 0);
    nodes.forEach(Node::comeBack);
    workers.forEach(Worker::comeBack);
    client.comeBack();
    if (workers.stream().noneMatch(Worker::alive)) {
      newWorker();
    }
  }

  void newWorker() {
    Worker worker = new Worker(this, "w" + ++lastWorker);
    workers.add(worker);
    in(upTo(millis(500)), worker::boot);
  }

  void wakeWorkers() {
    workers.forEach(Worker::wake);
  }

  void wakeLeader(long delay) {
    nodes.forEach(node -> node.wake(delay));
  }
}
