package dev.millrace.scheduler.sweep;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Claim;
import dev.millrace.model.RunId;
import dev.millrace.scheduler.store.Stages;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.NavigableSet;
import java.util.TreeSet;
import org.junit.jupiter.api.Test;

/** However many there are and however few fit a pass: each is looked at in every round. */
class RoundsTest {
  private final NavigableSet<Stages.Key> stages =
      new TreeSet<>(Comparator.comparingLong(Stages.Key::run).thenComparingInt(Stages.Key::index));
  private final List<Long> seen = new ArrayList<>();
  private int pages;

  private List<Stages.Open> page(Stages.Key after, int limit) {
    pages++;
    return stages.tailSet(after, false).stream()
        .limit(limit)
        .map(key -> new Stages.Open(key, new Claim(new RunId(key.run()), "main", 1), "w"))
        .toList();
  }

  private boolean goOn(Rounds rounds) {
    return rounds.goOn(this::page, stage -> seen.add(stage.key().run()));
  }

  private void stages(long from, long to) {
    for (long run = from; run <= to; run++) {
      stages.add(new Stages.Key(run, 0));
    }
  }

  @Test
  void aRoundGoesOnWhereThePassBeforeEnded() {
    stages(1, 11);
    Rounds rounds = new Rounds(2, 2);
    assertThat(goOn(rounds)).isFalse();
    assertThat(seen).containsExactly(1L, 2L, 3L, 4L);
    assertThat(goOn(rounds)).isFalse();
    assertThat(goOn(rounds)).isTrue();
    assertThat(seen).containsExactly(1L, 2L, 3L, 4L, 5L, 6L, 7L, 8L, 9L, 10L, 11L);
    assertThat(pages).isEqualTo(6);
    seen.clear();
    assertThat(goOn(rounds)).as("the next round begins").isFalse();
    assertThat(seen).containsExactly(1L, 2L, 3L, 4L);
  }

  @Test
  void whatComesAndGoesMeanwhileMovesNobodyOutOfTheRound() {
    stages(10, 20);
    Rounds rounds = new Rounds(3, 1);
    goOn(rounds); // 10, 11, 12
    stages.removeIf(key -> key.run() <= 13);
    stages(1, 3);
    stages(30, 30);
    while (!goOn(rounds)) {
      assertThat(pages).isLessThan(20);
    }
    assertThat(seen).containsExactly(10L, 11L, 12L, 14L, 15L, 16L, 17L, 18L, 19L, 20L, 30L);
    seen.clear();
    while (!goOn(rounds)) {
      assertThat(pages).isLessThan(40);
    }
    assertThat(seen).as("those before its place come with the next").contains(1L, 2L, 3L);
  }

  @Test
  void anEmptyTableIsARoundOfItsOwn() {
    Rounds rounds = new Rounds(2, 2);
    assertThat(goOn(rounds)).isTrue();
    stages(1, 2);
    assertThat(goOn(rounds)).as("a full page may not be the last").isTrue();
    assertThat(seen).containsExactly(1L, 2L);
  }
}
