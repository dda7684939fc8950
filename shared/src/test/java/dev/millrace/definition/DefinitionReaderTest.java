package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.model.Backoff;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.Misfire;
import dev.millrace.model.RetryPolicy;
import dev.millrace.model.TriggerDefinition;
import java.time.Duration;
import java.time.Instant;
import java.time.ZoneId;
import java.util.List;
import java.util.Map;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

class DefinitionReaderTest {
  private static final String FULL =
      """
      id: price-watch
      namespace: shop
      description: Watches prices
      params:
        listing: {type: string, required: true}
        pages: {type: integer, default: 100}
        zip: {type: string, default: 01234}
        debug: boolean
        key: {type: string, secret: true}
      triggers:
        - cron: 0 9 * * TUE
          timezone: America/New_York
        - at: 2027-01-01T00:00:00Z
          misfire: none
        - every: 15m
          anchor: 2026-01-01T00:00:07Z
      overlap: allow
      priority: 7
      retry: {max_retries: 3, backoff: linear, initial: 2s}
      labels: {team: pricing, on: no}
      stages:
        - id: fetch
          run: http
          with: {url: "https://example.org/x", expect: [200, 204], headers: {X-A: 1.10}}
          timeout: 30s
        - id: work
          run: command
          pool: heavy
          needs: [fetch]
          with:
            argv: [echo, on, 012, 3]
            env: {MODE: no}
            success-codes: [0, 3]
          retry: {max-attempts: 5, factor: 3, max: PT10M, jitter: 0, max-lost: 1}
          queue-timeout: 1h30m
        - id: custom
          run: shop.store
          needs: [fetch, work]
          with: {answer: no, count: 0x10, n: 1.50, list: [~, true]}
      """;

  @Test
  void theFullFormIsRead() {
    var job = ok(FULL, "x.yaml");
    assertThat(job.id()).isEqualTo("price-watch");
    assertThat(job.namespace()).isEqualTo("shop");
    assertThat(job.priority()).isEqualTo(7);
    assertThat(job.labels()).isEqualTo(Map.of("team", "pricing", "on", "no"));
    assertThat(job.params().get(1).defaultJson()).isEqualTo("100");
    assertThat(job.params().get(2).defaultJson()).isEqualTo("\"01234\"");
    assertThat(job.params().get(3).type()).isEqualTo("boolean");
    assertThat(job.params().get(4).secret()).isTrue();
    assertThat(job.triggers())
        .containsExactly(
            new TriggerDefinition.Cron(
                "0 9 * * TUE", ZoneId.of("America/New_York"), Misfire.LATEST),
            new TriggerDefinition.At(Instant.parse("2027-01-01T00:00:00Z"), Misfire.NONE),
            new TriggerDefinition.Every(
                Duration.ofMinutes(15), Instant.parse("2026-01-01T00:00:07Z"), Misfire.LATEST));
  }

  @Test
  void stagesAreReadAsWritten() {
    var stages = ok(FULL, "x.yaml").stages();
    assertThat(stages.get(0).retry())
        .isEqualTo(
            new RetryPolicy(
                4, Backoff.LINEAR, Duration.ofSeconds(2), 2, Duration.ofMinutes(5), 0.2, 3));
    assertThat(stages.get(0).withJson())
        .isEqualTo(
            "{\"url\":\"https://example.org/x\",\"headers\":{\"X-A\":\"1.10\"},"
                + "\"expect\":[200,204]}");
    assertThat(stages.get(1).withJson())
        .isEqualTo(
            "{\"argv\":[\"echo\",\"on\",\"012\",\"3\"],\"env\":{\"MODE\":\"no\"},"
                + "\"success-codes\":[0,3]}");
    assertThat(stages.get(1).retry().maxAttempts()).isEqualTo(5);
    assertThat(stages.get(1).queueTimeout()).isEqualTo(Duration.ofMinutes(90));
    assertThat(stages.get(2).withJson())
        .isEqualTo("{\"answer\":\"no\",\"count\":\"0x10\",\"n\":1.50,\"list\":[null,true]}");
    assertThat(stages.get(2).needs().stages()).containsExactly("fetch", "work");
  }

