package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.ArrayList;
import java.util.List;
import java.util.Random;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;

class DefinitionDiffTest {
  private static String json(String yaml) {
    return DefinitionJson.toJson(Texts.ok(yaml));
  }

  @Test
  void differencesAreNamedByTheirPlace() {
    String before =
        json("id: x\nstages:\n- {id: a, run: h, timeout: 30s}\n- {id: b, run: h}\npriority: 3");
    String after =
        json(
            "id: x\nlabels: {a.b: c}\nstages:\n- {id: new, run: h}\n- {id: a, run: h, timeout: 1m}\n"
                + "- {id: b, run: h}\npriority: 3");
    assertThat(DefinitionDiff.changes(before, after))
        .extracting(change -> change.path() + " " + change.before() + " " + change.after())
        .satisfiesExactly(
            first -> assertThat(first).isEqualTo("stages[a].timeout \"PT30S\" \"PT1M\""),
            second -> assertThat(second).startsWith("stages[new] null {\"id\":\"new\""),
            third -> assertThat(third).isEqualTo("labels[\"a.b\"] null \"c\""));
  }

  @Test
  void equalOnesHaveNone() {
    String job = json(Texts.job("priority: 4"));
    assertThat(DefinitionDiff.changes(job, job)).isEmpty();
    assertThat(DefinitionDiff.unified(job, job, "a", "b")).isEmpty();
  }

  @Test
  void anotherOrderOfStagesIsOneChange() {
    String before = json("id: x\nstages: [{id: a, run: h}, {id: b, run: h}]");
    String after = json("id: x\nstages: [{id: b, run: h}, {id: a, run: h}]");
    assertThat(DefinitionDiff.changes(before, after))
        .containsExactly(new DefinitionDiff.Change("stages", "[\"a\",\"b\"]", "[\"b\",\"a\"]"));
  }

  @Test
  void whatAppearsAndGoesIsTheWhole() {
    String job = json(Texts.job("priority: 4"));
    assertThat(DefinitionDiff.changes(null, job))
        .containsExactly(new DefinitionDiff.Change("", null, job));
    assertThat(DefinitionDiff.changes(job, null))
        .containsExactly(new DefinitionDiff.Change("", job, null));
    assertThat(DefinitionDiff.unified(null, job, "/dev/null", "x"))
        .startsWith("--- /dev/null\n+++ x\n@@ -0,0 +1,");
  }

  @Test
  void theUnifiedFormIsWhatDiffWrites() {
    String before = "1\n2\n3\n4\n5\n6\n7\n8\n9\n10\n11\n12\n13\n14\n15\n16\n";
    String after = "1\n2\n3\n4\nfive\n6\n7\n8\n9\n10\n11\n12\n13\n15\n16\n";
    assertThat(LineDiff.unified(before, after, "a", "b"))
        .isEqualTo(
            """
            --- a
            +++ b
            @@ -2,7 +2,7 @@
             2
             3
             4
            -5
            +five
             6
             7
             8
            @@ -11,6 +11,5 @@
             11
             12
             13
            -14
             15
             16
            """);
  }

  /** Whatever the texts, the difference put on the first gives the second. */
  @Property(tries = 500)
  void aDifferenceLeadsFromOneToTheOther(@ForAll long seed) {
    Random random = new Random(seed);
    List<String> before = lines(random);
    List<String> after = new ArrayList<>(before);
    int edits = random.nextInt(8);
    for (int i = 0; i < edits; i++) {
      int at = random.nextInt(after.size() + 1);
      if (random.nextBoolean() || at == after.size()) {
        after.add(at, "new" + random.nextInt(4));
      } else {
        after.remove(at);
      }
    }
    String diff = LineDiff.unified(String.join("\n", before), String.join("\n", after), "a", "b");
    assertThat(patched(before, diff)).isEqualTo(after);
  }

  @Test
  void veryDifferentTextsAreOneReplacedByTheOther() {
    StringBuilder before = new StringBuilder();
    StringBuilder after = new StringBuilder();
    for (int i = 0; i < 2_000; i++) {
      before.append("old ").append(i).append('\n');
      after.append("new ").append(i).append('\n');
    }
    String diff = LineDiff.unified(before.toString(), after.toString(), "a", "b");
    assertThat(diff).contains("@@ -1,2000 +1,2000 @@\n-old 0\n");
    assertThat(patched(before.toString().lines().toList(), diff))
        .isEqualTo(after.toString().lines().toList());
  }

  private static List<String> lines(Random random) {
    List<String> lines = new ArrayList<>();
    int count = random.nextInt(40);
    for (int i = 0; i < count; i++) {
      lines.add("line" + random.nextInt(6));
    }
    return lines;
  }

  /** What `patch` does. */
  private static List<String> patched(List<String> before, String diff) {
    List<String> result = new ArrayList<>();
    int at = 0;
    for (String line : diff.lines().skip(2).toList()) {
      if (line.startsWith("@@")) {
        String[] range = line.substring(4, line.indexOf(" +")).split(",");
        int first =
            Integer.parseInt(range[0]) - (range.length == 2 && range[1].equals("0") ? 0 : 1);
        while (at < first) {
          result.add(before.get(at++));
        }
        continue;
      }
      switch (line.charAt(0)) {
        case ' ' -> {
          assertThat(line.substring(1)).isEqualTo(before.get(at));
          result.add(before.get(at++));
        }
        case '-' -> assertThat(line.substring(1)).isEqualTo(before.get(at++));
        default -> result.add(line.substring(1));
      }
    }
    result.addAll(before.subList(at, before.size()));
    return result;
  }
}
