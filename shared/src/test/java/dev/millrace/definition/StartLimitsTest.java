package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;
import static org.assertj.core.api.Assertions.assertThatThrownBy;

import dev.millrace.model.Claim;
import dev.millrace.model.JobDefinition;
import dev.millrace.model.ParamDefinition;
import dev.millrace.model.RunId;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartCodec;
import dev.millrace.wire.Wire;
import java.time.Duration;
import java.time.Instant;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** What cannot be sent to a worker is refused where it is written. */
class StartLimitsTest {
  private static final String LONGEST_ID = "x".repeat(128);

  @Test
  void aWithUpToTheLimitIsTaken() {
    String frame = "{\"text\":\"\"}";
    assertThat(problems(stageWith("custom", fill(frame, Start.WITH_CHARS_MAX)))).isEmpty();
    assertThat(problems(stageWith("custom", fill(frame, Start.WITH_CHARS_MAX + 1))))
        .singleElement()
        .satisfies(
            problem -> {
              assertThat(problem.line()).isEqualTo(2);
              assertThat(problem.path()).isEqualTo("stages[0].with");
              assertThat(problem.message())
                  .isEqualTo(
                      "has 32769 characters as JSON, the limit is 32768; pass large values by"
                          + " reference (a file, a URL, a key)");
            });
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "command | {\"argv\":[\"a\",\"%s\"]}",
        "command | {\"shell\":\"%s\"}",
        "command | {\"shell\":\"true\",\"env\":{\"LARGE\":\"%s\"}}",
        "http | {\"url\":\"http://a/\",\"body\":\"%s\"}",
        "http | {\"url\":\"http://a/\",\"headers\":{\"x\":\"%s\"}}",
        "mine | {\"deep\":[[{\"a\":\"%s\"}]]}",
      })
  void everyPartOfAWithCounts(String form) {
    String[] parts = form.split(" \\| ", 2);
    String with = parts[1].formatted("y".repeat(Start.WITH_CHARS_MAX));
    assertThat(problems(stageWith(parts[0], with)))
        .singleElement()
        .matches(problem -> problem.path().equals("stages[0].with"))
        .matches(problem -> problem.message().contains("the limit is 32768; pass large values"));
  }

  @Test
  void escapesCountAsTheyTravel() {
    String with = "{\"text\":\"" + "\\u0001".repeat(Start.WITH_CHARS_MAX / 6) + "\"}";
    assertThat(problems(stageWith("custom", with))).hasSize(1);
  }

  @Test
  void theSimpleFormIsLimitedToo() {
    String job =
        """
        {"job_id": "a", "schedule": "@daily",
         "task": {"type": "execute_command", "command": "%s"}}"""
            .formatted("z".repeat(Start.WITH_CHARS_MAX));
    assertThat(problems(job))
        .singleElement()
        .matches(problem -> problem.path().equals("task.command"))
        .matches(problem -> problem.line() == 2);
  }

  @Test
  void defaultsTogetherFitAStart() {
    String half = "d".repeat(Start.PARAMS_CHARS_MAX / 2);
    String job =
        """
        id: a
        params:
          one: {default: %s}
          two: {default: %s}
        stages: [{id: a, run: noop}]
        """;
    assertThat(problems(job.formatted(half, "small"))).isEmpty();
    assertThat(problems(job.formatted(half, half)))
        .singleElement()
        .matches(problem -> problem.path().equals("params"))
        .matches(problem -> problem.message().startsWith("has defaults of 32"));
  }

  @Test
  void paramsOfARunAreLimitedWithTheirDefaults() {
    List<ParamDefinition> definitions =
        List.of(
            new ParamDefinition("given", "string", false, null, false),
            new ParamDefinition("usual", "string", false, "\"" + "u".repeat(100) + "\"", false));
    String most = "m".repeat(Start.PARAMS_CHARS_MAX - 123);
    assertThat(ParamValues.check(definitions, "{\"given\":\"" + most + "\"}"))
        .isInstanceOf(ParamValues.Result.Ok.class);
    assertThat(ParamValues.check(definitions, "{\"given\":\"" + most + "m\"}"))
        .isInstanceOfSatisfying(
            ParamValues.Result.Bad.class,
            bad ->
                assertThat(bad.problems())
                    .singleElement()
                    .hasToString(
                        "params: params: has 32769 characters as JSON, the limit is 32768; pass"
                            + " large values by reference (a file, a URL, a key)"));
  }

  @Test
  void aDefinitionThatNoReaderSawIsJudgedWhole() {
    JobDefinition large =
        DefinitionJson.fromJson(
            DefinitionJson.toJson(job("{}"))
                .replace("\"with\":{}", "\"with\":{\"a\":\"" + "b".repeat(40_000) + "\"}"));
    assertThatThrownBy(() -> StartLimits.require(large))
        .isInstanceOf(IllegalArgumentException.class)
        .hasMessageStartingWith("`with` of stage 'a': has 40008 characters");
    assertThatCode(() -> StartLimits.require(job("{}"))).doesNotThrowAnyException();
  }

  /** The limits are worth something only when what passes both of them can be sent. */
  @Test
  void whatIsWithinTheLimitsAlwaysFitsAStartAndAMessage() {
    Start largest =
        start(
            fill("{\"a\":\"\"}", Start.WITH_CHARS_MAX),
            fill("{\"b\":\"\"}", Start.PARAMS_CHARS_MAX),
            fill("{\"c\":\"\"}", 15_000));
    assertThat(largest.chars()).isLessThanOrEqualTo(Start.CHARS_MAX);

    Start ofThreeBytes =
        start(
            fill("{\"a\":\"\"}", Start.WITH_CHARS_MAX).replace('-', '\u20ac'),
            fill("{\"b\":\"\"}", Start.PARAMS_CHARS_MAX).replace('-', '\u20ac'),
            fill("{\"c\":\"\"}", 15_000).replace('-', '\u20ac'));
    assertThat(StartCodec.encode(List.of(ofThreeBytes))).hasSizeLessThan(Wire.MESSAGE_BYTES_MAX);
  }

  private static Start start(String with, String params, String inputs) {
    return new Start(
        new Claim(new RunId(Long.MAX_VALUE), LONGEST_ID, Integer.MAX_VALUE),
        LONGEST_ID,
        LONGEST_ID,
        LONGEST_ID,
        with,
        params,
        inputs,
        null,
        Duration.ofMillis(Long.MAX_VALUE),
        Instant.parse("2027-01-01T00:00:00.123456Z"),
        "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01");
  }

  /** A text of exactly so many characters, with its empty string filled up. */
  private static String fill(String frame, int chars) {
    return frame.replace("\"\"", "\"" + "-".repeat(chars - frame.length()) + "\"");
  }

  private static String stageWith(String handler, String with) {
    return "{\"id\": \"a\",\n \"stages\": [{\"id\": \"a\", \"run\": \"%s\", \"with\": %s}]}"
        .formatted(handler, with);
  }

  private static List<Problem> problems(String text) {
    return switch (new DefinitionReader().read(text, "test")) {
      case DefinitionReader.Result.Ok ok -> List.of();
      case DefinitionReader.Result.Bad bad -> bad.problems();
    };
  }

  private static JobDefinition job(String with) {
    return switch (new DefinitionReader().read(stageWith("custom", with), "test")) {
      case DefinitionReader.Result.Ok ok -> ok.job();
      case DefinitionReader.Result.Bad bad ->
          throw new AssertionError(Map.of("problems", bad.problems()));
    };
  }
}
