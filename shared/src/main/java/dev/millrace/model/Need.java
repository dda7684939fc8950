package dev.millrace.model;

import java.util.ArrayList;
import java.util.List;
import java.util.function.Consumer;

/**
 * What a stage waits for: a condition over how other stages ended, nested at will. Immutable; JDK
 * only.
 */
public sealed interface Need {
  /** Always true: the stage starts with its run. */
  static Need none() {
    return new All(List.of());
  }

  /** What must have become of the other stage. */
  enum Is {
    /** COMPLETED, SKIPPED_COMPLETE or ACKNOWLEDGED. */
    COMPLETED,
    FAILED,
    /** SKIPPED or SKIPPED_COMPLETE. */
    SKIPPED,
    CANCELLED,
    /** Ended, however. */
    ENDED
  }

  /** One other stage. */
  record Stage(String id, Is is) implements Need {}

  /** All of these; true when empty. */
  record All(List<Need> of) implements Need {
    public All {
      of = List.copyOf(of);
    }
  }

  /** At least one of these; false when empty. */
  record Any(List<Need> of) implements Need {
    public Any {
      of = List.copyOf(of);
    }
  }

  /** None of these, judged as things are now: it does not wait for them to end. */
  record Not(List<Need> of) implements Need {
    public Not {
      of = List.copyOf(of);
    }
  }

  /** The list form: all of these stages must be complete. */
  static Need completed(List<String> ids) {
    return new All(ids.stream().<Need>map(id -> new Stage(id, Is.COMPLETED)).toList());
  }

  /** The stages that are named, each once, in the order of the text. */
  default List<String> stages() {
    List<String> found = new ArrayList<>();
    visit(
        leaf -> {
          if (!found.contains(leaf.id())) {
            found.add(leaf.id());
          }
        });
    return found;
  }

  /** Calls {@code seen} with each leaf in the order of the text. */
  default void visit(Consumer<Stage> seen) {
    switch (this) {
      case Stage leaf -> seen.accept(leaf);
      case All all -> all.of.forEach(need -> need.visit(seen));
      case Any any -> any.of.forEach(need -> need.visit(seen));
      case Not not -> not.of.forEach(need -> need.visit(seen));
    }
  }
}
