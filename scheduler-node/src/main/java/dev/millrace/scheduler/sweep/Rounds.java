package dev.millrace.scheduler.sweep;

import dev.millrace.scheduler.store.Stages;
import java.util.List;
import java.util.function.Consumer;

/**
 * Goes round and round over stages in the order of their keys, a bounded number of pages at a time,
 * so that however many there are, each is looked at once in every round. The owner's loop only.
 */
final class Rounds {
  /** Reads up to so many stages after a key, in the order of keys. */
  @FunctionalInterface
  interface Page {
    List<Stages.Open> after(Stages.Key key, int limit);
  }

  private final int pageSize;
  private final int pagesMax;
  private Stages.Key last = Stages.Key.BEFORE_ALL;

  /**
   * @param pagesMax in one call of {@link #goOn}
   */
  Rounds(int pageSize, int pagesMax) {
    this.pageSize = pageSize;
    this.pagesMax = pagesMax;
  }

  /**
   * Goes on where the last call ended.
   *
   * @return true when the round is complete; the next call begins another
   */
  boolean goOn(Page page, Consumer<Stages.Open> each) {
    for (int i = 0; i < pagesMax; i++) {
      List<Stages.Open> stages = page.after(last, pageSize);
      stages.forEach(each);
      if (stages.size() < pageSize) {
        last = Stages.Key.BEFORE_ALL;
        return true;
      }
      last = stages.getLast().key();
    }
    return false;
  }
}
