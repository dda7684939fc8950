package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.scheduler.store.Stages;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

/** Runs are numbers, the run's own seat is stage -1. */
class DeadlocksTest {
  private final List<Deadlocks.Node> nodes = new ArrayList<>();
  private int capacity = 1;

  private static Stages.Key key(long run, int index) {
    return new Stages.Key(run, index);
  }

  private void holds(long run, int index, String... subjects) {
    add(run, index, true, subjects);
  }

  private void waits(long run, int index, String... subjects) {
    add(run, index, false, subjects);
  }

  private void add(long run, int index, boolean held, String... subjects) {
    List<Seats.Ask> asks =
        List.of(subjects).stream().map(each -> new Seats.Ask(each, 1, false)).toList();
    List<Stages.Key> above = index < 0 ? List.of() : List.of(key(run, Seats.RUN));
    nodes.add(
        new Deadlocks.Node(
            key(run, index), above, asks, null, nodes.size(), held, false, Set.of()));
  }

  private Deadlocks.Way found() {
    return Deadlocks.find(nodes, any -> capacity);
  }

  @Test
  void waitingAloneIsNone() {
    holds(1, -1, "a");
    waits(2, 0, "a");
    waits(3, 0, "a", "b");
    waits(4, -1, "b");
    assertThat(found()).isNull();
  }

  @Test
  void aRingOfThreeIsEndedByItsYoungest() {
    holds(1, -1, "a");
    holds(2, -1, "b");
    holds(3, -1, "c");
    waits(1, 0, "b");
    waits(2, 0, "c");
    waits(3, 0, "a");
    waits(9, 0, "a"); // behind the ring, and not in it
    assertThat(found()).isEqualTo(new Deadlocks.Way.GiveWay(key(3, 0), List.of(3L, 1L, 2L)));
  }

  @Test
  void anotherHolderThatEndsIsEnough() {
    capacity = 2;
    holds(1, -1, "a");
    holds(2, -1, "b");
    holds(3, 0, "b");
    waits(1, 0, "b");
    waits(2, 0, "a");
    assertThat(found()).as("a has room, b will have").isNull();
    holds(4, -1, "a");
    waits(4, 0, "b");
    assertThat(found()).as("stage 3/0 ends, then 1, 2 and 4 in their order").isNull();
  }

  @Test
  void theOrderOfTheLineGivesWayFirst() {
    holds(1, -1, "a");
    waits(2, 0, "a", "b");
    waits(1, 0, "b");
    assertThat(found()).isEqualTo(new Deadlocks.Way.Pass(key(1, 0), Set.of(key(2, 0))));
  }

  @Test
  void aLongLineBehindAHolderIsLookedAtQuickly() {
    holds(1, -1, "a");
    for (int i = 2; i < 20_000; i++) {
      waits(i, 0, "a");
    }
    assertThat(found()).isNull();
    waits(1, 0, "a");
    assertThat(found()).as("it has it by its run").isNull();
  }
}
