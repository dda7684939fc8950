package dev.millrace.definition;

import static dev.millrace.definition.Texts.bad;
import static dev.millrace.definition.Texts.ok;
import static dev.millrace.definition.Texts.stage;
import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Backoff;
import dev.millrace.model.LockUse;
import dev.millrace.model.Need;
import dev.millrace.model.Phase;
import dev.millrace.model.RateRule;
import dev.millrace.model.RetryMatch;
import dev.millrace.model.StageDefinition;
import dev.millrace.model.Tolerance;
import java.time.Duration;
import java.util.List;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;

/** What one stage may say beyond its work. */
class StageFormsTest {
  private static final Need A = new Need.Stage("a", Need.Is.COMPLETED);
  private static final Need B = new Need.Stage("b", Need.Is.COMPLETED);

  private static StageDefinition c(String lines) {
    return stage(ok(stage(lines)), "c");
  }

  private static Need needs(String text) {
    return c("run: h\nneeds: " + text).needs();
  }

  @Test
  void needsNestAtWill() {
    assertThat(needs("[a, b]")).isEqualTo(new Need.All(List.of(A, B)));
    assertThat(needs("[]")).isEqualTo(Need.none());
    assertThat(needs("{all: [a, b]}")).isEqualTo(needs("[a, b]"));
    assertThat(needs("{any: [a, b]}")).isEqualTo(new Need.Any(List.of(A, B)));
    assertThat(needs("{stage: a, is: failed}")).isEqualTo(new Need.Stage("a", Need.Is.FAILED));
    assertThat(needs("{stage: a}")).isEqualTo(A);
    assertThat(needs("[{stage: a, is: ended}, b]"))
        .isEqualTo(new Need.All(List.of(new Need.Stage("a", Need.Is.ENDED), B)));
    assertThat(needs("{all: [a], not: [b]}"))
        .isEqualTo(new Need.All(List.of(A, new Need.Not(List.of(B)))));
    assertThat(needs("{any: [{all: [a, b]}, {any: [a], not: [{stage: b, is: cancelled}]}]}"))
        .isEqualTo(
            new Need.Any(
                List.of(
                    new Need.All(List.of(A, B)),
                    new Need.All(
                        List.of(
                            new Need.Any(List.of(A)),
                            new Need.Not(List.of(new Need.Stage("b", Need.Is.CANCELLED))))))));
  }

  @Test
  void aFanOutKeepsItsPoolAndItsHandler() {
    var stage =
        c(
            """
            run: web.scrape
            pool: scrapers
            needs: [a]
            for-each: ${{ stages.a.output.urls }}
            max-parallel: 20
            tolerate: 2.5%
            with: {url: "${{ item }}", nth: "${{ index }}"}
            """);
    assertThat(stage.ledByLeader()).isTrue();
    assertThat(stage.pool()).isEqualTo("scrapers");
    assertThat(stage.rules().forEach()).isEqualTo("stages.a.output.urls");
    assertThat(stage.rules().maxParallel()).isEqualTo(20);
    assertThat(stage.rules().tolerate()).isEqualTo(new Tolerance(-1, 2.5));
    assertThat(stage.withJson()).isEqualTo("{\"url\":\"${{ item }}\",\"nth\":\"${{ index }}\"}");
    assertThat(c("run: h\nfor-each: '${{ params.l }}'\ntolerate: 3").rules().tolerate())
        .isEqualTo(new Tolerance(3, -1));
  }

