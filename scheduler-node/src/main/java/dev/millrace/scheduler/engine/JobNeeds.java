package dev.millrace.scheduler.engine;

import dev.millrace.lifecycle.RunState;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import java.time.Duration;
import java.time.LocalDate;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.LongFunction;
import java.util.function.Predicate;

/**
 * Judges a condition over runs of other jobs. What is under {@code not} is judged by the last run
 * of each job, whichever it was; everything else by the runs that count. Time alone makes nothing
 * true, so it is enough to judge when a run has ended. Pure and stateless.
 */
public final class JobNeeds {
  private JobNeeds() {}

  /** What is known of the runs of a job, named as the condition does. */
  public interface Ends {
    /** The newest run that counts and ended so, or null. */
    JobEnd counting(String job, Need.Is is);

    /** The last run that ended, or null. */
    JobEnd last(String job);
  }

  /**
   * Ends that were looked up before.
   *
   * @param byName by the names that the condition has for the jobs: at least the newest of each
   *     outcome, of those that may count
   * @param counts by the key of a job, which of its ends count
   */
  public record Known(Map<String, List<JobEnd>> byName, LongFunction<Counts> counts)
      implements Ends {
    @Override
    public JobEnd counting(String job, Need.Is is) {
      return newest(job, end -> is(is, end.outcome()) && counts.apply(end.job()).test(end));
    }

    @Override
    public JobEnd last(String job) {
      return newest(job, end -> true);
    }

    private JobEnd newest(String job, Predicate<JobEnd> wanted) {
      return byName.getOrDefault(job, List.of()).stream()
          .filter(wanted)
          .max(Comparator.comparingLong(JobEnd::number))
          .orElse(null);
    }
  }

  /**
   * A part of a condition that does not hold.
   *
   * @param blocks true when it is under {@code not} and holds
   */
  public record Missing(Need.Stage job, boolean blocks) {}

  /**
   * What came of it.
   *
   * @param by the runs that make it true, by the names of their jobs; none when it does not hold
   * @param missing why it does not hold; none when it does
   */
  public record Judged(boolean holds, Map<String, JobEnd> by, List<Missing> missing) {}

  /**
   * Which ends of runs count.
   *
   * @param after only those with a greater number
   * @param endedAfter only those that ended later
   * @param within only those that ended at most so long before {@code now}; null for no limit
   */
  public record Counts(long after, long endedAfter, Duration within, long now) {
    /** True when this one counts. */
    public boolean test(JobEnd end) {
      return end.number() > after
          && end.endedAt() > endedAfter
          && (within == null
              || now - end.endedAt() <= TimeUnit.MILLISECONDS.toMicros(within.toMillis()));
    }
  }

  public static Judged judge(Need need, Ends ends) {
    Map<String, JobEnd> by = new LinkedHashMap<>();
    List<Missing> missing = new ArrayList<>();
    boolean holds = holds(need, ends, by, missing);
    return new Judged(holds, holds ? by : Map.of(), holds ? List.of() : missing);
  }

  private static boolean holds(
      Need need, Ends ends, Map<String, JobEnd> by, List<Missing> missing) {
    return switch (need) {
      case Need.Stage job -> {
        JobEnd end = ends.counting(job.id(), job.is());
        if (end == null) {
          missing.add(new Missing(job, false));
        } else {
          by.merge(job.id(), end, (one, other) -> one.number() > other.number() ? one : other);
        }
        yield end != null;
      }
      case Need.All all -> {
        boolean holds = true;
        Map<String, JobEnd> own = new LinkedHashMap<>();
        for (Need each : all.of()) {
          holds &= holds(each, ends, own, missing);
        }
        if (holds) {
          by.putAll(own);
        }
        yield holds;
      }
      case Need.Any any -> {
        boolean holds = false;
        List<Missing> own = new ArrayList<>();
        for (Need each : any.of()) {
          holds |= holds(each, ends, by, own);
        }
        if (!holds) {
          missing.addAll(own);
        }
        yield holds;
      }
      case Need.Not not -> {
        boolean holds = true;
        for (Need each : not.of()) {
          if (now(each, ends)) {
            each.visit(job -> missing.add(new Missing(job, true)));
            holds = false;
          }
        }
        yield holds;
      }
    };
  }

  /** As the last runs are, whether they count or not. */
  private static boolean now(Need need, Ends ends) {
    return switch (need) {
      case Need.Stage job -> {
        JobEnd last = ends.last(job.id());
        yield last != null && is(job.is(), last.outcome());
      }
      case Need.All all -> all.of().stream().allMatch(each -> now(each, ends));
      case Need.Any any -> any.of().stream().anyMatch(each -> now(each, ends));
      case Need.Not not -> not.of().stream().noneMatch(each -> now(each, ends));
    };
  }

  /** True when a run that ended so is what is asked for. */
  public static boolean is(Need.Is is, RunState outcome) {
    return switch (is) {
      case COMPLETED -> outcome == RunState.COMPLETED;
      case FAILED -> outcome == RunState.FAILED;
      case CANCELLED -> outcome == RunState.CANCELLED;
      case ENDED -> outcome.isFinal();
      case SKIPPED -> false; // a job is not skipped; the reader lets nobody ask
    };
  }

  /**
   * What runs have in common that belong together.
   *
   * @param plannedAt microseconds, 0 for none
   * @return 0 without a matching, and for a run that belongs to none
   */
  public static long key(Matching match, ZoneId zone, long plannedAt, long dayAt) {
    return switch (match) {
      case NONE -> 0;
      case PLANNED -> plannedAt;
      case DAY -> Values.instant(dayAt).atZone(zone).toLocalDate().toEpochDay();
    };
  }

  /** The instants that a key stands for: from, and until, which is not one of them. */
  public static long[] range(Matching match, ZoneId zone, long key) {
    if (match != Matching.DAY) {
      return new long[] {key, key + 1};
    }
    LocalDate day = LocalDate.ofEpochDay(key);
    return new long[] {
      Values.micros(day.atStartOfDay(zone).toInstant()),
      Values.micros(day.plusDays(1).atStartOfDay(zone).toInstant())
    };
  }
}
