package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.StageState;
import dev.millrace.model.Need;
import java.util.List;
import java.util.function.ToIntFunction;

/**
 * What a stage needs, compiled to indexes. Two questions are asked of it: does it hold as things
 * are, and can it ever hold, which errs on the side of yes while stages are open and is exact when
 * all of them have ended. So every stage starts or is skipped, and every run ends. Immutable.
 */
sealed interface Condition {
  /** True as the stages are now. */
  boolean holds(Stage[] stages);

  /** False when no move but a person's can make it true any more. */
  boolean possible(Stage[] stages);

  /** False when no move but a person's can make it false any more: what negation needs. */
  boolean avoidable(Stage[] stages);

  static Condition of(Need need, ToIntFunction<String> index) {
    return switch (need) {
      case Need.Stage leaf -> new Leaf(index.applyAsInt(leaf.id()), leaf.is());
      case Need.All all -> new All(all.of().stream().map(each -> of(each, index)).toList());
      case Need.Any any -> new Any(any.of().stream().map(each -> of(each, index)).toList());
      case Need.Not not -> new None(not.of().stream().map(each -> of(each, index)).toList());
    };
  }

  /** One other stage. */
  record Leaf(int stage, Need.Is is) implements Condition {
    @Override
    public boolean holds(Stage[] stages) {
      Stage stage = stages[stage()];
      return stage.isSettled() && is(stage.state());
    }

    @Override
    public boolean possible(Stage[] stages) {
      return !stages[stage].isSettled() || is(stages[stage].state());
    }

    @Override
    public boolean avoidable(Stage[] stages) {
      return !holds(stages);
    }

    private boolean is(StageState state) {
      return switch (is) {
        case COMPLETED -> state.countsAsComplete();
        case FAILED -> state == StageState.FAILED;
        case SKIPPED -> state == StageState.SKIPPED || state == StageState.SKIPPED_COMPLETE;
        case CANCELLED -> state == StageState.CANCELLED;
        case ENDED -> state.isFinal();
      };
    }
  }

  /** All of them; true when there are none. */
  record All(List<Condition> of) implements Condition {
    @Override
    public boolean holds(Stage[] stages) {
      for (Condition each : of) {
        if (!each.holds(stages)) {
          return false;
        }
      }
      return true;
    }

    @Override
    public boolean possible(Stage[] stages) {
      return of.stream().allMatch(each -> each.possible(stages));
    }

    @Override
    public boolean avoidable(Stage[] stages) {
      return of.stream().anyMatch(each -> each.avoidable(stages));
    }
  }

  /** At least one of them. */
  record Any(List<Condition> of) implements Condition {
    @Override
    public boolean holds(Stage[] stages) {
      return of.stream().anyMatch(each -> each.holds(stages));
    }

    @Override
    public boolean possible(Stage[] stages) {
      return of.stream().anyMatch(each -> each.possible(stages));
    }

    @Override
    public boolean avoidable(Stage[] stages) {
      return of.stream().allMatch(each -> each.avoidable(stages));
    }
  }

  /** None of them now. */
  record None(List<Condition> of) implements Condition {
    @Override
    public boolean holds(Stage[] stages) {
      return of.stream().noneMatch(each -> each.holds(stages));
    }

    @Override
    public boolean possible(Stage[] stages) {
      return of.stream().allMatch(each -> each.avoidable(stages));
    }

    @Override
    public boolean avoidable(Stage[] stages) {
      return of.stream().anyMatch(each -> each.possible(stages));
    }
  }
}
