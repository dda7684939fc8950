package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.PatternDefinition;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.store.JobBatches;
import dev.millrace.scheduler.store.Patterns;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.HashSet;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.jdbi.v3.core.Handle;

/**
 * The patterns that come with a set, and the keys of all that its jobs use. First resolved, then
 * written. The leader's thread and transaction; one set.
 */
final class SetPatterns {
  /** Stands for the key of a pattern that is not written yet. */
  private static final long TO_COME = -1;

  /**
   * One of them.
   *
   * @param version that the jobs of the set were made of
   */
  private record One(PatternDesk.Given given, int version) {
    Patterns.Use use() {
      PatternDefinition pattern = given.pattern();
      return new Patterns.Use(pattern.namespace(), pattern.name(), version);
    }
  }

  private final List<One> all;
  private final Map<One, Patterns.Row> rows = new HashMap<>();
  private final Map<Patterns.Use, Long> keys = new HashMap<>();

  private SetPatterns(List<One> all) {
    this.all = all;
  }

  /**
   * @throws IllegalArgumentException when one cannot be read, with a message for people
   */
  static SetPatterns of(JsonNode list) {
    List<One> all = new ArrayList<>();
    for (JsonNode one : list) {
      all.add(new One(PatternDesk.Given.of(one), one.path("version").asInt()));
    }
    return new SetPatterns(all);
  }

  /** The jobs with the keys of their patterns; what is in the way of that is a problem. */
  List<Wanted> resolve(Handle tx, List<Wanted> jobs, String source, SetDesk.Problems problems) {
    for (One one : all) {
      PatternDefinition pattern = one.given.pattern();
      JobBatches.Name name = new JobBatches.Name(pattern.namespace(), pattern.name());
      Patterns.Row row = Patterns.find(tx, pattern.namespace(), pattern.name()).orElse(null);
      int version = row == null ? 1 : isNew(one, row) ? row.version() + 1 : row.version();
      var refusal =
          row == null
              ? null
              : Owners.refusal("pattern '" + pattern.name() + "'", row.source(), source);
      if (refusal != null) {
        problems.add(one.given.file(), name, refusal.detail() + "; " + refusal.remedy());
      } else if (version != one.version) {
        problems.add(
            one.given.file(),
            name,
            "pattern '" + pattern.name() + "' has changed meanwhile; apply again");
      }
      rows.put(one, row);
      keys.put(one.use(), row == null ? TO_COME : row.id());
    }
    List<Patterns.Use> others =
        jobs.stream()
            .map(Wanted::use)
            .filter(use -> use != null && !keys.containsKey(use))
            .distinct()
            .toList();
    keys.putAll(Patterns.ids(tx, others));
    for (Wanted job : jobs) {
      if (job.use() != null && keys.get(job.use()) == null) {
        problems.add(
            job.name().name(),
            job.name(),
            "its pattern "
                + job.use().name()
                + "@"
                + job.use().version()
                + " is not there any more");
      }
    }
    return jobs.stream().map(this::withKey).toList();
  }

  private static boolean isNew(One one, Patterns.Row row) {
    return row == null || !row.hash().equals(one.given.hash());
  }

  /** The job with the key of its pattern, as far as that is known. */
  Wanted withKey(Wanted job) {
    return job.use() == null ? job : job.with(keys.get(job.use()));
  }

  /**
   * Writes those that changed; jobs get their keys only then.
   *
   * @return how many
   */
  int write(Handle tx, Command command, String source, long now) {
    int written = 0;
    for (One one : all) {
      Patterns.Row row = rows.get(one);
      if (isNew(one, row)) {
        keys.put(one.use(), PatternDesk.write(tx, command, one.given, row, source, now).key());
        written++;
      }
    }
    return written;
  }

  /** Deletes what the set owns, no file says and nobody uses; what is used stays. */
  void prune(Handle tx, String source, long now) {
    Set<JobBatches.Name> kept = new HashSet<>();
    all.stream()
        .map(one -> one.given.pattern())
        .forEach(one -> kept.add(new JobBatches.Name(one.namespace(), one.name())));
    for (Patterns.Row row : Patterns.ofSource(tx, source)) {
      boolean wanted = kept.contains(new JobBatches.Name(row.namespace(), row.name()));
      if (!wanted && Patterns.users(tx, row.id(), 1).isEmpty()) {
        Patterns.delete(tx, row.id(), now);
      }
    }
  }
}
