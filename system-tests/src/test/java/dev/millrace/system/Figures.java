package dev.millrace.system;

import static org.assertj.core.api.Assertions.assertThat;

import java.time.Duration;

/** Prints what was measured and judged, one line each, into the build's log. Stateless. */
final class Figures {
  private Figures() {}

  static void print(String test, String what, Object figure) {
    System.out.println("millrace system: " + test + ": " + what + " " + figure);
  }

  static void print(String test, String what, Duration took, String target) {
    print(test, what, took.toMillis() + " ms (target " + target + ")");
  }

  /** Judges the history of this fleet; red with the violations in the message. */
  static HistoryChecker.Verdict judge(String test, Fleet fleet, String... witnessed)
      throws Exception {
    HistoryChecker.Verdict verdict = HistoryChecker.check(History.read(fleet, witnessed));
    print(
        test,
        "judged",
        "runs=%d stages=%d moves=%d terms=%d violations=%d superseded=%s executedTwice=%d endedTwice=%d"
            .formatted(
                verdict.runs(),
                verdict.stages(),
                verdict.moves(),
                verdict.epochs().size(),
                verdict.violations().size(),
                verdict.attemptsSuperseded(),
                verdict.executedTwice(),
                verdict.stagesExecutedTwice()));
    assertThat(verdict.violations()).withFailMessage(verdict::complaint).isEmpty();
    return verdict;
  }
}
