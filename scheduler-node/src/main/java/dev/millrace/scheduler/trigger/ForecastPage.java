package dev.millrace.scheduler.trigger;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.List;
import java.util.PriorityQueue;

/**
 * The first so many outcomes after a place, of however many triggers: no more than those are in
 * memory at any time. One thread.
 */
public final class ForecastPage implements Forecast.Sink {
  /** A place in a forecast. */
  public record Place(long at, long trigger, long plannedAt) implements Comparable<Place> {
    private static final Comparator<Place> ORDER =
        Comparator.comparingLong(Place::at)
            .thenComparingLong(Place::trigger)
            .thenComparingLong(Place::plannedAt);

    /** Before everything. */
    public static final Place START = new Place(Long.MIN_VALUE, 0, 0);

    static Place of(Forecast.Outcome outcome) {
      return new Place(outcome.at(), outcome.source().row().id(), outcome.plannedAt());
    }

    @Override
    public int compareTo(Place other) {
      return ORDER.compare(this, other);
    }
  }

  private record Kept(Place place, Forecast.Outcome outcome) {}

  private final Place after;
  private final int limit;
  private final PriorityQueue<Kept> first =
      new PriorityQueue<>(Comparator.comparing(Kept::place).reversed());
  private boolean more;

  /**
   * @param after outcomes up to this place are left out
   */
  public ForecastPage(Place after, int limit) {
    this.after = after;
    this.limit = limit;
  }

  @Override
  public boolean take(Forecast.Outcome outcome) {
    Place place = Place.of(outcome);
    if (place.compareTo(after) <= 0) {
      return true;
    }
    if (first.size() < limit) {
      first.add(new Kept(place, outcome));
      return true;
    }
    more = true;
    if (place.compareTo(first.peek().place) < 0) {
      first.poll();
      first.add(new Kept(place, outcome));
      return true;
    }
    // Later ones of this trigger come later, but for those of one instant.
    return place.at == first.peek().place.at;
  }

  /** In their order. */
  public List<Forecast.Outcome> outcomes() {
    List<Kept> kept = new ArrayList<>(first);
    kept.sort(Comparator.comparing(Kept::place));
    return kept.stream().map(Kept::outcome).toList();
  }

  /** Where the next page begins, or null when this one is the last. */
  public Place next() {
    return more ? first.peek().place : null;
  }
}
