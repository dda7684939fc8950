package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.lifecycle.RunState;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;

/**
 * The runs that stages wait for, and who holds which lock: what the leader keeps beside the engine.
 * One thread.
 */
final class World {
  /** A run that was made for a stage. */
  static final class Child {
    final int stage;
    final int attempt;
    final int item;
    RunState ended;

    Child(int stage, int attempt, int item) {
      this.stage = stage;
      this.attempt = attempt;
      this.item = item;
    }
  }

  private final Plan plan;
  private final List<Child> children = new ArrayList<>();
  private final Map<String, Integer> next = new HashMap<>();
  private final boolean[] seats;

  World(Plan plan) {
    this.plan = plan;
    this.seats = new boolean[plan.size()];
  }

  /** Does what the leader would do about wishes. */
  void fulfil(List<Wish> wishes) {
    for (Wish wish : wishes) {
      if (wish instanceof Wish.StartItems items) {
        String key = items.stage() + "/" + items.attempt();
        assertThat(items.from()).as("items in order").isEqualTo(next.getOrDefault(key, 0));
        assertThat(items.until()).isGreaterThan(items.from());
        next.put(key, items.until());
        for (int i = items.from(); i < items.until(); i++) {
          children.add(new Child(items.stage(), items.attempt(), i));
        }
      } else if (wish instanceof Wish.StartJob job) {
        children.add(new Child(job.stage(), job.attempt(), -1));
      }
    }
  }

  long count(int stage, int attempt, RunState ended) {
    return children.stream()
        .filter(each -> each.stage == stage && each.attempt == attempt && each.ended == ended)
        .count();
  }

  /**
   * @param state null when it goes on
   */
  void ended(int stage, int attempt, int item, RunState state) {
    for (Child each : children) {
      if (each.stage == stage && each.attempt == attempt && each.item == item) {
        each.ended = state;
      }
    }
  }

  Child openOf(int stage, int attempt) {
    return children.stream()
        .filter(each -> each.stage == stage && each.attempt == attempt && each.ended == null)
        .findFirst()
        .orElse(null);
  }

  Child anyEnded(SplittableRandom random) {
    List<Child> ended = children.stream().filter(each -> each.ended != null).toList();
    return ended.isEmpty() ? null : ended.get(random.nextInt(ended.size()));
  }

  /** A seat is taken when it is granted and given back when the stage leaves the line. */
  void granted(int stage) {
    seats[stage] = true;
  }

  void moved(Replay.Move move) {
    boolean keeps =
        switch (move.to()) {
          case "READY", "QUEUED", "RUNNING" -> true;
          default -> false;
        };
    if (!keeps) {
      seats[move.stage()] = false;
    }
  }

  void assertSeated(int stage, Stage now) {
    boolean needsOne =
        Led.takesLocks(plan, stage)
            && switch (now.state()) {
              case READY, QUEUED, RUNNING -> true;
              default -> false;
            };
    Law.holds(seats[stage] || !needsOne, "holds its locks: %s", now);
  }
}
