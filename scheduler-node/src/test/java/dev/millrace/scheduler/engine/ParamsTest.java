package dev.millrace.scheduler.engine;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.definition.DefinitionReader;
import dev.millrace.expression.ExpressionException;
import dev.millrace.lifecycle.RunState;
import dev.millrace.lifecycle.StageState;
import dev.millrace.model.JobDefinition;
import dev.millrace.wire.Outcome;
import org.junit.jupiter.api.Test;

/** Which value of a parameter a run, and a stage of it, sees. */
class ParamsTest {
  private static Plan plan(String yaml) {
    JobDefinition job =
        switch (new DefinitionReader().read(yaml, "test")) {
          case DefinitionReader.Result.Ok ok -> ok.job();
          case DefinitionReader.Result.Bad bad -> throw new AssertionError(bad.problems());
        };
    return new Plan(1, 1, job);
  }

  private static Run run(Plan plan, String params) {
    return Plans.run(1, plan, Plans.NOW).withParams(params);
  }

  private static final String COMPUTED =
      """
      id: job
      params:
        by: {default: "${{ run.trigger }}"}
        label: {default: "by ${{ params.by }}"}
        length: {type: integer, default: "${{ size(params.label) }}"}
        share: {type: number, default: 1.50}
      stages: [{id: a, run: noop}]
      """;

  @Test
  void aDefaultReadsTheRunAndTheParametersAboveIt() {
    assertThat(RunParams.completed(run(plan(COMPUTED), "{\"share\":1.50}")).params())
        .isEqualTo("{\"by\":\"manual\",\"label\":\"by manual\",\"length\":9,\"share\":1.50}");
  }

  @Test
  void whatWasGivenWinsOverTheDefaultAndIsWhatOthersRead() {
    assertThat(RunParams.completed(run(plan(COMPUTED), "{\"by\":\"me\",\"length\":1}")).params())
        .isEqualTo("{\"by\":\"me\",\"label\":\"by me\",\"length\":1}");
  }

  @Test
  void aDefaultWithoutAValueSaysWhichItIs() {
    Plan plan =
        plan(
            """
            id: job
            params: {a: string, b: {default: "${{ params.a }}"}}
            stages: [{id: s, run: noop}]
            """);
    assertThatThrownBy(() -> RunParams.completed(run(plan, "{}")))
        .isInstanceOf(ExpressionException.class)
        .hasMessageContaining("the default of b: ")
        .hasMessageContaining("params.a was not given");
    assertThat(RunParams.completed(run(plan, "{\"a\":\"x\"}")).params())
        .isEqualTo("{\"a\":\"x\",\"b\":\"x\"}");
  }

  @Test
  void aValueOfTheWrongTypeIsRefused() {
    Plan plan =
        plan(
            """
            id: job
            params: {o: object, n: {type: integer, default: "${{ params.o.n }}"}}
            stages: [{id: s, run: noop}]
            """);
    assertThatThrownBy(() -> RunParams.completed(run(plan, "{\"o\":{\"n\":1.5}}")))
        .hasMessageContaining("n must be of type integer, but is 1.5");
    assertThat(RunParams.completed(run(plan, "{\"o\":{\"n\":2}}")).params())
        .isEqualTo("{\"o\":{\"n\":2},\"n\":2}");
  }

  @Test
  void whatATriggerGivesReadsTheRun() {
    Plan plan =
        plan(
            """
            id: job
            params: {day: string, n: integer}
            triggers: [{every: 1h, params: {day: "${{ run.scheduled_for }}", n: 3}}]
            stages: [{id: s, run: noop}]
            """);
    String given = plan.definition().triggers().get(0).params();
    Run.Parent none = null;
    Run ticked = Plans.run(1, plan, Plans.NOW).childOf(none, Plans.NOW);
    assertThat(RunParams.given(ticked, given))
        .isEqualTo("{\"day\":\"2027-01-15T08:00:00Z\",\"n\":3}");
    assertThatThrownBy(() -> RunParams.given(Plans.run(1, plan, Plans.NOW), given))
        .as("a run without a tick has no such time")
        .hasMessageContaining("day must be of type string, but is null");
  }

