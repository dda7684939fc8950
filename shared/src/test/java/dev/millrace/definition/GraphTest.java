package dev.millrace.definition;

import static dev.millrace.definition.Texts.bad;
import static dev.millrace.definition.Texts.ok;
import static dev.millrace.definition.Texts.stage;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.StageDefinition;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Groups, phases and what may wait for what. */
class GraphTest {
  private static final String WHOLE =
      """
      id: x
      params: {regions: array}
      stages:
        - {id: prepare, run: h}
        - id: regions
          run: group
          needs: [prepare]
          for-each: ${{ params.regions }}
          max-parallel: 4
          stages:
            - {id: load, run: h, with: {region: "${{ item }}", x: "${{ stages.prepare.output }}"}}
            - id: inner
              run: group
              needs: [load]
              stages:
                - {id: a, run: h, with: {rows: "${{ stages.load.output.rows }}"}}
                - {id: b, run: h, needs: [a], with: {a: "${{ stages.a.output }}", i: "${{ item }}"}}
        - id: plain
          run: group
          needs: [prepare]
          stages: [{id: a, run: h, compensate: {run: undo, with: {of: "${{ stages.a.output }}"}}}]
        - id: last
          run: h
          needs: [regions, plain]
          if: ${{ stages.regions.failed == 0 }}
          with: {a: '${{ stages["plain.a"].output }}'}
      on-failure:
        - {id: tell, run: h, with: {state: "${{ stages.last.state }}"}}
        - {id: page, run: h, needs: [tell], with: {x: "${{ stages.tell.output }}"}}
      finally:
        - {id: tidy, run: h, if: "${{ stages.prepare.state == 'COMPLETED' }}"}
      """;

  @Test
  void groupsAreOneFlatList() {
    var job = ok(WHOLE);
    assertThat(job.stages())
        .extracting(StageDefinition::id)
        .containsExactly(
            "prepare",
            "regions",
            "regions.load",
            "regions.inner",
            "regions.inner.a",
            "regions.inner.b",
            "plain",
            "plain.a",
            "last",
            "plain.a.compensate",
            "tell",
            "page",
            "tidy");
    assertThat(stage(job, "regions.inner").rules().group()).isEqualTo("regions");
    assertThat(stage(job, "regions.inner.b").rules().group()).isEqualTo("regions.inner");
    assertThat(stage(job, "regions.inner.b").needs())
        .isEqualTo(Need.completed(List.of("regions.inner.a")));
    assertThat(stage(job, "regions").pool()).isEqualTo(StageDefinition.NO_POOL);
    assertThat(stage(job, "page").rules().phase()).isEqualTo(Phase.ON_FAILURE);
    assertThat(stage(job, "tidy").rules().phase()).isEqualTo(Phase.FINALLY);
  }

