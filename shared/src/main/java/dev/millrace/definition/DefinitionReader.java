package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads a job definition, YAML or JSON, in any of the accepted forms, and says everything that is
 * wrong with it at once. Any thread, if its source of patterns is for any thread.
 */
public final class DefinitionReader {
  /** A definition, or what is wrong with the text. */
  public sealed interface Result {
    /**
     * Nothing is wrong.
     *
     * @param origin the pattern that the job was made of, or null
     */
    record Ok(JobDefinition job, Origin origin) implements Result {
      public Ok(JobDefinition job) {
        this(job, null);
      }
    }

    /** At least one problem, in the order of the text. */
    record Bad(List<Problem> problems) implements Result {}
  }

  /**
   * Where a job came from that uses a pattern.
   *
   * @param writtenJson what its author wrote, as JSON: `uses`, `with` and what stands beside them
   */
  public record Origin(String namespace, String pattern, int version, String writtenJson) {}

  /** What a text is about. */
  public enum Kind {
    JOB,
    PATTERN
  }

  /**
   * What can be said of a text where no patterns are known.
   *
   * @param id of the job or the pattern, or null where it cannot be read
   */
  public record Checked(Kind kind, String id, List<Problem> problems) {}

  private final PatternSource patterns;

  /** For places that know no patterns. */
  public DefinitionReader() {
    this(PatternSource.NONE);
  }

  public DefinitionReader(PatternSource patterns) {
    this.patterns = patterns;
  }

  /**
   * Reads one definition. Bad input is a {@link Result.Bad}, never an exception.
   *
   * @param text YAML or JSON
   * @param sourceName for messages; an ending of {@code .json}, {@code .yaml} or {@code .yml}
   *     decides the language, else the first character does
   */
  public Result read(String text, String sourceName) {
    return read(text, sourceName, JobDefinition.DEFAULT_NAMESPACE);
  }

  /**
   * The same.
   *
   * @param namespace in which patterns are looked for when the job names none
   */
  public Result read(String text, String sourceName, String namespace) {
    Problems problems = new Problems(sourceName);
    Optional<Doc> doc = new DocParser(problems).parse(text, isJson(text, sourceName));
    Result.Ok read = doc.isPresent() ? job(problems, doc.get(), namespace) : null;
    return problems.none() ? read : new Result.Bad(problems.sorted());
  }

  /**
   * Reads one trigger, as the only one of a job that does nothing else; its place in problems is
   * {@code triggers[0]}.
   *
   * @param triggerJson as it stands in a job, as JSON
   */
  public static Result readTrigger(String triggerJson, String namespace, String job) {
    String text =
        "{\"id\":%s,\"namespace\":%s,\"triggers\":[%s],\"stages\":[{\"id\":\"none\",\"run\":\"noop\"}]}"
            .formatted(Json.write(Json.text(job)), Json.write(Json.text(namespace)), triggerJson);
    return new DefinitionReader().read(text, "trigger.json");
  }

  /**
   * Checks a job or a pattern without knowing any patterns: of a job that uses one, what it says
   * itself.
   */
  public static Checked check(String text, String sourceName) {
    Problems problems = new Problems(sourceName);
    Doc doc = new DocParser(problems).parse(text, isJson(text, sourceName)).orElse(null);
    if (!(doc instanceof Doc.Mapping root)) {
      if (doc != null) {
        new DefinitionReader().job(problems, doc, JobDefinition.DEFAULT_NAMESPACE);
      }
      return new Checked(Kind.JOB, null, problems.sorted());
    }
    if (PatternReader.isPattern(root)) {
      PatternDefinition pattern = PatternReader.read(problems, root);
      String name = pattern == null ? null : pattern.name();
      return new Checked(Kind.PATTERN, name, problems.sorted());
    }
    Doc.Mapping using = ForeignForms.using(problems, root).orElse(root);
    if (using.get("uses") != null) {
      PatternUse.read(problems, using);
      String id = using.get("id") instanceof Doc.Scalar scalar ? scalar.text() : null;
      return new Checked(Kind.JOB, id, problems.sorted());
    }
    Result.Ok read = new DefinitionReader().job(problems, root, JobDefinition.DEFAULT_NAMESPACE);
    String id = problems.none() ? read.job().id() : null;
    return new Checked(Kind.JOB, id, problems.sorted());
  }

  /** True for a text that is a pattern, whether a good one or not. */
  public static boolean isPattern(String text, String sourceName) {
    if (!text.contains("pattern")) {
      return false; // most are jobs, which need not be parsed twice
    }
    Optional<Doc> doc =
        new DocParser(new Problems(sourceName)).parse(text, isJson(text, sourceName));
    return doc.isPresent()
        && doc.get() instanceof Doc.Mapping root
        && PatternReader.isPattern(root);
  }

  /** Meaningful only when no problem was found. */
  private Result.Ok job(Problems problems, Doc doc, String namespace) {
    if (!(doc instanceof Doc.Mapping root)) {
      problems.add(doc, "", "a job is a map with `id` and `stages`, not " + doc.kindName());
      return null;
    }
    if (PatternReader.isPattern(root)) {
      problems.add(
          root.get("pattern"),
          "pattern",
          "is a pattern and no job; register it with `millrace pattern apply`, or apply it with"
              + " the jobs that use it");
      return null;
    }
    Optional<Doc.Mapping> using = ForeignForms.using(problems, root);
    if (using.isPresent()) {
      return expanded(problems, using.get(), root, namespace);
    }
    if (ForeignForms.isMetadata(root)) {
      return new Result.Ok(ForeignForms.metadata(problems, root));
    }
    if (ForeignForms.isSimple(root)) {
      return new Result.Ok(ForeignForms.simple(problems, root));
    }
    return root.get("uses") == null
        ? new Result.Ok(JobReader.read(problems, root))
        : expanded(problems, root, root, namespace);
  }

  /**
   * @param written what the author wrote, which may be in another form
   */
  private Result.Ok expanded(
      Problems problems, Doc.Mapping job, Doc.Mapping written, String namespace) {
    PatternUse use = PatternUse.read(problems, job);
    if (use == null) {
      return null;
    }
    PatternUse.Resolved found = use.resolve(problems, patterns, namespace);
    if (found == null) {
      return null;
    }
    Places places = new Places();
    problems.placesAre(places);
    JobDefinition read =
        JobReader.read(problems, Expansion.of(problems, job, found.found(), places));
    problems.placesAre(null);
    Origin origin =
        new Origin(
            found.namespace(), use.name(), found.found().version(), Json.write(written.toJson()));
    return new Result.Ok(read, origin);
  }

  static boolean isJson(String text, String sourceName) {
    String name = sourceName.toLowerCase(Locale.ROOT);
    if (name.endsWith(".json")) {
      return true;
    }
    if (name.endsWith(".yaml") || name.endsWith(".yml")) {
      return false;
    }
    String body = text.stripLeading();
    return body.startsWith("{") || body.startsWith("[");
  }
}
