package dev.millrace.definition;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import dev.millrace.wire.Start;
import java.util.Optional;

/**
 * How large may be what every start of a stage carries to its worker, judged where it is written:
 * found at the dispatch it could only fail the stage. Sizes are those of the canonical JSON, as it
 * travels. Stateless, any thread.
 */
public final class StartLimits {
  private static final String REMEDY = "; pass large values by reference (a file, a URL, a key)";

  private StartLimits() {}

  /** What is wrong with a stage's input, or empty. */
  static Optional<String> ofWith(String withJson) {
    return problem("has", withJson.length(), Start.WITH_CHARS_MAX);
  }

  /** What is wrong with a run's parameters, defaults included, or empty. */
  public static Optional<String> ofParams(String paramsJson) {
    return problem("has", paramsJson.length(), Start.PARAMS_CHARS_MAX);
  }

  /** What is wrong with the defaults of a job's parameters, or empty. */
  static Optional<String> ofDefaults(String paramsJson) {
    return problem("has defaults of", paramsJson.length(), Start.PARAMS_CHARS_MAX);
  }

  /**
   * For a definition that no {@link DefinitionReader} has judged.
   *
   * @throws IllegalArgumentException names the place and the remedy
   */
  public static void require(JobDefinition job) {
    for (StageDefinition stage : job.stages()) {
      refuse("`with` of stage '" + stage.id() + "'", ofWith(stage.withJson()));
    }
    refuse("`params`", ofDefaults(Json.write(ParamValues.defaults(job.params()))));
  }

  private static void refuse(String place, Optional<String> problem) {
    if (problem.isPresent()) {
      throw new IllegalArgumentException(place + ": " + problem.get());
    }
  }

  private static Optional<String> problem(String has, int chars, int charsMax) {
    return chars <= charsMax
        ? Optional.empty()
        : Optional.of(
            "%s %d characters as JSON, the limit is %d%s".formatted(has, chars, charsMax, REMEDY));
  }
}
