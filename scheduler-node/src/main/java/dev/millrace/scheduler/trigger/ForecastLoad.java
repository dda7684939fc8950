package dev.millrace.scheduler.trigger;

import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeMap;

/**
 * How many runs a forecast has in each minute or second, and of how many jobs: three numbers for
 * each, whatever the triggers. Takes the triggers of one job in a row. One thread.
 */
public final class ForecastLoad implements Forecast.Sink {
  /**
   * One minute or second in which something fires.
   *
   * @param at its first instant
   * @param jobs that have a tick in it
   */
  public record Bucket(long at, int ticks, int jobs) {}

  private final long first;
  private final long width;
  private final int[] ticks;
  private final int[] jobs;
  private final long[] lastJob;
  private long total;

  /**
   * @param width of one bucket in microseconds; buckets begin at whole multiples of it
   */
  public ForecastLoad(long from, long to, long width) {
    this.first = Math.floorDiv(from, width);
    this.width = width;
    int count = (int) (Math.floorDiv(to - 1, width) - first + 1);
    this.ticks = new int[count];
    this.jobs = new int[count];
    this.lastJob = new long[count];
  }

  /** How many buckets a range has. */
  public static long count(long from, long to, long width) {
    return Math.floorDiv(to - 1, width) - Math.floorDiv(from, width) + 1;
  }

  private int index(long at) {
    return (int) (Math.floorDiv(at, width) - first);
  }

  @Override
  public boolean take(Forecast.Outcome outcome) {
    if (outcome.fires()) {
      int index = index(outcome.at());
      ticks[index]++;
      total++;
      if (lastJob[index] != outcome.source().row().job()) {
        lastJob[index] = outcome.source().row().job();
        jobs[index]++;
      }
    }
    return true;
  }

  /** Runs in the whole range. */
  public long total() {
    return total;
  }

  private Bucket bucket(int index) {
    return new Bucket((first + index) * width, ticks[index], jobs[index]);
  }

  /** Those in which something fires, in their order. */
  public List<Bucket> buckets() {
    List<Bucket> all = new ArrayList<>();
    for (int i = 0; i < ticks.length; i++) {
      if (ticks[i] > 0) {
        all.add(bucket(i));
      }
    }
    return all;
  }

  /** Those in which several jobs fire, the worst first, the earlier one of two alike. */
  public List<Bucket> collisions(int limit) {
    return buckets().stream()
        .filter(bucket -> bucket.jobs > 1)
        .sorted(
            Comparator.comparingInt(Bucket::jobs)
                .thenComparingInt(Bucket::ticks)
                .reversed()
                .thenComparingLong(Bucket::at))
        .limit(limit)
        .toList();
  }

  /** The names of the first so many jobs in each of some buckets; they are looked for again. */
  public static final class Names implements Forecast.Sink {
    private final long width;
    private final int limit;
    private final Map<Long, Set<String>> found = new TreeMap<>();

    public Names(List<Bucket> buckets, long width, int limit) {
      this.width = width;
      this.limit = limit;
      buckets.forEach(bucket -> found.put(bucket.at, new LinkedHashSet<>()));
    }

    @Override
    public boolean take(Forecast.Outcome outcome) {
      Set<String> names = found.get(Math.floorDiv(outcome.at(), width) * width);
      if (names != null && outcome.fires() && names.size() < limit) {
        names.add(outcome.source().namespace() + "/" + outcome.source().job());
      }
      return true;
    }

    /** True when nothing can be added any more. */
    public boolean complete(List<Bucket> buckets) {
      return buckets.stream()
          .allMatch(bucket -> found.get(bucket.at).size() >= Math.min(limit, bucket.jobs));
    }

    /** {@code namespace/job} of a bucket. */
    public List<String> of(Bucket bucket) {
      return List.copyOf(found.get(bucket.at));
    }
  }
}
