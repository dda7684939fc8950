package dev.millrace.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import com.fasterxml.jackson.databind.ObjectMapper;
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What docs/expressions.md shows is so. */
final class ExpressionsDocTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String page() throws IOException {
    return Files.readString(Path.of("../docs/expressions.md"));
  }

  /** Lines of the fences after a mark, each split at its last comment. */
  private static List<String[]> lines(String mark) throws IOException {
    List<String[]> lines =
        Pattern.compile("<!-- " + mark + " -->\n```[a-z]+\n(.*?)```", Pattern.DOTALL)
            .matcher(page())
            .results()
            .flatMap(fence -> fence.group(1).lines())
            .filter(line -> !line.isBlank())
            .map(line -> line.split(" {2,}// ", 2))
            .toList();
    assertThat(lines).as(mark).hasSizeGreaterThan(3).allMatch(line -> line.length == 2);
    return lines;
  }

  static Stream<String[]> examples() throws IOException {
    return lines("examples").stream();
  }

  static Stream<String[]> errors() throws IOException {
    return lines("errors").stream();
  }

  static Stream<String[]> failures() throws IOException {
    return lines("failures").stream();
  }

  static Stream<String[]> templates() throws IOException {
    return lines("templates").stream();
  }

  @ParameterizedTest
  @MethodSource("examples")
  void anExampleGivesWhatItSays(String source, String json) throws Exception {
    assertThat(JSON.readTree(Given.json(source))).isEqualTo(JSON.readTree(json));
  }

  @ParameterizedTest
  @MethodSource("errors")
  void anErrorIsWhatItSays(String source, String message) {
    assertThat(catchThrowableOfType(ExpressionException.class, () -> Given.any(source)))
        .hasMessage(message);
  }

  @ParameterizedTest
  @MethodSource("failures")
  void aFailureIsWhatItSays(String source, String message) {
    Expression expression = Given.any(source);
    assertThat(
            catchThrowableOfType(
                ExpressionException.class, () -> expression.evaluate(Given.bindings())))
        .hasMessage("'" + source + "': " + message);
  }

  @ParameterizedTest
  @MethodSource("templates")
  void aTemplateGivesWhatItSays(String text, String json) throws Exception {
    Template template = Template.compile(JSON.getNodeFactory().textNode(text), Given.SCOPE);
    assertThat(JSON.readTree(template.render(Given.bindings()).toString()))
        .isEqualTo(JSON.readTree(json));
  }

  @Test
  void everyNameIsOnThePage() throws IOException {
    String page = page();
    Name.STAGE_FIELDS.forEach(field -> assertThat(page).contains("." + field + "`"));
    Name.RUN_FIELDS.forEach(field -> assertThat(page).contains("`run." + field + "`"));
    Name.ERROR_FIELDS.forEach(field -> assertThat(page).contains("`error." + field + "`"));
  }

  @Test
  void everyBoundIsOnThePage() throws IOException {
    assertThat(page())
        .contains(grouped(Expression.SOURCE_CHARS_MAX))
        .contains(grouped(Language.ITERATIONS_MAX))
        .contains(grouped(Language.PARSE_DEPTH_MAX) + " levels")
        .contains(grouped(Functions.RANGE_MAX))
        .contains(grouped(Template.EXPRESSIONS_MAX) + " expressions")
        .contains(grouped(NameResolver.LOOP_NODES_MAX) + " parts");
  }

  private static String grouped(int number) {
    return String.format(java.util.Locale.ROOT, "%,d", number);
  }
}
