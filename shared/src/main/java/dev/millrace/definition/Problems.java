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
  private Places places;
  private int unsure;

  Problems(String source) {
    this.source = source;
  }

  void add(Doc at, String path, String message) {
    add(at.line(), at.column(), path, message);
  }

  void add(int line, int column, String path, String message) {
    Places.Place place = places == null ? null : places.of(line);
    if (place == null) {
      add(new Problem(source, line, column, path, message));
    } else if (place.sure()) {
      String note = place.note().isEmpty() ? "" : " (" + place.note() + ")";
      add(new Problem(source, place.line(), place.column(), path, message + note));
    } else {
      unsure++;
    }
  }

  /** What is read from here on comes from these places; null for the text itself. */
  void placesAre(Places of) {
    places = of;
  }

  private void add(Problem problem) {
    if (!isFull() && !found.contains(problem)) {
      found.add(problem);
    }
  }

  /** True when what was read is good; what is wrong where a sample stands makes it bad, too. */
  boolean none() {
    return found.isEmpty() && unsure == 0;
  }

  /** True when nothing more is told; then there is no use in looking for more. */
  boolean isFull() {
    return found.size() >= PROBLEMS_MAX;
  }

  int count() {
    return found.size() + unsure;
  }

  /** In the order of the text. */
  List<Problem> sorted() {
    return found.stream()
        .sorted(Comparator.comparingInt(Problem::line).thenComparingInt(Problem::column))
        .toList();
  }
}
