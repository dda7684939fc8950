package dev.millrace.definition;

import java.util.ArrayList;
import java.util.List;

/**
 * Where the parts of a job come from that was made of a pattern: each part stands in the pattern's
 * text and was asked for by a line of the job's. Parts carry numbers beyond any line of a text
 * instead of their lines, so that the readers need not know. Confined to one thread.
 */
final class Places {
  /** No text that is read has as many lines. */
  private static final int FIRST = 1 << 24;

  /**
   * One place.
   *
   * @param line in the text that is read; what a person has to look at first
   * @param note the other place, as words after a message; empty for none
   * @param sure false where a sample stands for a value that is not known yet: what is wrong there
   *     may be right with another value
   */
  record Place(int line, int column, String note, boolean sure) {}

  private final List<Place> places = new ArrayList<>();

  /** The number that stands for it as a line. */
  int add(Place place) {
    places.add(place);
    return FIRST + places.size() - 1;
  }

  /** The place of such a number, or null for an ordinary line. */
  Place of(int line) {
    return line < FIRST ? null : places.get(line - FIRST);
  }
}