  @Test
  void theSimpleJobFileIsRead() {
    var job =
        ok(
            """
            {"job_id": "report", "description": "d", "schedule": "0 9 * * TUE",
             "task": {"type": "execute_command", "command": "echo hi"}}
            """,
            "report.json");
    assertThat(job.triggers())
        .containsExactly(new TriggerDefinition.Cron("0 9 * * TUE", Schedule.UTC, Misfire.LATEST));
    assertThat(job.stages().get(0).handler()).isEqualTo("command");
    assertThat(job.stages().get(0).withJson()).isEqualTo("{\"shell\":\"echo hi\"}");
    var once =
        ok(
            """
            {"job_id": "x", "schedule": "2027-01-01T00:00:00+02:00",
             "task": {"type": "execute_command", "command": "true"}}
            """,
            "request");
    assertThat(once.triggers())
        .containsExactly(
            new TriggerDefinition.At(Instant.parse("2026-12-31T22:00:00Z"), Misfire.LATEST));
  }

  @Test
  void theMetadataFormIsRead() {
    var job =
        ok(
            """
            {"job": {"name": "Weekly Report", "metadata": {
              "scheduling": {"cron": "0 9 * * 1", "timezone": "America/New_York", "dependencies": [],
                "retry_policy": {"max_attempts": 5, "backoff": "exponential"}},
              "tags": ["a"], "custom_rules": {"x": 1.0}}}}
            """,
            "request");
    assertThat(job.id()).isEqualTo("weekly-report");
    assertThat(job.description()).isEqualTo("Weekly Report");
    assertThat(job.stages().get(0).retry().maxAttempts()).isEqualTo(5);
    assertThat(job.metadataJson()).contains("\"custom_rules\":{\"x\":1.0}", "\"tags\":[\"a\"]");
  }

  @Test
  void allProblemsAtOnceWithTheirPlaces() {
    var problems =
        bad(
            """
            id: x y
            prority: 3
            notify: []
            triggers:
              - cron: "0 25 * * *"
                timezone: Europe/Lundon
            stages:
              - id: discover
                run: web
                for-each: x
              - id: b
                run: web
                needs: [discoverr]
                timeout: 30
            """,
            "jobs.d/x.yaml");
    assertThat(problems)
        .extracting(Problem::toString)
        .containsExactly(
            "jobs.d/x.yaml:1:5: id: 'x y' is not possible: letters, digits, '_', '.' and '-', at"
                + " most 128, the first a letter or digit",
            "jobs.d/x.yaml:2:1: prority: unknown key, did you mean 'priority'?",
            "jobs.d/x.yaml:3:1: notify: `notify` is not supported by this version",
            "jobs.d/x.yaml:5:11: triggers[0].cron: field hour: '25' is not possible: Value 25 not"
                + " in range [0, 23]",
            "jobs.d/x.yaml:6:15: triggers[0].timezone: 'Europe/Lundon' is not a time zone, did you"
                + " mean 'Europe/London'? (IANA name, such as Europe/London)",
            "jobs.d/x.yaml:10:15: stages[0].for-each: must be one expression, such as ${{ params.name"
                + " }}, and no text",
            "jobs.d/x.yaml:13:13: stages[1].needs[0]: unknown stage 'discoverr', did you mean"
                + " 'discover'?",
            "jobs.d/x.yaml:14:14: stages[1].timeout: '30' has no unit; write for example 30s or"
                + " 5m");
  }

  @Test
  void aCycleIsNamedWithItsPath() {
    assertThat(
            bad(
                """
                id: x
                stages:
                  - {id: a, run: h, needs: [b]}
                  - {id: b, run: h, needs: [c]}
                  - {id: c, run: h, needs: [a]}
                """,
                "x.yaml"))
        .singleElement()
        .asString()
        .contains("a → b → c → a");
  }

  @Test
  void aChainMayBeAHundredDeep() {
    assertThat(ok(chain(100), "x.yaml").stages()).hasSize(100);
    assertThat(bad(chain(101), "x.yaml")).singleElement().asString().contains("more than 100");
  }

