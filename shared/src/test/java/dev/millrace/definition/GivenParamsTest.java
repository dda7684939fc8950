package dev.millrace.definition;

import static dev.millrace.definition.Texts.bad;
import static dev.millrace.definition.Texts.job;
import static dev.millrace.definition.Texts.ok;
import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.node.DoubleNode;
import com.fasterxml.jackson.databind.node.IntNode;
import com.fasterxml.jackson.databind.node.NullNode;
import com.fasterxml.jackson.databind.node.TextNode;
import dev.millrace.model.JobDefinition;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Who may give which values for the parameters of a job, and what they may read. */
class GivenParamsTest {
  private static final String FULL =
      """
      id: x
      params:
        day: {type: string, default: "${{ run.scheduled_for }}"}
        label: {default: "of ${{ params.day }}"}
        pages: {type: integer, default: "${{ size(params.label) * 2 }}"}
        tags: {type: array, default: ["${{ run.job }}", fixed]}
        zip: string
      triggers:
        - {cron: "@daily", params: {zip: 01234, pages: 3}}
        - {every: 1h, params: {day: "${{ run.trigger }}"}}
        - {every: 2h}
      window:
        start: "@daily"
        length: 1h
        params: {zip: "${{ run.namespace }}"}
      stages:
        - {id: first, run: mine}
        - id: group
          run: group
          needs: [first]
          for-each: "${{ params.tags }}"
          params: {zip: "${{ item }}", pages: "${{ stages.first.items }}", label: 1.10}
          stages: [{id: inner, run: mine, with: {zip: "${{ params.zip }}"}}]
      """;

  @Test
  void allOfThemAreRead() {
    JobDefinition job = ok(FULL);
    assertThat(job.params()).extracting("computed").containsExactly(true, true, true, true, false);
    assertThat(job.params().get(2).defaultJson()).isEqualTo("\"${{ size(params.label) * 2 }}\"");
    assertThat(job.triggers())
        .extracting("params")
        .containsExactly(
            "{\"zip\":\"01234\",\"pages\":3}", "{\"day\":\"${{ run.trigger }}\"}", "{}");
    assertThat(job.rules().window().params()).isEqualTo("{\"zip\":\"${{ run.namespace }}\"}");
    assertThat(job.stages().get(1).withJson())
        .isEqualTo(
            "{\"params\":{\"zip\":\"${{ item }}\",\"pages\":\"${{ stages.first.items }}\","
                + "\"label\":\"1.10\"}}");
    assertThat(DefinitionJson.fromJson(DefinitionJson.toJson(job))).isEqualTo(job);
  }

  @Test
  void aDefaultThatDependsOnTheRunIsNotFilledInBefore() {
    assertThat(ParamValues.check(ok(FULL).params(), "{\"zip\":\"1\"}"))
        .isEqualTo(new ParamValues.Result.Ok("{\"zip\":\"1\"}"));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "a: {default: '${{ params.b }}'}, b: string | does not stand above it",
        "a: {default: '${{ params.a }}'} | does not stand above it",
        "a: {default: '${{ params.c }}'} | unknown parameter 'c'",
        "a: {default: '${{ stages.s.output }}'} | cannot be read here",
        "a: {default: '${{ item }}'} | exists only in a stage that runs for each item",
        "a: {type: integer, default: '${{ run.job }}'} | must give a number, but gives string",
        "a: {type: integer, default: 'x${{ 1 }}'} | must be of type integer",
        "a: {type: boolean, default: '${{ 1 }}'} | must give true or false, but gives int",
        "a: {type: array, default: '${{ run.job }}'} | must give a list, but gives string",
        "a: {default: '${{ [1] }}'} | must give a string, number, time or bool, but gives list",
        "a: {required: true, default: '${{ run.job }}'} | one of them is never used",
      })
  void aDefaultIsChecked(String params, String expected) {
    assertThat(bad(job("params: {" + params + "}")))
        .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "{nmae: x} | the job has no such parameter, did you mean 'name'?; declare it",
        "{count: x} | must be of type integer, as the parameter is",
        "{count: '${{ run.job }}'} | must give a number, but gives string",
        "{name: '${{ params.count }}'} | a run does not have yet when it is given some",
        "{name: '${{ params.cuont }}'} | unknown parameter 'cuont'",
        "{name: } | has no value",
        "[1] | must be a map, not a list",
      })
  void whatTriggersAndWindowsGiveIsChecked(String given, String expected) {
    for (String owner :
        List.of(
            "triggers: [{every: 1h, params: " + given + "}]",
            "window: {start: '@daily', length: 1h, params: " + given + "}")) {
      assertThat(bad(job("params: {name: string, count: integer}\n" + owner)))
          .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
    }
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "run: group, params: {nmae: x}, stages: [{id: b, run: m}] | did you mean 'name'?",
        "run: group, params: {name: '${{ item }}'}, stages: [{id: b, run: m}] | for each item",
        "run: group, params: {name: '${{ stages.z.output }}'}, stages: [{id: b, run: m}] |"
            + " add it to `needs`",
        "run: mine, params: {name: x} | is possible for `run: group` only",
      })
  void whatGroupsGiveIsChecked(String stage, String expected) {
    String text =
        "id: x\nparams: {name: string}\nstages: [{id: z, run: mine}, {id: a, " + stage + "}]\n";
    assertThat(bad(text)).anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }

  @Test
  void whatAnExpressionGaveIsTakenOrNot() {
    assertThat(ParamValues.taken(IntNode.valueOf(3), "string")).contains(TextNode.valueOf("3"));
    assertThat(ParamValues.taken(DoubleNode.valueOf(3), "integer")).isEmpty();
    assertThat(ParamValues.taken(IntNode.valueOf(3), "number")).contains(IntNode.valueOf(3));
    assertThat(ParamValues.taken(NullNode.instance, "string")).isEmpty();
    assertThat(ParamValues.taken(TextNode.valueOf("3"), "integer")).isEmpty();
  }
}
