package dev.millrace.expression;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;
import static org.assertj.core.api.Assertions.tuple;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import java.util.ArrayList;
import java.util.List;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** JSON with expressions in it. */
final class TemplateTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static JsonNode json(String text) throws Exception {
    return JSON.readTree(text);
  }

  private static Template template(String text) throws Exception {
    return Template.compile(json(text), Given.SCOPE);
  }

  private static JsonNode string(String text) {
    return JSON.getNodeFactory().textNode(text);
  }

  @ParameterizedTest
  @CsvSource(
      delimiterString = " | ",
      quoteCharacter = '`',
      value = {
        "${{ params.count }}                  | 9007199254740993",
        "${{ params.tags }}                   | [\"x\",\"y\"]",
        "${{ params.labels }}                 | {\"team\":\"data\",\"tier\":2}",
        "${{ null }}                          | null",
        "n=${{ params.count }}                | \"n=9007199254740993\"",
        "${{ params.name }}${{ index }}       | \"Ada3\"",
        "<${{ null }}>                        | \"<>\"",
        "<${{ params.tags }}>                 | \"<[\\\"x\\\",\\\"y\\\"]>\"",
        "<${{ params.dry_run }}>              | \"<false>\"",
        "at ${{ run.created_at }}             | \"at 2026-01-02T03:04:05Z\"",
        "${{ '${{ }}' }}                      | \"${{ }}\"",
        "${{ {\"a\": {\"b\": \"}}\"}} }}      | {\"a\":{\"b\":\"}}\"}}",
        "no expression                        | \"no expression\"",
        "$ {{ }} }}                           | \"$ {{ }} }}\"",
      })
  void rendersOneString(String text, String rendered) throws Exception {
    Template template = Template.compile(string(text), Given.SCOPE);
    assertThat(template.render(Given.bindings())).hasToString(rendered);
  }

  @Test
  void rendersWithinAnything() throws Exception {
    Template template =
        template(
            """
            {"url": "${{ item.url }}/${{ item.page }}", "argv": ["run", "${{ params.count }}", 7],
             "deep": {"list": [[{"x": "${{ stages.discover.output.pages[0] }}"}]], "constant": {"a": null}}}
            """);
    assertThat(template.render(Given.bindings()).toString())
        .isEqualTo(
            json("""
                {"url": "https://example.org/7", "argv": ["run", 9007199254740993, 7],
                 "deep": {"list": [[{"x": {"url": "a", "size": 1.5}}]], "constant": {"a": null}}}
                """)
                .toString());
    assertThat(template.isConstant()).isFalse();
    assertThat(template.stages()).containsExactly("discover");
    assertThat(template.usesItem()).isTrue();
  }

  @Test
  void whatHasNoExpressionIsConstant() throws Exception {
    Template template = template("{\"a\": [1, \"}}\", null, 1.10]}");
    assertThat(template.isConstant()).isTrue();
    assertThat(template.stages()).isEmpty();
    assertThat(template.usesItem()).isFalse();
    assertThat(template.render(Given.bindings())).hasToString("{\"a\":[1,\"}}\",null,1.1]}");
  }

  @Test
  void allProblemsAreSaidAtOnce() {
    TemplateException wrong =
        catchThrowableOfType(
            TemplateException.class,
            () ->
                template(
                    """
                    {"url": "x ${{ parms.x }} ${{ 1 + }}", "argv": ["ok", "${{ params.name + 1 }}"],
                     "${{ key }}": 1, "open": "a ${{ b", "with": {"x": "${{ stages.nope.output }}"}}
                    """));
    assertThat(wrong.problems())
        .extracting(TemplateException.Problem::path, TemplateException.Problem::position)
        .containsExactly(
            tuple("url", 6),
            tuple("url", 24),
            tuple("argv[1]", 16),
            tuple("${{ key }}", -1),
            tuple("open", 2),
            tuple("with.x", 4));
    assertThat(wrong)
        .hasMessageContaining("url: unknown name 'parms', did you mean 'params'?")
        .hasMessageContaining("a name cannot hold an expression")
        .hasMessageContaining("'${{' has no '}}'");
  }

  @Test
  void theWholeIsBoundedNotOnlyEachPart() throws Exception {
    Bindings big =
        Given.builder().stage("load", Given.succeeded("\"" + "x".repeat(400_000) + "\"")).build();
    Template two = template("[\"${{ stages.load.output }}\", \"${{ stages.load.output }}\"]");
    assertThat(two.render(big)).hasSize(2);
    String one = "${{ stages.load.output }}";
    Template three = template("[\"" + one + "\", \"" + one + "\", \"" + one + "\"]");
    assertThatThrownBy(() -> three.render(big)).hasMessageContaining("longer than 1 MiB");
    Template joined = template("\"" + one + "," + one + "," + one + "\"");
    assertThatThrownBy(() -> joined.render(big)).hasMessageContaining("longer than 1 MiB");
  }

  @Test
  void expressionsAndDepthAreBounded() {
    List<JsonNode> many = new ArrayList<>();
    for (int at = 0; at <= Template.EXPRESSIONS_MAX; at++) {
      many.add(string("${{ 1 }}"));
    }
    JsonNode list = JSON.valueToTree(many);
    assertThatThrownBy(() -> Template.compile(list, Scope.NONE))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("more than 500 expressions");
    JsonNode deep = string("x");
    for (int at = 0; at < 2_000; at++) {
      deep = JSON.getNodeFactory().arrayNode().add(deep);
    }
    JsonNode bomb = deep;
    assertThatThrownBy(() -> Template.compile(bomb, Scope.NONE))
        .isInstanceOf(TemplateException.class)
        .hasMessageContaining("more than 64 levels deep");
  }

  @Property(tries = 300)
  void textWithoutBracesIsKept(@ForAll String text) throws Exception {
    if (!text.contains("${{")) {
      Template template = Template.compile(string(text), Scope.NONE);
      assertThat(template.render(Given.bindings()).textValue()).isEqualTo(text);
    }
  }

  @Property(tries = 300)
  void anyTextSurvivesAnExpression(@ForAll String text) throws Exception {
    Bindings bindings = Given.builder().item(JSON.writeValueAsString(text), 0).build();
    Template template = Template.compile(string("<${{ [item][0] }}>"), Given.SCOPE);
    assertThat(template.render(bindings).textValue()).isEqualTo("<" + text + ">");
  }
}