  private static String chain(int length) {
    var text = new StringBuilder("id: x\nstages:\n- {id: s0, run: h}\n");
    for (int i = 1; i < length; i++) {
      text.append("- {id: s" + i + ", run: h, needs: [s" + (i - 1) + "]}\n");
    }
    return text.toString();
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "needs: {all: [a]}       | a stage cannot need itself",
        "notify: x               | `notify` is not supported by this version",
        "with: [1]               | must be a map, not a list",
        "retry: {backoff: fixed} | needs `max-attempts`",
        "retry: {max-attempts: 2, max-retries: 2} | contradict",
        "retry: {max-attempts: 0} | 0 is not in 1..1000",
        "retry: {max-attempts: 2, initial: 1h, max: 1m} | `initial` is longer than `max`",
        "queue_timeout: 5s       | did you mean 'queue-timeout'?",
        "pool:                   | has no value",
        "timeout: 0s             | must be at least 1 ms",
        "id: again               | is written a second time",
      })
  void aStageIsChecked(String line, String expected) {
    assertThat(bad("id: x\nstages:\n- id: a\n  run: h\n  " + line + "\n", "x.yaml"))
        .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }

  @ParameterizedTest
  @CsvSource(
      delimiter = '|',
      value = {
        "command | {}                           | needs argv",
        "command | {argv: [a], shell: b}        | has argv and shell",
        "command | {argv: []}                   | is empty",
        "command | {argv: [[a]]}                | argv[0]: must be text",
        "command | {shell: a, success-codes: [256]} | 256 is not in 0..255",
        "command | {shell: a, sucess-codes: [1]} | did you mean 'success-codes'?",
        "http    | {}                           | `url` is missing",
        "http    | {url: 'ftp://x'}             | must start with http",
        "http    | {url: 'http://x', method: GTE} | did you mean 'GET'?",
        "http    | {url: 'http://x', expect: [99]} | 99 is not in 100..599",
      })
  void theHandlersOfEveryWorkerAreChecked(String handler, String with, String expected) {
    String text = "id: x\nstages:\n- {id: a, run: " + handler + ", with: " + with + "}\n";
    assertThat(bad(text, "x.yaml"))
        .anySatisfy(problem -> assertThat(problem.toString()).contains(expected));
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "",
        "# nothing",
        "[]",
        "id",
        "id: x",
        "id: x\nstages: []",
        "id: x\nstages: [{}]",
        "id: x\nid: y\nstages: [{id: a, run: h}]",
        "a: &a [*a]",
        "<<: {id: x}",
        "id: !!int 3",
        "id: !x 3",
        "? [a]\n: b",
        "a: b\n---\nc: d",
        "a: [",
        "\t- x",
        "{\"id\":",
        "{\"id\":\"x\"} x",
        "{\"id\":1e999999999}",
        "{\"id\":\"x\",\"id\":\"y\"}",
        "\u0000",
      })
  void badTextIsAProblem(String text) {
    assertThat(bad(text, "request")).isNotEmpty();
  }

  @Test
  void hostileTextIsAProblemAndQuick() {
    var deep = "[".repeat(100_000);
    assertThat(bad(deep, "x.yaml")).isNotEmpty();
    assertThat(bad(deep, "x.json")).isNotEmpty();
    assertThat(bad("x".repeat(1 << 21), "x.yaml")).singleElement().asString().contains("1 MiB");
    var laughs = new StringBuilder("a0: &a0 [x]\n");
    for (int i = 1; i < 30; i++) {
      laughs.append("a" + i + ": &a" + i + " [*a" + (i - 1) + ", *a" + (i - 1) + "]\n");
    }
    assertThat(bad(laughs.toString(), "x.yaml")).isNotEmpty();
    assertThat(bad("{" + "\"k\":{".repeat(10_000), "x.json")).isNotEmpty();
  }

  /** Any damage to a good text gives a result, never an exception. */
  @Test
  void damagedTextNeverThrows() {
    var random = new Random(42);
    String json = DefinitionJson.toJson(ok(FULL, "x.yaml"));
    for (int round = 0; round < 3_000; round++) {
      boolean yaml = random.nextBoolean();
      var text = new StringBuilder(yaml ? FULL : json);
      for (int i = random.nextInt(1, 4); i > 0; i--) {
        int at = random.nextInt(text.length());
        switch (random.nextInt(3)) {
          case 0 -> text.deleteCharAt(at);
          case 1 -> text.insert(at, (char) random.nextInt(1, 128));
          default -> text.setCharAt(at, "{}[]:,\"'&*!|>-#\n\t 0a".charAt(random.nextInt(20)));
        }
      }
      var result = new DefinitionReader().read(text.toString(), yaml ? "x.yaml" : "x.json");
      assertThat(result).isNotNull();
      if (result instanceof DefinitionReader.Result.Bad bad) {
        assertThat(bad.problems()).isNotEmpty();
      }
    }
  }

  private static JobDefinition ok(String text, String source) {
    var result = new DefinitionReader().read(text, source);
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Ok.class);
    assertThat(SchemaTest.problems(text, text.startsWith("{") ? "x.json" : source)).isEmpty();
    return ((DefinitionReader.Result.Ok) result).job();
  }

  private static List<Problem> bad(String text, String source) {
    var result = new DefinitionReader().read(text, source);
    assertThat(result).as("%s", result).isInstanceOf(DefinitionReader.Result.Bad.class);
    return ((DefinitionReader.Result.Bad) result).problems();
  }
}
