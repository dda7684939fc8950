package dev.millrace.definition;

import static dev.millrace.definition.Texts.bad;
import static dev.millrace.definition.Texts.job;
import static dev.millrace.definition.Texts.ok;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Concurrency;
import dev.millrace.model.JobRules;
import dev.millrace.model.LockUse;
import dev.millrace.model.Overlap;
import dev.millrace.model.Window;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What holds for the runs of a job as a whole. */
class JobRulesTest {
  private static JobRules rules(String lines) {
    return ok(job(lines)).rules();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "allow | ALLOW | 0",
        "skip | SKIP | 0",
        "{queue: 3} | QUEUE | 3",
        "'queue: 3' | QUEUE | 3",
        "cancel-running | CANCEL_RUNNING | 0",
        "coalesce | COALESCE | 0",
      })
  void overlapsAreRead(String written, Overlap.Kind kind, int waiting) {
    String text = written.startsWith("queue") ? "\"" + written + "\"" : written;
    assertThat(rules("overlap: " + text).overlap()).isEqualTo(new Overlap(kind, waiting));
  }

  @Test
  void theRulesOfAJobAreRead() {
    var rules =
        rules(
            """
            params: {p: string}
            concurrency: {key: "${{ params.p + '-x' }}", limit: 2}
            locks: [warehouse, {name: gpu, weight: 3}]
            timeout: 2h
            deadline: 30m after scheduled
            environment: production
            """);
    assertThat(rules.concurrency()).isEqualTo(new Concurrency("params.p + '-x'", 2));
    assertThat(rules.locks())
        .containsExactly(new LockUse("warehouse", 1, false), new LockUse("gpu", 3, false));
    assertThat(rules.timeout()).isEqualTo(Duration.ofHours(2));
    assertThat(rules.deadline()).isEqualTo(Duration.ofMinutes(30));
    assertThat(rules("deadline: 30m").deadline()).isEqualTo(Duration.ofMinutes(30));
    assertThat(rules.environment()).isEqualTo("production");
    assertThat(rules("concurrency: {limit: 1}").concurrency()).isEqualTo(new Concurrency(null, 1));
    assertThat(rules("")).isEqualTo(JobRules.NONE);
  }

  @Test
  void aWindowMakesAPlan() {
    assertThat(
            rules(
                    """
                    window:
                      start: 0 7 * * MON-FRI
                      length: 10h
                      timezone: Europe/London
                      blackout:
                        - {cron: 0 12 * * *, length: 1h}
                        - {from: 2026-12-24T00:00:00Z, until: 2026-12-27T00:00:00Z}
                      end: complete
                      prepare: true
                    """)
                .window())
        .isEqualTo(
            new Window(
                "0 7 * * MON-FRI",
                ZoneId.of("Europe/London"),
                Duration.ofHours(10),
                List.of(
                    new Window.Blackout("0 12 * * *", Duration.ofHours(1), null, null),
                    new Window.Blackout(
                        null,
                        null,
                        Instant.parse("2026-12-24T00:00:00Z"),
                        Instant.parse("2026-12-27T00:00:00Z"))),
                Window.End.COMPLETE,
                true));
    assertThat(rules("window: {start: '@daily', length: 1h}").window())
        .isEqualTo(
            new Window(
                "@daily", Schedule.UTC, Duration.ofHours(1), List.of(), Window.End.CLOSE, false));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "overlap: queue                  | `queue` needs how many may wait; write {queue: 10}",
        "overlap: {queue: 0}             | 0 is not in 1..",
        "overlap: 'queue: 0'             | 0 is not in 1..",
        "overlap: {skip: 1}              | unknown key",
        "overlap: skp                    | did you mean 'skip'?",
        "concurrency: {}                 | is empty; write {key, limit}",
        "concurrency: {key: all}         | must be one expression",
        "concurrency: {key: '${{ stages.a.output }}'} | 'a' cannot be read here",
        "concurrency: {limit: 0}         | 0 is not in 1..",
        "locks: [a, a]                   | 'a' is taken a second time",
        "deadline: 30                    | '30' has no unit",
        "deadline: 30m after start       | is not a duration",
        "timeout: 0s                     | must be at least 1 ms",
        "environment: 'a b'              | is not possible",
        "window: {}                      | `start` is missing",
        "window: {start: '@daily'}       | `length` is missing",
        "window: {start: '61 * * * *', length: 1h} | window.start: field minute",
        "window: {start: '@daily', length: 1h, timezone: Nowhere} | is not a time zone",
        "window: {start: '@daily', length: 1h, end: closed} | did you mean 'close'?",
        "window: {start: '@daily', length: 1h, blackout: [{cron: '@daily'}]} | needs `cron` and `length`",
        "window: {start: '@daily', length: 1h, blackout: [{}]} | one of both",
        "window: {start: '@daily', length: 1h, blackout: [{from: 2026-01-02T00:00:00Z, until:"
            + " 2026-01-01T00:00:00Z}]} | is not after `from`",
        "retry: {max-attempts: 2, if: stages.a.failed > 1} | 'a' cannot be read here",
      })
  void theRulesOfAJobAreChecked(String line, String expected) {
    assertThat(bad(job(line))).anySatisfy(problem -> assertThat(problem).contains(expected));
  }

  @Test
  void aStageCannotTakeWhatItsRunHolds() {
    assertThat(bad("id: x\nlocks: [gpu]\nstages: [{id: a, run: h, locks: [gpu]}]\n"))
        .singleElement()
        .satisfies(problem -> assertThat(problem).contains("that the whole run holds"));
  }

  /** The hash decides whether there is a new version; what is not used must not be in it. */
  @Test
  void aDefinitionWithoutRulesKeepsItsText() {
    assertThat(
            DefinitionJson.toJson(
                ok("id: x\nstages: [{id: a, run: h}, {id: b, run: h, needs: [a]}]")))
        .isEqualTo(
            """
            {"id":"x","namespace":"default","description":"","params":{},"triggers":[],\
            "priority":5,"stages":[{"id":"a","run":"h","pool":"default","with":{},"needs":[],\
            "retry":{"max-attempts":1,"backoff":"exponential","initial":"PT1S","factor":2.0,\
            "max":"PT5M","jitter":0.2,"max-lost":3}},{"id":"b","run":"h","pool":"default",\
            "with":{},"needs":["a"],"retry":{"max-attempts":1,"backoff":"exponential",\
            "initial":"PT1S","factor":2.0,"max":"PT5M","jitter":0.2,"max-lost":3}}],"labels":{}}""");
  }
}
