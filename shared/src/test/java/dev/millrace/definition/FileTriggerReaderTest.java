package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.FileTrigger;
import dev.millrace.model.JobDefinition;
import java.time.Duration;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** Triggers by files as they are written. */
class FileTriggerReaderTest {
  private static final String JOB = "params: {p: string, n: integer}\ntriggers:\n- %s";

  private static FileTrigger trigger(String text) {
    JobDefinition job = Texts.ok(Texts.job(JOB.formatted(text)));
    assertThat(job.triggers()).isEmpty();
    return (FileTrigger) job.events().getFirst();
  }

  @Test
  void onlyAPathIsNeeded() {
    assertThat(trigger("file: {path: /data/in/*.csv}"))
        .isEqualTo(
            new FileTrigger(
                "/data/in/*.csv",
                0,
                Duration.ofSeconds(5),
                Duration.ZERO,
                0,
                null,
                null,
                Duration.ofSeconds(5),
                "{}"));
  }

  @Test
  void everythingElseMayBeSaid() {
    assertThat(
            trigger(
                "{file: {path: '/in/**', depth: 3, stable-for: 10s, min-age: 1m, min-size: 1,"
                    + " archive-to: /done, pool: nas, every: 2s},"
                    + " params: {p: '${{ file.path }}', n: '${{ file.size }}'}}"))
        .isEqualTo(
            new FileTrigger(
                "/in/**",
                3,
                Duration.ofSeconds(10),
                Duration.ofMinutes(1),
                1,
                "/done",
                "nas",
                Duration.ofSeconds(2),
                "{\"p\":\"${{ file.path }}\",\"n\":\"${{ file.size }}\"}"));
  }

  @Test
  void whatItReadsHasTypes() {
    assertThat(
            trigger(
                    "{file: {path: '/in/*'}, params: {p: '${{ file.name + string(file.modified)"
                        + " + run.id }}', n: '${{ file.size > 10 ? 1 : 2 }}'}}")
                .params())
        .contains("file.name");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "file: /data/in/*.csv                                 | triggers[0].file: must be a map",
        "file: {}                                             | `path` is missing",
        "file: {path: in/*.csv}                               | is not absolute",
        "file: {path: /in/../etc/*}                           | goes in circles",
        "file: {path: '/in/{a'}                               | is no pattern",
        "file: {path: /in/}                                   | must name files in a folder",
        "file: {path: /in/*, stable-for: 1ms}                 | must be at least 1000 ms",
        "file: {path: /in/*, stable-for: 2d}                  | must be at most 24h",
        "file: {path: /in/*, every: 10ms}                     | must be at least 1000 ms",
        "file: {path: /in/*, every: 2h}                       | must be at most 1h",
        "file: {path: /in/*, depth: 17}                       | 17 is not in 1..16",
        "file: {path: '/in/*/*', depth: 1}                    | it needs 2",
        "file: {path: /in/*, archive-to: done}                | 'done' is not absolute",
        "file: {path: /in/*, archive-to: /in}                 | one of the folders that are looked"
            + " at",
        "file: {path: '/in/**', depth: 3, archive-to: /in/x}  | one of the folders that are looked"
            + " at",
        "file: {path: /in/*, min-size: big}                   | must be a whole number",
        "file: {path: /in/*, pool: 'a b'}                     | 'a b' is not possible",
        "file: {path: /in/*, stabel-for: 1s}                  | did you mean 'stable-for'?",
        "{file: {path: /in/*}, every: 5s}                     | has every and file",
        "{file: {path: /in/*}, within: 5s}                    | unknown key",
        "{file: {path: /in/*}, params: {q: x}}                | the job has no such parameter",
        "{file: {path: /in/*}, params: {p: '${{ file.pth }}'}} | file has no 'pth', did you mean"
            + " 'path'?",
        "{file: {path: /in/*}, params: {p: '${{ file }}'}}    | 'file' must be followed by one of",
        "{file: {path: /in/*}, params: {p: '${{ params.n }}'}} | a run does not have yet",
        "{every: 5s, params: {p: '${{ file.path }}'}}         | 'file' exists in the params of a",
      })
  void whatIsWrongIsSaid(String trigger, String problem) {
    assertThat(Texts.bad(Texts.job(JOB.formatted(trigger))))
        .singleElement()
        .asString()
        .contains(problem);
  }

  @Test
  void aStageMayLetTheSchedulerWait() {
    JobDefinition job =
        Texts.ok(
            Texts.stage(
                """
                run: wait.file
                on: scheduler
                with: {path: '/in/${{ params.p }}/*', timeout: 1h}
                """));
    assertThat(Texts.stage(job, "c"))
        .satisfies(stage -> assertThat(stage.ledByLeader()).isTrue())
        .satisfies(stage -> assertThat(stage.pool()).isEmpty());
    assertThat(DefinitionJson.toJson(job)).contains("\"run\":\"wait.file\",\"on\":\"scheduler\"");
    JobDefinition pooled = Texts.ok(Texts.stage("run: wait.file\npool: nas\nwith: {path: /in/*}"));
    assertThat(Texts.stage(pooled, "c").ledByLeader()).isFalse();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '#',
      value = {
        "run: mine, on: scheduler                                     | is possible for `run:"
            + " wait.file` only",
        "run: wait.file, on: worker, with: {path: /in/*}              | 'worker' is not one of"
            + " scheduler",
        "run: wait.file, on: scheduler                                | needs `with: {path: ...}`",
        "run: wait.file, on: scheduler, with: {path: in/*}            | is not absolute",
        "run: wait.file, on: scheduler, with: {path: /*, pth: x}      | unknown key, did you mean"
            + " 'path'?",
        "run: wait.file, on: scheduler, pool: nas, with: {path: /in/*} | is not possible beside"
            + " `on: scheduler`",
      })
  void whatIsWrongWithAWaitIsSaid(String stage, String problem) {
    assertThat(Texts.bad("id: x\nstages: [{id: a, " + stage + "}]"))
        .singleElement()
        .asString()
        .contains(problem);
  }
}
