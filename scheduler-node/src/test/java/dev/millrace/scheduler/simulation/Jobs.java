package dev.millrace.scheduler.simulation;

import dev.millrace.model.Backoff;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.LockUse;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.StageRules;
import dev.millrace.model.Tolerance;
import dev.millrace.scheduler.engine.Plan;
import java.time.Duration;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/** Jobs at random: graphs of one to five stages, some with locks, some with items. Any thread. */
final class Jobs {
  /** Capacities of the locks, by their place. */
  static final List<String> LOCKS = List.of("one", "two");

  private static final int SIZE = 600;
  private static final List<Plan> ALL = all();
  private static final Map<Plan, Plan> PARTS = new java.util.concurrent.ConcurrentHashMap<>();

  private Jobs() {}

  private static List<Plan> all() {
    SplittableRandom random = new SplittableRandom(20_260_101);
    List<Plan> plans = new ArrayList<>();
    for (int i = 0; i < SIZE; i++) {
      plans.add(plan(i, random));
    }
    return List.copyOf(plans);
  }

  static int any(SplittableRandom random) {
    return random.nextInt(SIZE);
  }

  static Plan of(int job) {
    return ALL.get(job);
  }

  /** The plan of one item; every plan here has at most one stage with items, which is its first. */
  static Plan part(Plan plan) {
    return PARTS.computeIfAbsent(plan, whole -> whole.part(0));
  }

  static int capacity(String lock) {
    return lock.equals("one") ? 1 : 2;
  }

  /** The lock that each attempt of a stage takes, or null. */
  static String lockOf(Plan plan, int stage) {
    List<LockUse> locks = plan.stage(stage).rules().locks();
    return locks.isEmpty() || plan.stage(stage).rules().forEach() != null
        ? null
        : locks.getFirst().name();
  }

  private static Plan plan(int job, SplittableRandom random) {
    int size = random.nextInt(1, 6);
    boolean fan = random.nextInt(4) == 0;
    boolean tidies = size > 1 && random.nextInt(8) == 0;
    List<StageDefinition> stages = new ArrayList<>();
    for (int i = 0; i < size; i++) {
      boolean last = tidies && i == size - 1;
      stages.add(stage(i, fan && i == 0, last, random));
    }
    return new Plan(
        job + 1,
        1,
        new JobDefinition(
            "job" + job, "default", "", List.of(), List.of(), 5, stages, Map.of(), null));
  }

  private static StageDefinition stage(int i, boolean fan, boolean last, SplittableRandom random) {
    Duration timeout = random.nextInt(4) == 0 ? Duration.ofSeconds(8) : null;
    Duration queue = random.nextInt(8) == 0 ? Duration.ofSeconds(45) : null;
    return new StageDefinition(
        "s" + i,
        "noop",
        "default",
        "{}",
        i == 0 || last ? Need.none() : needs(i, random),
        retry(random),
        timeout,
        queue,
        rules(fan, last, random));
  }

  private static RetryPolicy retry(SplittableRandom random) {
    return new RetryPolicy(
        random.nextInt(1, 5),
        Backoff.EXPONENTIAL,
        Duration.ofMillis(random.nextInt(100, 2_000)),
        2,
        Duration.ofSeconds(10),
        0.2,
        random.nextInt(1, 6));
  }

  private static StageRules rules(boolean fan, boolean last, SplittableRandom random) {
    StageRules none = StageRules.NONE;
    boolean locks = random.nextInt(4) == 0;
    return new StageRules(
        last ? Phase.FINALLY : Phase.MAIN,
        null,
        null,
        null,
        fan ? "[1, 2, 3, 4]" : null,
        fan ? random.nextInt(1, 4) : none.maxParallel(),
        fan ? new Tolerance(random.nextInt(3), -1) : none.tolerate(),
        random.nextInt(10) == 0 ? Duration.ofSeconds(30) : null,
        null,
        locks ? List.of(new LockUse(LOCKS.get(random.nextInt(2)), 1, false)) : List.of(),
        null,
        null,
        null);
  }

  private static Need needs(int i, SplittableRandom random) {
    List<Need> leaves = new ArrayList<>();
    for (int other = 0; other < i; other++) {
      if (random.nextBoolean()) {
        Need leaf = new Need.Stage("s" + other, is(random));
        leaves.add(random.nextInt(8) == 0 ? new Need.Not(List.of(leaf)) : leaf);
      }
    }
    if (leaves.isEmpty()) {
      return Need.none();
    }
    return random.nextInt(3) == 0 ? new Need.Any(leaves) : new Need.All(leaves);
  }

  private static Need.Is is(SplittableRandom random) {
    int any = random.nextInt(10);
    if (any < 8) {
      return Need.Is.COMPLETED;
    }
    return any == 8 ? Need.Is.ENDED : Need.Is.FAILED;
  }
}
