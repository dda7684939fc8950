package dev.millrace.scheduler.definition;

import dev.millrace.definition.DefinitionJson;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Hashes;
import dev.millrace.definition.PatternDefinition;
import dev.millrace.definition.PatternReader;
import dev.millrace.definition.PatternSource;
import dev.millrace.definition.Problem;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.store.JobBatches;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/**
 * The files of a set, read together: jobs, and patterns that the jobs may use before anybody keeps
 * them. Everything that is wrong with any file is told at once. Immutable when read.
 */
public final class DefinitionSet {
  /** As many files may be in one set. */
  public static final int FILES_MAX = 5_000;

  /**
   * A file as it was sent.
   *
   * @param name for messages; its ending decides the language
   */
  public record File(String name, String text) {}

  /**
   * A job that a file says.
   *
   * @param origin the pattern that it was made of, or null
   */
  public record Job(
      String file, JobDefinition definition, String json, DefinitionReader.Origin origin) {
    public JobBatches.Name name() {
      return new JobBatches.Name(definition.namespace(), definition.id());
    }

    public String hash() {
      return Hashes.sha256(json);
    }
  }

  /**
   * A pattern that a file says.
   *
   * @param version that it will have
   * @param changed false when it is kept like this already
   */
  public record Pattern(
      String file,
      String text,
      String format,
      PatternDefinition definition,
      int version,
      boolean changed) {}

  private final List<Job> jobs = new ArrayList<>();
  private final List<Pattern> patterns = new ArrayList<>();
  private final List<Problem> problems = new ArrayList<>();

  private DefinitionSet() {}

  /** In the order of the files. */
  public List<Job> jobs() {
    return jobs;
  }

  /** In the order of the files. */
  public List<Pattern> patterns() {
    return patterns;
  }

  /** What is wrong, file by file; then the rest is not to be used. */
  public List<Problem> problems() {
    return problems;
  }

  /**
   * Reads files.
   *
   * @param namespace of jobs and patterns that name none
   * @param kept the patterns that are kept already
   */
  public static DefinitionSet read(List<File> files, String namespace, PatternSource kept) {
    DefinitionSet set = new DefinitionSet();
    List<File> jobs = new ArrayList<>();
    for (File file : files) {
      if (DefinitionReader.isPattern(file.text(), file.name())) {
        set.addPattern(file, namespace, kept);
      } else {
        jobs.add(file);
      }
    }
    DefinitionReader reader = new DefinitionReader(set.over(kept));
    Map<JobBatches.Name, String> defined = new HashMap<>();
    for (File file : jobs) {
      switch (reader.read(file.text(), file.name(), namespace)) {
        case DefinitionReader.Result.Bad bad -> set.problems.addAll(bad.problems());
        case DefinitionReader.Result.Ok ok -> {
          JobDefinition job = placed(ok.job(), namespace);
          Job read = new Job(file.name(), job, DefinitionJson.toJson(job), ok.origin());
          String other = defined.putIfAbsent(read.name(), file.name());
          if (other == null) {
            set.jobs.add(read);
          } else {
            set.twice(file, "job '" + job.id() + "'", job.namespace(), other);
          }
        }
      }
    }
    return set;
  }

  private static JobDefinition placed(JobDefinition job, String namespace) {
    return job.namespace().equals(JobDefinition.DEFAULT_NAMESPACE)
        ? job.inNamespace(namespace)
        : job;
  }

  private void addPattern(File file, String namespace, PatternSource kept) {
    switch (new PatternReader().read(file.text(), file.name())) {
      case PatternReader.Result.Bad bad -> problems.addAll(bad.problems());
      case PatternReader.Result.Ok ok -> {
        PatternDefinition pattern =
            ok.pattern().namespace().equals(JobDefinition.DEFAULT_NAMESPACE)
                ? ok.pattern().inNamespace(namespace)
                : ok.pattern();
        for (Pattern other : patterns) {
          if (other.definition.name().equals(pattern.name())
              && other.definition.namespace().equals(pattern.namespace())) {
            twice(file, "pattern '" + pattern.name() + "'", pattern.namespace(), other.file);
            return;
          }
        }
        patterns.add(numbered(file, pattern, kept));
      }
    }
  }

  private Pattern numbered(File file, PatternDefinition pattern, PatternSource kept) {
    String format = file.name().endsWith(".json") ? "json" : "yaml";
    Optional<PatternSource.Found> newest = Optional.empty();
    boolean same = false;
    try {
      newest = kept.find(pattern.namespace(), pattern.name(), null);
      same = newest.isPresent() && newest.get().pattern().json().equals(pattern.json());
    } catch (IllegalArgumentException unusable) {
      problems.add(new Problem(file.name(), 0, 0, "", unusable.getMessage()));
    }
    int version = newest.map(PatternSource.Found::version).orElse(0) + (same ? 0 : 1);
    return new Pattern(file.name(), file.text(), format, pattern, version, !same);
  }

  private void twice(File file, String what, String namespace, String other) {
    String message = what + " of namespace '" + namespace + "' is defined by " + other + " already";
    problems.add(new Problem(file.name(), 0, 0, "", message));
  }

  /** What the set says of a pattern counts before what is kept of it. */
  private PatternSource over(PatternSource kept) {
    Map<JobBatches.Name, Pattern> own = new LinkedHashMap<>();
    patterns.forEach(
        one ->
            own.put(new JobBatches.Name(one.definition.namespace(), one.definition.name()), one));
    return (namespace, name, version) -> {
      Pattern mine = own.get(new JobBatches.Name(namespace, name));
      return mine != null && (version == null || version == mine.version)
          ? Optional.of(new PatternSource.Found(mine.version, mine.definition))
          : kept.find(namespace, name, version);
    };
  }
}
