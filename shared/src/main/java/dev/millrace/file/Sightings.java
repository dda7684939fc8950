package dev.millrace.file;

import java.time.Duration;
import java.time.Instant;
import java.util.ArrayList;
import java.util.Collection;
import java.util.Comparator;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * Since when files look as they do: what tells a file that is whole from one that is being written.
 * Whoever begins anew knows of no file, so nothing is whole too early. Pure and immutable.
 */
public final class Sightings {
  public static final Sightings NONE = new Sightings(Map.of());

  /** A file, and the first of the looks in a row that found it so. */
  private record Seen(FileMark mark, long sinceNanos) {}

  private final Map<String, Seen> seen;

  private Sightings(Map<String, Seen> seen) {
    this.seen = seen;
  }

  /**
   * What a file must be like to be whole.
   *
   * @param stableFor neither size nor time have changed for so long
   * @param minAge so long ago it was written
   * @param minSize bytes
   */
  public record Rule(Duration stableFor, Duration minAge, long minSize) {
    /** Was it written long enough ago? */
    public boolean isOld(FileMark mark, Instant now) {
      return minAge.isZero() || Duration.between(mark.modified(), now).compareTo(minAge) >= 0;
    }
  }

  /** After another look. A file that was not found this time is new when it comes again. */
  public Sightings next(Collection<FileMark> found, long nanos) {
    Map<String, Seen> next = HashMap.newHashMap(found.size());
    for (FileMark mark : found) {
      Seen before = seen.get(mark.path());
      next.put(
          mark.path(), before != null && before.mark.equals(mark) ? before : new Seen(mark, nanos));
    }
    return new Sightings(next);
  }

  /**
   * Those that are whole at the last look, by path.
   *
   * @param nanos of that look
   * @param now by the clock that dates files
   */
  public List<FileMark> whole(Rule rule, long nanos, Instant now) {
    List<FileMark> whole = new ArrayList<>();
    for (Seen one : seen.values()) {
      if (nanos - one.sinceNanos >= rule.stableFor.toNanos()
          && one.mark.size() >= rule.minSize
          && rule.isOld(one.mark, now)) {
        whole.add(one.mark);
      }
    }
    whole.sort(Comparator.comparing(FileMark::path));
    return whole;
  }

  public int size() {
    return seen.size();
  }
}
