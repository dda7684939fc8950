package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;
import org.junit.jupiter.api.Test;

/** What is given back again and again is there once. */
class DistinctQueueTest {
  @Test
  void firstInFirstOutAndNothingTwice() {
    DistinctQueue<String> queue = new DistinctQueue<>();
    assertThat(queue.poll()).isNull();
    queue.addAll(List.of("a", "b", "a"));
    queue.add("b");
    queue.add("c");
    assertThat(queue.isEmpty()).isFalse();
    assertThat(List.of(queue.poll(), queue.poll(), queue.poll())).containsExactly("a", "b", "c");
    assertThat(queue.isEmpty()).isTrue();
    queue.add("a");
    assertThat(queue.poll()).as("it may come again when it is out").isEqualTo("a");
  }
}
