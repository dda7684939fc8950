package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import dev.millrace.expression.Bindings;
import dev.millrace.expression.References;
import dev.millrace.expression.Scope;
import dev.millrace.expression.Template;
import java.util.List;
import java.util.Map;
import java.util.Set;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Where references are, what is put in, and what never becomes one. */
class StageSecretsTest {
  private static final ObjectMapper JSON = new ObjectMapper();

  private static String with(String yaml) {
    return Texts.ok("id: x\nstages:\n" + yaml + "\n").stages().getFirst().withJson();
  }

  @Test
  void referencesAreFoundWhereTheyMayStand() {
    StageSecrets secrets =
        StageSecrets.of(
            "http",
            """
            {"url":"https://x/${env:PATH_KEY}","headers":{"Authorization":"Bearer ${secret:api.key}",
             "X/Y~":"${file:a/b}"},"body":[{"a":"$${secret:no}"},{"b":"${secret:db}${secret:api.key}"}]}
            """);
    assertThat(secrets.at())
        .containsExactly("/url", "/headers/Authorization", "/headers/X~1Y~0", "/body/1/b");
    assertThat(secrets.names()).containsExactly("api.key", "db");
    assertThat(StageSecrets.of("http", "{\"url\":\"${{ params.x }}\"}")).isNull();
    assertThat(StageSecrets.of("command", "{\"shell\":\"echo ${env:1}\"}")).isNull();
  }

  @Test
  void valuesArePutInAtThesePlacesOnly() throws Exception {
    JsonNode with = JSON.readTree("{\"a\":[\"x ${secret:s} $$ $ y\"],\"b\":\"${secret:s}\"}");
    JsonNode filled = StageSecrets.filled(List.of("/a/0"), with, any -> "$V${secret:s}");
    assertThat(filled.toString())
        .isEqualTo("{\"a\":[\"x $V${secret:s} $ $ y\"],\"b\":\"${secret:s}\"}");
    assertThat(with.at("/a/0").asText()).startsWith("x ${secret");
  }

  /** What a person gives when a run starts is data, whatever it looks like. */
  @ParameterizedTest
  @CsvSource({
    "'${secret:other}'",
    "'$'",
    "'$$'",
    "'$${secret:other}'",
    "'{secret:other}'",
    "'secret:other}${'",
    "'${env:HOME}'"
  })
  void whatAnExpressionGivesIsNoReference(String given) throws Exception {
    for (String text :
        List.of(
            "${{ params.x }}${secret:own}",
            "${secret:own}${{ params.x }}",
            "$${{ params.x }}${secret:own}",
            "a${secret:own}b${{ params.x }}{secret:other}",
            "${secret:own}$$${{ params.x }}")) {
      String written = "{\"k\":" + JSON.writeValueAsString(text) + "}";
      StageSecrets secrets = StageSecrets.of("x", written);
      assertThat(secrets.names()).containsExactly("own");
      JsonNode rendered =
          Template.compile(
                  JSON.readTree(written), new Scope(Map.of("x", "string"), Set.of(), true, false))
              .render(
                  Bindings.builder()
                      .params("{\"x\":" + JSON.writeValueAsString(given) + "}")
                      .build());
      assertThat(StageSecrets.references(secrets.at(), rendered))
          .as(text)
          .containsExactly(new References.Reference(References.Kind.SECRET, "own"));
      String filled = StageSecrets.filled(secrets.at(), rendered, any -> "<V>").path("k").asText();
      String plain = text.replace("${{ params.x }}", "\u0001").replace("$$", "$");
      assertThat(filled).isEqualTo(plain.replace("${secret:own}", "<V>").replace("\u0001", given));
    }
  }

  /** A reference that an expression itself makes is text. */
  @Test
  void anExpressionMakesNone() {
    assertThat(StageSecrets.of("x", "{\"k\":\"${{ '${secret:a}' + params.x }}\"}")).isNull();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{run: command, with: {argv: [echo, '${secret:db}']}}|with.argv[1]: would show"
            + " ${secret:db}",
        "{run: command, with: {shell: 'echo ${secret:db}'}}|with.shell: would show",
        "{run: command, with: {argv: [a], env: {A: '${secret:}'}}}|'' is no name of a secret",
        "{run: command, with: {argv: [a], env: {A: '${env:MILLRACE_TOKEN}'}}}|setting of the"
            + " program",
        "{run: command, with: {argv: [a], env: {A: '${env:A B}'}}}|'A B' is no name of a variable",
        "{run: http, with: {url: 'https://x', headers: {'${secret:a}': b}}}|a name cannot hold a"
            + " secret",
        "{run: mine, with: {a: [{b: '${secret:a b}'}]}}|with.a[0].b: 'a b' is no name of a secret",
        "{run: mine, with: {a: \"${{ '${secret:a}' }}\"}}|cannot stand in an expression",
        "{run: job, with: {job: other, params: {a: '${secret:a}'}}}|is executed by the scheduler",
        "{run: wait.event, with: {event: '${secret:a}'}}|is executed by the scheduler"
      })
  void whereTheyCannotStandIsSaid(String stage, String problem) {
    String text = "id: x\nstages:\n- " + stage.replace("{run", "{id: a, run") + "\n";
    assertThat(String.join("\n", Texts.bad(text))).contains(problem);
  }

  @Test
  void aShellKeepsItsOwnWords() {
    assertThat(with("- {id: a, run: command, with: {shell: 'echo ${env:1:2} ${file:0:1}'}}"))
        .contains("${env:1:2}");
  }
}