  @Test
  void theRulesOfAStageAreRead() {
    var rules =
        c("""
        run: h
        needs: [{stage: a, is: ended}]
        if: stages.a.state == "COMPLETED" && params.n > 3
        start-timeout: 10s
        heartbeat-timeout: 1m
        locks: [warehouse, {name: gpu, weight: 2}, {name: door, exclusive: true}]
        rate: {key: "${{ params.p }}", limit: 10, per: 1s}
        min-duration: 1s
        max-duration: 5m
        """)
            .rules();
    assertThat(rules.condition()).isEqualTo("stages.a.state == \"COMPLETED\" && params.n > 3");
    assertThat(rules.startTimeout()).isEqualTo(Duration.ofSeconds(10));
    assertThat(rules.heartbeatTimeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(rules.locks())
        .containsExactly(
            new LockUse("warehouse", 1, false),
            new LockUse("gpu", 2, false),
            new LockUse("door", 1, true));
    assertThat(rules.rate()).isEqualTo(new RateRule("params.p", 10, Duration.ofSeconds(1)));
    assertThat(rules.minDuration()).isEqualTo(Duration.ofSeconds(1));
    assertThat(rules.maxDuration()).isEqualTo(Duration.ofMinutes(5));
  }

  @Test
  void retriesChooseTheirFailures() {
    var retry =
        c("""
        run: h
        retry:
          max-attempts: 5
          backoff: decorrelated
          on: [timeout, "http:5*"]
          unless: [config, "exit:126"]
          if: ${{ error.attempt < 3 && error.class != "parse" }}
        """)
            .retry();
    assertThat(retry.backoff()).isEqualTo(Backoff.DECORRELATED);
    assertThat(retry.match())
        .isEqualTo(
            new RetryMatch(
                List.of("timeout", "http:5*"),
                List.of("config", "exit:126"),
                "error.attempt < 3 && error.class != \"parse\""));
  }

  @Test
  void aCompensationIsAStageOfItsOwn() {
    var job =
        ok(
            stage(
                """
                run: book
                retry: {max-attempts: 2}
                compensate:
                  run: cancel-booking
                  pool: quiet
                  with: {booking: "${{ stages.c.output.id }}"}
                  timeout: 1m
                """));
    assertThat(job.stages()).extracting(StageDefinition::id).endsWith("c", "c.compensate");
    var undo = stage(job, "c.compensate");
    assertThat(undo.rules().phase()).isEqualTo(Phase.COMPENSATE);
    assertThat(undo.rules().compensates()).isEqualTo("c");
    assertThat(undo.handler()).isEqualTo("cancel-booking");
    assertThat(undo.pool()).isEqualTo("quiet");
    assertThat(undo.timeout()).isEqualTo(Duration.ofMinutes(1));
    assertThat(undo.retry().maxAttempts()).isEqualTo(1);
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "job | {job: other, params: {a: '${{ params.p }}'}} | {'job':'other','params':{'a':'${{"
            + " params.p }}'}}",
        "job | {job: other, namespace: n, params: '${{ stages.a.output }}'} |"
            + " {'job':'other','namespace':'n','params':'${{ stages.a.output }}'}",
        "wait.time | {for: 10m} | {'for':'PT10M'}",
        "wait.time | {until: 2027-01-01T01:00:00+01:00} | {'until':'2027-01-01T00:00:00Z'}",
        "wait.time | {until: '${{ stages.a.output.at }}'} | {'until':'${{ stages.a.output.at }}'}",
        "wait.event | {event: paid, key: 'o-${{ params.p }}', timeout: 1h} |"
            + " {'event':'paid','key':'o-${{ params.p }}','timeout':'PT1H'}",
        "wait.approval | {} | {}",
        "wait.approval | {role: admin, message: Sure, timeout: 1d, on-timeout: reject} |"
            + " {'role':'admin','message':'Sure','timeout':'PT24H','on-timeout':'reject'}",
      })
  void theLeadersOwnHandlersNeedNoPool(String handler, String with, String json) {
    var stage = c("run: " + handler + "\nneeds: [a]\nwith: " + with);
    assertThat(stage.withJson()).isEqualTo(json.replace('\'', '"'));
    assertThat(stage.pool()).isEqualTo(StageDefinition.NO_POOL);
    assertThat(stage.ledByLeader()).isTrue();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "http | {url: '${{ params.p }}', method: '${{ params.p }}', expect: '${{ params.l }}'}",
        "http | {url: 'http://${{ params.p }}/x', headers: {A: '${{ params.p }}'}, body: '${{"
            + " params.l }}'}",
        "http | {url: 'http://a/', headers: '${{ stages.a.output }}', expect: [200, '${{ params.n"
            + " }}']}",
        "command | {argv: [echo, '${{ params.p }}'], env: {A: 'x${{ params.n }}'}}",
        "command | {argv: '${{ params.l }}', env: '${{ stages.a.output }}', success-codes: '${{"
            + " params.l }}'}",
        "wait.file | {path: '/data/${{ params.p }}'}",
      })
  void expressionsStandWhereValuesAreExpected(String handler, String with) {
    assertThat(c("run: " + handler + "\nneeds: [a]\nwith: " + with).withJson()).contains("${{");
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "needs: a                        | needs: must be a list of stages, or a map",
        "needs: [[a]]                    | must be a stage or a map, not a list",
        "needs: [d]                      | needs[0]: unknown stage 'd'",
        "needs: {any: [a, bb]}           | needs.any[1]: unknown stage 'bb', did you mean 'b'?",
        "needs: {any: []}                | can never be true",
        "needs: {}                       | is empty; write all, any, not",
        "needs: {al: [a]}                | unknown key, did you mean 'all'?",
        "needs: {all: a}                 | needs.all: must be a list, not text",
        "needs: [a, a]                   | 'a' is needed a second time",
        "needs: [{stage: a, is: done}]   | 'done' is not one of completed, failed",
        "needs: [{is: failed}]           | `stage` is missing",
        "needs: {not: [{any: [c]}]}      | a stage cannot need itself",
        "if: '${{ params.n }}'           | if: must give true or false, but gives int",
        "if: 'x ${{ params.n > 1 }}'     | must be one expression",
        "if: ''                          | is an empty expression",
        "if: stages.a.completed > 0      | reads 'a', of which nothing says that it has ended",
        "if: stages.zz.completed > 0     | the results of a stage 'zz' cannot be read here",
        "if: params.q == 1               | unknown parameter 'q'",
        "for-each: [1, 2]                | must be an expression that gives a list",
        "for-each: params.l              | must be one expression",
        "for-each: '${{ params.n }}'     | must give a list, but gives int",
        "with: {a: {b: ['${{ item }}']}} | with.a.b[0]: 'item' exists only in a stage that runs"
            + " for",
        "with: {a: '${{ params.n'}       | has no '}}'",
        "max-parallel: 3                 | means nothing without `for-each`",
        "tolerate: 5%                    | means nothing without `for-each`",
        "locks: [a, {name: a}]           | locks[1]: 'a' is taken a second time",
        "locks: [{name: a, weight: 2, exclusive: true}] | means nothing beside `exclusive`",
        "locks: [{name: a, weight: 0}]   | 0 is not in 1..",
        "locks: ['a b']                  | locks[0]: 'a b' is not possible",
        "rate: {limit: 3}                | `per` is missing",
        "rate: {limit: 3, per: 1s, key: all} | rate.key: must be one expression",
        "min-duration: 2s\\nmax-duration: 1s | `min-duration` is longer than `max-duration`",
        "retry: {max-attempts: 2, on: []} | possible are 1 to 100",
        "retry: {max-attempts: 2, unless: ['*x']} | is not a class of errors",
        "retry: {max-attempts: 2, if: error.oops} | error has no 'oops'",
        "retry: {max-attempts: 2, if: error.attempt} | must give true or false",
        "stages: [{id: x, run: h}]       | is possible for `run: group` only",
        "compensate: {}                  | compensate: `run` is missing",
        "compensate: {run: wait.time, with: {for: 1s}} | a compensation cannot be a wait.time",
        "compensate: {run: h, needs: [a]} | compensate.needs: unknown key",
        "compensate: {run: h, with: {x: '${{ item }}'}} | compensate.with.x: 'item' exists only",
      })
  void aStageIsChecked(String line, String expected) {
    assertThat(bad(stage("run: h\n" + line.replace("\\n", "\n"))))
        .anySatisfy(problem -> assertThat(problem).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '~',
      value = {
        "run: wait.tim                                | there is no 'wait.tim', did you mean"
            + " 'wait.time'?",
        "run: wait.time                               | needs `with: {for: ...}`",
        "run: wait.time\\nwith: {}                    | needs `for` (how long) or `until`",
        "run: wait.time\\nwith: {for: 1s, until: 2027-01-01T00:00:00Z} | one of both",
        "run: wait.time\\nwith: {until: tomorrow}     | 'tomorrow' is not an instant",
        "run: wait.time\\n"
            + "with: {until: '+999999999-12-31T23:59:59Z'} | is too far away; possible are",
        "run: wait.time\\nwith: {for: 1s}\\npool: p   | pool: is not possible for `wait.time`",
        "run: wait.time\\n"
            + "with: {for: 1s}\\n"
            + "for-each: '${{ params.l }}' | for-each: is not possible",
        "run: wait.event\\nwith: {}                   | `event` is missing",
        "run: wait.event\\nwith: {event: e}\\ntimeout: 1s | write it in `with`",
        "run: wait.approval\\nwith: {role: root}      | 'root' is not one of viewer, operator",
        "run: wait.approval\\nwith: {on-timeout: skip} | means nothing without `timeout`",
        "run: job                                     | needs `with: {job: ...}`",
        "run: job\\nwith: {job: '${{ params.p }}'}    | is not possible: letters",
        "run: job\\nwith: {job: j, params: [1]}       | with.params: must be a map",
        "run: job\\nwith: {job: j}\\npool: p          | pool: is not possible for `job`",
        "run: group                                   | is a group without `stages`",
        "run: group\\nstages: []                      | a group has at least one stage",
        "run: group\\nretry: {max-attempts: 2}\\nstages: [{id: x, run: h}] |"
            + " retry: is not possible for a group",
      })
  void theLeadersOwnHandlersAreChecked(String lines, String expected) {
    assertThat(bad(stage(lines.replace("\\n", "\n"))))
        .anySatisfy(problem -> assertThat(problem).contains(expected));
  }
}
