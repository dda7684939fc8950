package dev.millrace.definition;

import dev.millrace.expression.DidYouMean;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import java.util.function.Function;
import java.util.stream.Collectors;

/**
 * Reads a pattern and judges it as far as that is possible without the values of its parameters:
 * where one has no default, a sample stands for it, and what is wrong at such a place is left to
 * the jobs that use the pattern. Stateless, any thread.
 */
public final class PatternReader {
  /** A pattern, or what is wrong with the text. */
  public sealed interface Result {
    /** Nothing is wrong that would be wrong with every value. */
    record Ok(PatternDefinition pattern) implements Result {}

    /** At least one problem, in the order of the text. */
    record Bad(List<Problem> problems) implements Result {}
  }

  /** What only a job has. */
  private static final Set<String> OF_JOBS = Set.of("id", "uses", "with", "job_id", "job");

  /**
   * Reads one pattern. Bad input is a {@link Result.Bad}, never an exception.
   *
   * @param sourceName for messages; decides the language as in {@link DefinitionReader#read}
   */
  public Result read(String text, String sourceName) {
    Problems problems = new Problems(sourceName);
    Doc doc =
        new DocParser(problems).parse(text, DefinitionReader.isJson(text, sourceName)).orElse(null);
    PatternDefinition pattern = doc == null ? null : read(problems, doc);
    return problems.sorted().isEmpty() ? new Result.Ok(pattern) : new Result.Bad(problems.sorted());
  }

  /** True for a text that is a pattern, whether a good one or not. */
  static boolean isPattern(Doc.Mapping root) {
    return root.get("pattern") != null && root.get("uses") == null;
  }

  static PatternDefinition read(Problems problems, Doc doc) {
    if (!(doc instanceof Doc.Mapping root)) {
      problems.add(
          doc, "", "a pattern is a map with `pattern` and `stages`, not " + doc.kindName());
      return null;
    }
    Fields fields = new Fields(problems, root, "");
    String name = fields.requiredId("pattern");
    String namespace = fields.id("namespace");
    String description = fields.text("description");
    List<ParamDefinition> params = new ParamReader(problems, fields).read();
    for (Doc.Entry entry : root.entries()) {
      if (OF_JOBS.contains(entry.key())) {
        problems.add(
            entry.line(), entry.column(), entry.key(), "a pattern has no `" + entry.key() + "`");
      }
    }
    Map<String, ParamDefinition> known =
        params.stream().collect(Collectors.toMap(ParamDefinition::name, Function.identity()));
    Set<String> loadTime = new TreeSet<>();
    for (Doc.Entry entry : root.entries()) {
      if (!Set.of("pattern", "params", "namespace").contains(entry.key())) {
        check(problems, known, loadTime, entry, "");
      }
    }
    if (!problems.none()) {
      return null;
    }
    PatternDefinition pattern =
        new PatternDefinition(
            name,
            namespace == null ? JobDefinition.DEFAULT_NAMESPACE : namespace,
            description == null ? "" : description,
            params,
            loadTime,
            root);
    tryOut(problems, pattern);
    return pattern;
  }

  /** Reads a job made of it with the defaults, and with samples where there are none. */
  private static void tryOut(Problems problems, PatternDefinition pattern) {
    Places places = new Places();
    problems.placesAre(places);
    JobReader.read(problems, Expansion.sample(pattern, places));
    problems.placesAre(null);
  }

  private static void check(
      Problems problems,
      Map<String, ParamDefinition> known,
      Set<String> loadTime,
      Doc.Entry entry,
      String path) {
    String own = DocParser.child(path, entry.key());
    if (entry.key().contains(Holes.OPEN)) {
      problems.add(entry.line(), entry.column(), own, "a parameter cannot stand in a key");
    }
    boolean code = Expansion.isCondition(entry.key(), path);
    checkValue(problems, known, loadTime, entry.value(), own, code);
  }

  private static void checkValue(
      Problems problems,
      Map<String, ParamDefinition> known,
      Set<String> loadTime,
      Doc value,
      String path,
      boolean code) {
    switch (value) {
      case Doc.Mapping map ->
          map.entries().forEach(entry -> check(problems, known, loadTime, entry, path));
      case Doc.Sequence list -> {
        for (int i = 0; i < list.items().size(); i++) {
          String own = path + "[" + i + "]";
          checkValue(problems, known, loadTime, list.items().get(i), own, false);
        }
      }
      case Doc.Scalar scalar -> checkText(problems, known, loadTime, scalar, path, code);
    }
  }

  private static void checkText(
      Problems problems,
      Map<String, ParamDefinition> known,
      Set<String> loadTime,
      Doc.Scalar scalar,
      String path,
      boolean code) {
    List<Holes.Hole> holes = Holes.of(scalar.text(), code).orElse(null);
    if (holes == null) {
      problems.add(scalar, path, "'$[[' is not followed by a parameter's name and ']]'");
      return;
    }
    boolean whole = Holes.whole(scalar.text(), holes) != null;
    for (Holes.Hole hole : holes) {
      ParamDefinition param = known.get(hole.name());
      if (param == null) {
        problems.add(
            scalar,
            path,
            "the pattern has no parameter '"
                + hole.name()
                + "'"
                + DidYouMean.phrase(hole.name(), known.keySet())
                + "; `params` lists them");
      } else if (param.secret()) {
        problems.add(
            scalar,
            path,
            "'"
                + hole.name()
                + "' is secret and would be readable in each job; read it with ${{ params."
                + hole.name()
                + " }}");
      } else if (param.isComputed()) {
        problems.add(
            scalar,
            path,
            "the default of '"
                + hole.name()
                + "' depends on the run; read it with ${{ params."
                + hole.name()
                + " }}");
      } else if (!whole && !hole.code() && Set.of("object", "array").contains(param.type())) {
        problems.add(
            scalar, path, "'" + hole.name() + "' is an " + param.type() + "; it must stand alone");
      } else {
        loadTime.add(hole.name());
      }
    }
  }

  /** The parameters by their names. */
  static Map<String, ParamDefinition> byName(PatternDefinition pattern) {
    Map<String, ParamDefinition> known = new HashMap<>();
    pattern.params().forEach(param -> known.put(param.name(), param));
    return known;
  }
}