  @Test
  void everyStageHasNamesForWhatItMayRead() {
    var job = ok(WHOLE);
    var upstream = new Upstream(job.stages());
    assertThat(upstream.names(stage(job, "regions.inner.b")))
        .isEqualTo(Map.of("a", "regions.inner.a", "load", "regions.load", "prepare", "prepare"));
    assertThat(upstream.names(stage(job, "last")))
        .containsOnlyKeys("prepare", "regions", "plain", "plain.a");
    assertThat(upstream.names(stage(job, "plain.a.compensate")))
        .containsEntry("a", "plain.a")
        .containsEntry("last", "last");
    assertThat(upstream.names(stage(job, "page"))).containsKeys("tell", "last", "prepare");
    assertThat(upstream.names(stage(job, "prepare"))).isEmpty();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "[{id: a, run: h, needs: {any: [b]}}, {id: b, run: h, needs: {not: [a]}}] | a → b → a",
        "[{id: a, run: h, needs: [g]}, {id: g, run: group, needs: [a], stages: [{id: x, run: h}]}] |"
            + " a → g → a",
        "[{id: g, run: group, stages: [{id: x, run: h, needs: [y]}, {id: y, run: h, needs: [x]}]}] |"
            + " g.x → g.y → g.x",
        "[{id: g, run: group, stages: [{id: x, run: h, needs: [g]}]}] | is the group that it stands in",
        "[{id: a, run: h}, {id: g, run: group, stages: [{id: x, run: h, needs: [a]}]}] |"
            + " 'a' stands outside the group; let the group 'g' need it",
        "[{id: a, run: h, needs: [g.x]}, {id: g, run: group, stages: [{id: x, run: h}]}] |"
            + " 'g.x' stands in the group 'g'; need the group",
        "[{id: g, run: group, stages: [{id: one, run: h}, {id: x, run: h, needs: [onw]}]}] |"
            + " unknown stage 'onw', did you mean 'one'?",
        "[{id: g.x, run: h}, {id: g, run: group, stages: [{id: x, run: h}]}] |"
            + " 'g.x' is already the id of the stage in line 3",
        "[{id: g, run: group, for-each: '${{ [1] }}', stages: [{id: x, run: h, for-each: '${{ [2] }}'}]}] |"
            + " one inside another is not supported",
        "[{id: g, run: group, for-each: '${{ [1] }}', stages: [{id: x, run: h, compensate: {run: h}}]}] |"
            + " is not possible inside a group with `for-each`",
        "[{id: g, run: group, for-each: '${{ [1] }}', stages: [{id: x, run: h}]},"
            + " {id: a, run: h, needs: [g], if: 'stages[\"g.x\"].completed > 0'}] |"
            + " the results of a stage 'g.x' cannot be read here",
        "[{id: a, run: h, with: {x: '${{ stages.b.output }}'}}, {id: b, run: h}] |"
            + " reads 'b', of which nothing says that it has ended by then; add it to `needs`",
      })
  void theGraphIsChecked(String stages, String expected) {
    assertThat(bad("id: x\nstages:\n  " + stages + "\n"))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "on-failure: [{id: b, run: h, needs: [a]}] | 'a' stands in another list",
        "finally: [{id: a, run: h}]                | 'a' is already the id of the stage in line 4",
        "finally: [{id: b, run: h, needs: [b2]}]   | unknown stage 'b2'",
        "on-failure: [{id: b, run: h, compensate: {run: h}}] | is possible for stages in `stages` only",
        "on-failure: {id: b, run: h}               | must be a list, not a map",
        "finally: [{id: b, run: h, if: stages.c.failed > 0}] | 'c' cannot be read here",
      })
  void otherListsAreChecked(String line, String expected) {
    assertThat(bad("id: x\n" + line + "\nstages:\n- {id: a, run: h}\n"))
        .anySatisfy(problem -> assertThat(problem).contains(expected));
  }

  @Test
  void aThousandStagesInAll() {
    assertThat(ok(many(997)).stages()).hasSize(1_000);
    assertThat(bad(many(998)))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("has 1001 stages"));
  }

  /** So many and three more: in a group, a compensation, and one at the end. */
  private static String many(int count) {
    var text = new StringBuilder("id: x\nfinally: [{id: end, run: h}]\nstages:\n- id: g\n");
    text.append("  run: group\n  stages:\n  - {id: c, run: h, compensate: {run: h}}\n");
    for (int i = 1; i < count; i++) {
      text.append("- {id: s").append(i).append(", run: h}\n");
    }
    return text.toString();
  }

  @Test
  void groupsAndNeedsNestSoDeepAndNoDeeper() {
    assertThat(ok("id: x\nstages: [" + nested(StageReader.GROUPS_MAX) + "]").stages())
        .hasSize(StageReader.GROUPS_MAX + 1);
    assertThat(bad("id: x\nstages: [" + nested(StageReader.GROUPS_MAX + 1) + "]"))
        .anySatisfy(problem -> assertThat(problem).contains("nested more than 8 deep"));
    String needs = "{any: [".repeat(8) + "a" + "]}".repeat(8);
    ok(stage("run: h\nneeds: " + needs));
    assertThat(bad(stage("run: h\nneeds: {all: [" + needs + "]}")))
        .anySatisfy(problem -> assertThat(problem).contains("nested more than 8 deep"));
  }

  private static String nested(int depth) {
    return depth == 0
        ? "{id: s, run: h}"
        : "{id: g, run: group, stages: [" + nested(depth - 1) + "]}";
  }

  @Test
  void anIdCountsWithItsGroups() {
    String half = "x".repeat(80);
    assertThat(
            bad(
                "id: x\nstages: [{id: %s, run: group, stages: [{id: %s, run: h}]}]"
                    .formatted(half, half)))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("longer than 128"));
  }

  /** Any damage to a good text gives a result, never an exception. */
  @Test
  void damagedTextNeverThrows() {
    var random = new Random(7);
    for (int round = 0; round < 500; round++) {
      var text = new StringBuilder(WHOLE);
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.delete(at, Math.min(text.length(), at + random.nextInt(1, 12)));
          case 1 -> text.insert(at, (char) random.nextInt(1, 128));
          default -> text.setCharAt(at, "{}[]:,\"'$|>-#\n 0a".charAt(random.nextInt(17)));
        }
      }
      assertThat(new DefinitionReader().read(text.toString(), "x.yaml")).isNotNull();
    }
  }

  @Test
  void aHostileGraphIsAProblemAndQuick() {
    String needs = "a,".repeat(200_000);
    assertThat(bad("id: x\nstages: [{id: b, run: h, needs: [" + needs + "]}]")).hasSize(200);
    String nots = "{not: [a]},{any: [a, b]},{all: [b]},".repeat(20_000);
    var text = new StringBuilder("id: x\nstages:\n- {id: a, run: h}\n- {id: b, run: h}\n");
    text.append("- {id: g, run: group, needs: [").append(nots).append("], stages: [");
    for (int i = 0; i < 900; i++) {
      text.append("{id: s").append(i).append(", run: h},");
    }
    assertThat(bad(text.append("]}").toString())).hasSize(200);
    var read = new StringBuilder("id: x\nstages:\n- {id: s0, run: h}\n");
    for (int i = 1; i < 1_000; i++) {
      read.append("- {id: s" + i + ", run: h, if: stages.s" + (i - 1) + ".failed > 0}\n");
    }
    assertThat(bad(read.toString())).hasSize(200);
  }

  @Test
  void aThousandConditionsAreCompiled() {
    var text = new StringBuilder("id: x\nstages:\n- {id: s0, run: h}\n");
    for (int i = 1; i < 1_000; i++) {
      text.append("- {id: s" + i + ", run: h, needs: [s" + i / 50 + "], if: stages.s" + i / 50);
      text.append(".failed > 0}\n");
    }
    var result = new DefinitionReader().read(text.toString(), "x.yaml");
    assertThat(result).isInstanceOf(DefinitionReader.Result.Ok.class);
  }
}
