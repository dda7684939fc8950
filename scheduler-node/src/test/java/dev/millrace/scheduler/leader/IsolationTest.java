package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.runtime.QuietFailure;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import org.junit.jupiter.api.Test;

class IsolationTest {
  private static final int MAX = 2_000;
  private final RuntimeException failure = new ArithmeticException("long overflow");
  private static final Isolation.Taken NONE = new Isolation.Taken(0, null);

  private final Isolation isolation = new Isolation(MAX);

  /** Passes until both are empty; what was set aside comes back. */
  private List<Object> passes(List<Integer> reports, List<Integer> commands, Set<Integer> bad) {
    List<Object> aside = new ArrayList<>();
    int passes = 0;
    while (!reports.isEmpty() || !commands.isEmpty()) {
      assertThat(passes++).as("passes without an end").isLessThan(200);
      List<Integer> some = first(reports, isolation.reportsMax());
      List<Integer> others = first(commands, isolation.commandsMax());
      Isolation.Guilty report = isolation.guiltyReport();
      Isolation.Guilty command = isolation.guiltyCommand();
      boolean fails = false;
      for (List<Integer> taken : List.of(some, others)) {
        for (Integer one : taken) {
          boolean known =
              (report != null && one.equals(report.input()))
                  || (command != null && one.equals(command.input()));
          if (known) {
            aside.add(one);
          }
          fails |= bad.contains(one) && !known;
        }
      }
      if (fails) {
        assertThat(isolation.failed(failure, taken(some), taken(others))).isTrue();
      } else {
        isolation.succeeded(taken(some), taken(others));
        some.clear();
        others.clear();
      }
    }
    return aside;
  }

  private static List<Integer> first(List<Integer> of, int max) {
    return of.subList(0, Math.min(max, of.size()));
  }

  private static Isolation.Taken taken(List<Integer> some) {
    return new Isolation.Taken(some.size(), some.isEmpty() ? null : some.getFirst());
  }

  private static List<Integer> numbers(int from, int count) {
    List<Integer> numbers = new ArrayList<>();
    for (int i = 0; i < count; i++) {
      numbers.add(from + i);
    }
    return numbers;
  }

  @Test
  void findsEachAmongThousands() {
    for (int at : new int[] {0, 1, 777, 1_998, 1_999}) {
      assertThat(passes(numbers(0, 0), numbers(0, MAX), Set.of(at))).containsExactly(at);
    }
    assertThat(passes(numbers(0, MAX), numbers(10_000, MAX), Set.of(3, 1_500, 10_001)))
        .containsExactlyInAnyOrder(3, 1_500, 10_001);
    assertThat(isolation.reportsMax()).isEqualTo(MAX);
    assertThat(isolation.commandsMax()).isEqualTo(MAX);
  }

  @Test
  void nothingIsToBlameWhenAPassWithoutAnyFailsToo() {
    Isolation.Taken one = new Isolation.Taken(1, 7);
    assertThat(isolation.failed(failure, NONE, one)).isTrue();
    assertThat(isolation.commandsMax()).as("without").isZero();
    assertThat(isolation.failed(failure, NONE, NONE)).isFalse();
    assertThat(isolation.guiltyCommand()).isNull();
    assertThat(isolation.commandsMax()).isEqualTo(MAX);
  }

  @Test
  void whatFailedOnceIsInnocent() {
    Isolation.Taken one = new Isolation.Taken(1, 7);
    assertThat(isolation.failed(failure, NONE, one)).isTrue();
    assertThat(isolation.succeeded(NONE, NONE)).isTrue();
    assertThat(isolation.guiltyCommand()).isNull();
    isolation.succeeded(NONE, one);
    isolation.succeeded(NONE, NONE);
    assertThat(isolation.active()).isFalse();
  }

  @Test
  void aTermThatEndedIsNobodysFault() {
    Isolation.Taken one = new Isolation.Taken(1, 7);
    assertThat(isolation.failed(new QuietFailure("epoch 7 is over"), NONE, one)).isFalse();
    assertThat(isolation.active()).isFalse();
  }
}
