package dev.millrace.expression;

import java.util.List;
import java.util.stream.Collectors;

/** Everything that is wrong with a template. */
public final class TemplateException extends Exception {
  private static final long serialVersionUID = 1L;

  private final transient List<Problem> problems;

  /**
   * One thing that is wrong. Immutable.
   *
   * @param path where in the JSON, such as {@code url} or {@code argv[0]}; empty for the whole
   * @param message for the author of the job
   * @param position a 0-based offset into the string at the path; or -1
   */
  public record Problem(String path, String message, int position) {}

  TemplateException(List<Problem> problems) {
    super(
        problems.stream()
            .map(problem -> problem.path().isEmpty() ? problem.message() : labelled(problem))
            .collect(Collectors.joining("; ")));
    this.problems = List.copyOf(problems);
  }

  public List<Problem> problems() {
    return problems;
  }

  private static String labelled(Problem problem) {
    return problem.path() + ": " + problem.message();
  }
}
