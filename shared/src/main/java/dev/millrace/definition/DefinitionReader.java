package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import java.util.List;
import java.util.Locale;
import java.util.Optional;

/**
 * Reads a job definition, YAML or JSON, in any of the accepted forms, and says everything that is
 * wrong with it at once. Stateless, any thread.
 */
public final class DefinitionReader {
  /** A definition, or what is wrong with the text. */
  public sealed interface Result {
    /** Nothing is wrong. */
    record Ok(JobDefinition job) implements Result {}

    /** At least one problem, in the order of the text. */
    record Bad(List<Problem> problems) implements Result {}
  }

  /**
   * Reads one definition. Bad input is a {@link Result.Bad}, never an exception.
   *
   * @param text YAML or JSON
   * @param sourceName for messages; an ending of {@code .json}, {@code .yaml} or {@code .yml}
   *     decides the language, else the first character does
   */
  public Result read(String text, String sourceName) {
    Problems problems = new Problems(sourceName);
    Optional<Doc> doc = new DocParser(problems).parse(text, isJson(text, sourceName));
    JobDefinition job = doc.isPresent() ? job(problems, doc.get()) : null;
    return problems.none() ? new Result.Ok(job) : new Result.Bad(problems.sorted());
  }

  private static JobDefinition job(Problems problems, Doc doc) {
    if (!(doc instanceof Doc.Mapping root)) {
      problems.add(doc, "", "a job is a map with `id` and `stages`, not " + doc.kindName());
      return null;
    }
    if (ForeignForms.isMetadata(root)) {
      return ForeignForms.metadata(problems, root);
    }
    if (ForeignForms.isSimple(root)) {
      return ForeignForms.simple(problems, root);
    }
    return JobReader.read(problems, root);
  }

  private static boolean isJson(String text, String sourceName) {
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
