package dev.millrace.lifecycle;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.function.BiPredicate;
import java.util.function.Predicate;
import org.junit.jupiter.api.Test;

/** docs/lifecycle.md is what the three enums say, and nothing else. */
class LifecycleDocTest {
  private static final String REGENERATE = "millrace.regenerate";

  @Test
  void thePictureIsTheCode() throws IOException {
    Path file = root().resolve("docs").resolve("lifecycle.md");
    String wanted = document();
    if (Boolean.getBoolean(REGENERATE)) {
      Files.writeString(file, wanted);
    }
    assertThat(file)
        .as(
            "docs/lifecycle.md differs from shared/lifecycle; write it anew with"
                + " `./mvnw -pl shared test -Dtest=LifecycleDocTest -D%s=true`",
            REGENERATE)
        .exists()
        .content()
        .isEqualTo(wanted);
  }

  private static String document() {
    return """
        # Lifecycles

        Generated from `shared/src/main/java/dev/millrace/lifecycle` by `LifecycleDocTest`; do not edit.
        Write it anew with `./mvnw -pl shared test -Dtest=LifecycleDocTest -Dmillrace.regenerate=true`.

        There is one enum per machine, with one exhaustive switch. A move that has no arrow here is refused and
        changes nothing. Every move is recorded in the transition log in the same transaction as the change.
        States with an arrow to the end mark are final: nothing happens any more unless a person, or a retry, asks
        for it.

        ## Job

        """
        + diagram(JobState.values(), JobState::canBecome, JobState::isFinal)
        + """

        ## Run

        A run's state follows from its stages (`RollUp`), and moves one arrow at a time: a finish that overtakes its
        start passes RUNNING, and a retry passes FAILED on its way to SCHEDULED, so both are in the log.

        """
        + diagram(RunState.values(), RunState::canBecome, RunState::isFinal)
        + """

        ## Stage

        A stage in READY waits in Postgres; in QUEUED it must be with the broker. QUEUED and RUNNING are the two states
        in which an attempt may be on a worker. A lost attempt goes through BACKING_OFF like a failed one. The arrows
        out of final states exist for people only: reset, acknowledge, complete by hand.

        """
        + diagram(StageState.values(), StageState::canBecome, StageState::isFinal);
  }

  private static <S extends Enum<S>> String diagram(
      S[] states, BiPredicate<S, S> canBecome, Predicate<S> isFinal) {
    StringBuilder text = new StringBuilder("```mermaid\nstateDiagram-v2\n");
    text.append("    [*] --> ").append(states[0]).append('\n');
    for (S from : states) {
      for (S to : states) {
        if (canBecome.test(from, to)) {
          text.append("    ").append(from).append(" --> ").append(to).append('\n');
        }
      }
      if (isFinal.test(from)) {
        text.append("    ").append(from).append(" --> [*]\n");
      }
    }
    return text.append("```\n").toString();
  }

  private static Path root() {
    Path at = Path.of("").toAbsolutePath();
    while (!Files.isDirectory(at.resolve("docs"))) {
      at = at.getParent();
    }
    return at;
  }
}
