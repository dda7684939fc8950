package dev.millrace.definition;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;

/** Collects everything that is wrong with one text. Confined to the thread that reads it. */
final class Problems {
  /** A hostile text must not become a megabyte of answers. */
  private static final int PROBLEMS_MAX = 200;

  private final String source;
  private final List<Problem> found = new ArrayList<>();

  Problems(String source) {
    this.source = source;
  }

  void add(Doc at, String path, String message) {
    add(at.line(), at.column(), path, message);
  }

  void add(int line, int column, String path, String message) {
    Problem problem = new Problem(source, line, column, path, message);
    if (!isFull() && !found.contains(problem)) {
      found.add(problem);
    }
  }

  boolean none() {
    return found.isEmpty();
  }

  /** True when nothing more is told; then there is no use in looking for more. */
  boolean isFull() {
    return found.size() >= PROBLEMS_MAX;
  }

  int count() {
    return found.size();
  }

  /** In the order of the text. */
  List<Problem> sorted() {
    return found.stream()
        .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
        .toList();
  }
}