  private static final String GROUPS =
      """
      id: job
      params: {region: {default: root}, size: {type: integer, default: 1}, zone: {default: z}}
      stages:
        - {id: first, run: noop, with: {v: "${{ params.region }}"}}
        - id: outer
          run: group
          needs: [first]
          params: {region: "${{ params.region }}/outer", size: "${{ stages.first.output.n }}"}
          stages:
            - {id: a, run: noop, with: {v: "${{ params.region }} ${{ params.size }}"}}
            - id: inner
              run: group
              if: params.size == 7
              params: {region: "${{ params.region }}/inner"}
              stages:
                - {id: b, run: noop, with: {v: "${{ params.region }} ${{ params.zone }}"}}
        - {id: last, run: noop, needs: [outer], with: {v: "${{ params.region }}"}}
      """;

  @Test
  void theInnermostGroupWinsOverTheOuterOneAndTheJob() {
    Plan plan = plan(GROUPS);
    Draft draft =
        Engine.create(
            run(plan, "{\"region\":\"root\",\"size\":1,\"zone\":\"z\"}"), "command", Plans.NOW);
    assertThat(with(draft, "first")).isEqualTo("{\"v\":\"root\"}");
    finish(draft, "first", "{\"n\":7}");
    assertThat(with(draft, "outer.a")).isEqualTo("{\"v\":\"root/outer 7\"}");
    assertThat(with(draft, "outer.inner.b")).isEqualTo("{\"v\":\"root/outer/inner z\"}");
    assertThat(StageInput.params(draft, plan.indexOf("outer.inner.b")))
        .as("what its worker is given")
        .isEqualTo("{\"region\":\"root/outer/inner\",\"size\":7,\"zone\":\"z\"}");
    assertThat(StageInput.params(draft, plan.indexOf("outer")))
        .as("the group itself sees the job's")
        .contains("\"region\":\"root\"");
    assertThat(with(draft, "last")).isEqualTo("{\"v\":\"root\"}");
    finish(draft, "outer.a", "1");
    finish(draft, "outer.inner.b", "1");
    finish(draft, "last", "1");
    assertThat(draft.state()).isEqualTo(RunState.COMPLETED);
  }

  @Test
  void aGroupWhoseParamsHaveNoValueFails() {
    Plan plan = plan(GROUPS);
    Draft draft = Engine.create(run(plan, "{\"region\":\"r\",\"size\":1}"), "command", Plans.NOW);
    finish(draft, "first", "{\"n\":\"many\"}");
    Stage outer = draft.stage(plan.indexOf("outer"));
    assertThat(outer.state()).as("before anything in it starts").isEqualTo(StageState.FAILED);
    assertThat(outer.errorClass()).isEqualTo("expression");
    assertThat(outer.error())
        .contains("params of group 'outer': size must be of type integer, but is \"many\"");
    assertThat(draft.stage(plan.indexOf("outer.a")).state()).isEqualTo(StageState.SKIPPED);
  }

  @Test
  void aGroupForEachItemGivesEachItsOwn() {
    Plan plan =
        plan(
            """
            id: job
            params: {region: {default: root}}
            stages:
              - id: each
                run: group
                for-each: "${{ ['eu', 'us'] }}"
                params: {region: "${{ params.region }}-${{ item }}"}
                stages: [{id: a, run: noop, with: {v: "${{ params.region }}"}}]
            """);
    Run whole = run(plan, "{\"region\":\"root\"}");
    Run.Parent parent = new Run.Parent(1, 0, 1, 1, "\"us\"", 1);
    Run item = Plans.run(2, plan.part(0), Plans.NOW).withParams(whole.params()).childOf(parent, 0);
    Draft draft = Engine.create(item, "leader", Plans.NOW);
    assertThat(StageInput.with(draft, 0)).isEqualTo("{\"v\":\"root-us\"}");
    assertThat(StageInput.params(draft, 0)).isEqualTo("{\"region\":\"root-us\"}");
  }

  private static String with(Draft draft, String stage) {
    return StageInput.with(draft, draft.run().plan().indexOf(stage));
  }

  private static void finish(Draft draft, String stage, String output) {
    int index = draft.run().plan().indexOf(stage);
    assertThat(draft.stage(index).state()).as(stage).isEqualTo(StageState.READY);
    Engine.apply(draft, new Fact.Dispatched(index, index + 1), Plans.NOW, 0);
    Fact end = new Fact.Finished(index, 1, "w", Outcome.COMPLETED, 1, 0, null, null, output);
    assertThat(Engine.apply(draft, end, Plans.NOW, 0)).isEqualTo(Verdict.ACCEPTED);
    Engine.settle(draft, Plans.NOW);
  }
}
