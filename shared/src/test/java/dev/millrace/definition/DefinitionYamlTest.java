package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

class DefinitionYamlTest {
  @Property(tries = 200)
  void theReaderReadsTheSameJob(@ForAll long seed) {
    var job = RandomJobs.of(new Random(seed));
    String yaml = DefinitionYaml.of(DefinitionJson.toJson(job));
    assertThat(new DefinitionReader().read(yaml, "x.yaml"))
        .as(yaml)
        .isEqualTo(new DefinitionReader.Result.Ok(job));
  }

  @Property(tries = 1_000)
  void anyTextStaysWhatItIs(@ForAll String text) {
    staysText(text);
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        " ",
        "~",
        "null",
        "Null",
        "true",
        "yes",
        "NO",
        "on",
        "1",
        "-1",
        "+1",
        "01",
        "0x1F",
        "0o7",
        "1e3",
        "1E3",
        "1.5",
        ".5",
        "1_000",
        "2027-01-01",
        "12:30:45",
        "- a",
        "a: b",
        "a #b",
        "#a",
        "@a",
        "`a",
        "*a",
        "&a",
        "!a",
        "|",
        ">",
        "%a",
        "? a",
        "{a",
        "[a",
        "a]",
        "'",
        "\"",
        "\\",
        "a\nb",
        "a\n",
        "\na",
        " a\nb",
        "a \nb",
        "a\n\tb",
        "a\tb",
        "é",
        "\u0007",
        "\u2028",
        "=",
        "<<",
        ".inf",
        ".nan",
        "---",
        "...",
        "a\n...\nb",
        "a\n---\nb",
        "${{ a }}",
        "x,y",
        "a  b",
        "a ",
        "set -e\necho 'hi'\n\n"
      })
  void whatLooksLikeSomethingElseStaysText(String text) {
    staysText(text);
  }

  private static void staysText(String text) {
    var list = Json.array().add(text);
    var map = Json.object();
    map.set(text, list);
    map.put("k", text);
    String yaml = DefinitionYaml.of(Json.write(map));
    Problems problems = new Problems("x");
    var read = new DocParser(problems).parse(yaml, false);
    assertThat(problems.sorted()).as(yaml).isEmpty();
    assertThat(read.orElseThrow().toJson()).as(yaml).isEqualTo(map);
  }

  @Test
  void itLooksAsPeopleWriteIt() {
    var job =
        Texts.ok(
            "id: x\nstages:\n- {id: a, run: command, with: {shell: \"set -e\\necho hi\\n\"}}\n"
                + "- {id: b, run: h, needs: [a]}");
    assertThat(DefinitionYaml.of(DefinitionJson.toJson(job)))
        .startsWith("id: x\nnamespace: default\ndescription: \"\"\nparams: {}\ntriggers: []\n")
        .contains("  with:\n    shell: |\n      set -e\n      echo hi\n")
        .contains("  needs: [a]\n");
  }
}
