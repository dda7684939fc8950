package dev.millrace.definition;

import dev.millrace.model.AfterTrigger;
import dev.millrace.model.Matching;
import dev.millrace.model.Need;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.Requirement;
import java.time.Duration;
import java.time.ZoneId;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.List;
import java.util.Locale;
import java.util.Set;

/**
 * Reads what a job waits for of other jobs: {@code after} of a trigger and {@code requires}.
 * Confined to one thread.
 */
final class JobNeedReader {
  static final int JOBS_MAX = 100;

  private static final Duration SHORTEST = Duration.ofSeconds(1);
  private static final List<String> MATCHES = List.of("planned", "day");
  private static final Set<String> OF_TIMES =
      Set.of("misfire", "dst", "jitter", "phase", "delay", "anchor", "key", "map", "overlap");

  private final Problems problems;
  private final List<NeedReader.Leaf> leaves = new ArrayList<>();
  private final List<Given> given = new ArrayList<>();

  /**
   * The expressions of one trigger's params.
   *
   * @param after the jobs whose runs they may read
   */
  record Given(Expressions expressions, Set<String> after) {}

  JobNeedReader(Problems problems) {
    this.problems = problems;
  }

  /** Every job that is named, with its place. */
  List<NeedReader.Leaf> leaves() {
    return leaves;
  }

  /** What the params of the triggers read. */
  List<Given> given() {
    return given;
  }

  /** Beside {@code after} stand within, match, timezone and params. */
  AfterTrigger after(Fields trigger, List<ParamDefinition> params) {
    int before = problems.count();
    Doc written = trigger.take("after");
    NeedReader reader = NeedReader.ofJobs(problems);
    Need jobs = reader.read(written, trigger.path("after"));
    bounded(trigger, "after", reader);
    if (problems.count() == before && !starts(jobs)) {
      trigger.problem(
          written, "after", "names no job that starts it: put one into a list, `all` or `any`");
    }
    Duration within = trigger.duration("within", SHORTEST);
    Matching match = match(trigger);
    ZoneId zone = zone(trigger, match);
    Expressions expressions = new Expressions(false);
    String gives = new GivenReader(params, expressions).read(trigger);
    given.add(new Given(expressions, new HashSet<>(jobs.stages())));
    trigger.finish(OF_TIMES);
    return new AfterTrigger(jobs, within, match, zone, gives);
  }

  /** Null where nothing is required. */
  Requirement requires(Fields job) {
    int before = problems.count();
    Doc written = job.take("requires");
    if (written == null) {
      return null;
    }
    NeedReader reader = NeedReader.ofJobs(problems);
    Requirement found;
    if (written instanceof Doc.Mapping map) {
      Fields fields = new Fields(problems, map, job.path("requires"));
      Need jobs = reader.beside(fields);
      Duration within = fields.duration("within", SHORTEST);
      Matching match = match(fields);
      ZoneId zone = zone(fields, match);
      Duration timeout = fields.duration("timeout", SHORTEST);
      fields.finish(Set.of());
      found = new Requirement(jobs, within, match, zone, timeout);
    } else {
      Need jobs = reader.read(written, job.path("requires"));
      found = new Requirement(jobs, null, Matching.NONE, Schedule.UTC, null);
    }
    bounded(job, "requires", reader);
    if (problems.count() == before && reader.leaves().isEmpty()) {
      job.problem(written, "requires", "names no job; name one, or remove it");
    }
    return found;
  }

  private void bounded(Fields fields, String key, NeedReader reader) {
    if (reader.leaves().size() > JOBS_MAX) {
      fields.problem(
          fields.map().get(key),
          key,
          "names " + reader.leaves().size() + " jobs; possible are " + JOBS_MAX);
    }
    leaves.addAll(reader.leaves());
  }

  private static Matching match(Fields fields) {
    String match = fields.oneOf("match", MATCHES);
    return match == null ? Matching.NONE : Matching.valueOf(match.toUpperCase(Locale.ROOT));
  }

  private static ZoneId zone(Fields fields, Matching match) {
    ZoneId zone = fields.parsed("timezone", TriggerReader::zone);
    if (zone != null && match != Matching.DAY) {
      fields.problem(
          fields.map().get("timezone"), "timezone", "means nothing without `match: day`");
    }
    return zone == null ? Schedule.UTC : zone;
  }

  /** True when something can make it true that is not only the absence of something. */
  private static boolean starts(Need need) {
    return switch (need) {
      case Need.Stage job -> true;
      case Need.All all -> all.of().stream().anyMatch(JobNeedReader::starts);
      case Need.Any any -> any.of().stream().anyMatch(JobNeedReader::starts);
      case Need.Not not -> false;
    };
  }
}
