package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.JobDefinition;
import dev.millrace.model.StageDefinition;
import java.util.List;

/** Reads definitions for tests. */
final class Texts {
  private Texts() {}

  static JobDefinition ok(String text) {
    var result = new DefinitionReader().read(text, "x.yaml");
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Ok.class);
    JobDefinition job = ((DefinitionReader.Result.Ok) result).job();
    readsItsOwnText(job);
    assertThat(SchemaTest.problems(text, "x.yaml")).isEmpty();
    return job;
  }

  /** What is kept of a definition is the definition, for the leader and for people. */
  private static void readsItsOwnText(JobDefinition job) {
    String json = DefinitionJson.toJson(job);
    assertThat(DefinitionJson.fromJson(json)).isEqualTo(job);
    assertThat(new DefinitionReader().read(json, "x.json"))
        .isEqualTo(new DefinitionReader.Result.Ok(job));
  }

  static List<String> bad(String text) {
    var result = new DefinitionReader().read(text, "x.yaml");
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Bad.class);
    return ((DefinitionReader.Result.Bad) result)
        .problems().stream().map(Problem::toString).toList();
  }

  static StageDefinition stage(JobDefinition job, String id) {
    return job.stages().stream().filter(s -> s.id().equals(id)).findFirst().orElseThrow();
  }

  /** Lines below {@code id} and one stage {@code a}. */
  static String job(String lines) {
    return "id: x\n" + lines + "\nstages:\n- {id: a, run: h}\n";
  }

  /** Lines of one stage {@code c} that may need {@code a} and {@code b}. */
  static String stage(String lines) {
    return "id: x\nparams: {p: string, n: integer, l: array}\nstages:\n- {id: a, run: h}\n"
        + "- {id: b, run: h}\n- id: c\n"
        + lines.strip().indent(2);
  }
}
