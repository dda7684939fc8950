package dev.millrace.definition;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SpecVersion;
import com.networknt.schema.ValidationMessage;
import java.io.IOException;
import java.io.InputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Random;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import java.util.stream.Stream;
import net.jqwik.api.ForAll;
import net.jqwik.api.Property;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;
import org.junit.jupiter.params.provider.ValueSource;

/** The schema that editors complete with knows the same language as the readers. */
class SchemaTest {
  private static final JsonNode SCHEMA = load();

  private static final JsonSchema COMPILED =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012).getSchema(SCHEMA);

  /** Calls in the readers that take a key, and the key, in up to two spellings. */
  private static final Pattern TAKEN =
      Pattern.compile(
          "\\b(?:take|takeRequired|text|requiredText|id|requiredId|integer|number|bool|duration"
              + "|parsed|oneOf|fields|list|texts|textMap|condition|retry|key|part|patterns|either"
              + "|read|cron|level|putExpression|putNumbers)"
              + "\\(\\s*(?:[a-z]+, )*\"([a-z_-]+)\"(?:, \"([a-z]+_[a-z]+)\")?");

  private static JsonNode load() {
    try (InputStream in = DefinitionReader.class.getResourceAsStream("/schema/job.json")) {
      return new ObjectMapper().readTree(in);
    } catch (IOException e) {
      throw new AssertionError("the schema is not JSON", e);
    }
  }

  static Set<ValidationMessage> problems(String text, String source) {
    Problems problems = new Problems(source);
    var doc = new DocParser(problems).parse(text, source.endsWith(".json")).orElseThrow();
    return COMPILED.validate(doc.toJson());
  }

  @Test
  void itIsASchema() {
    JsonSchema meta =
        JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012)
            .getSchema(com.networknt.schema.SchemaLocation.of(SCHEMA.get("$schema").asText()));
    assertThat(meta.validate(SCHEMA)).isEmpty();
  }

  @Test
  void itHasTheKeysThatTheReadersTake() throws IOException {
    Set<String> taken = new TreeSet<>();
    try (Stream<Path> files = Files.list(Path.of("src/main/java/dev/millrace/definition"))) {
      for (Path file : files.toList()) {
        if (file.toString().matches(".*(Reader|ForeignForms|PatternUse)\\.java")) {
          Matcher found = TAKEN.matcher(Files.readString(file));
          while (found.find()) {
            taken.add(found.group(1));
            if (found.group(2) != null) {
              taken.add(found.group(2));
            }
          }
        }
      }
    }
    assertThat(taken).contains("for-each", "max_retries", "blackout", "on-timeout", "job_id");
    assertThat(properties()).isEqualTo(taken);
  }

  /** All keys of the language, wherever they stand. */
  static Set<String> properties() {
    return properties(SCHEMA);
  }

  private static Set<String> properties(JsonNode node) {
    Set<String> found = new TreeSet<>();
    if (node.path("properties").isObject()) {
      node.path("properties").fieldNames().forEachRemaining(found::add);
    }
    node.forEach(child -> found.addAll(properties(child)));
    return found;
  }

  @ParameterizedTest
  @MethodSource("examples")
  void theExamplesAreValid(Path example) throws IOException {
    String text = Files.readString(example);
    assertThat(problems(text, example.toString())).isEmpty();
    assertThat(new DefinitionReader().read(text, example.toString()))
        .isInstanceOf(DefinitionReader.Result.Ok.class);
  }

  static Stream<Path> examples() throws IOException {
    try (Stream<Path> files = Files.list(Path.of("../examples"))) {
      return files.filter(file -> file.toString().endsWith(".yaml")).toList().stream();
    }
  }

  @Property(tries = 200)
  void whateverIsWrittenIsValid(@ForAll long seed) {
    String json = DefinitionJson.toJson(RandomJobs.of(new Random(seed)));
    assertThat(problems(json, "x.json")).isEmpty();
  }

  @ParameterizedTest
  @ValueSource(
      strings = {
        "id: x",
        "id: x\nstages: []",
        "id: x\nprority: 3\nstages: [{id: a, run: h}]",
        "id: x\nstages: [{id: a, run: h, stages: [{id: b, run: h}]}]",
        "id: x\nstages: [{id: a, run: group}]",
        "id: x\nstages: [{id: a, run: command}]",
        "id: x\nstages: [{id: a, run: http, with: {ulr: x}}]",
        "id: x\nstages: [{id: a, run: h, needs: {any: []}}]",
        "id: x\nstages: [{id: a, run: h, retry: {backoff: fixed}}]",
        "id: x\nstages: [{id: a, run: h, timeout: 30}]",
        "id: x\ntriggers: [{cron: '@daily', every: 1s}]\nstages: [{id: a, run: h}]",
        "id: x\ntriggers: [{at: 2027-01-01T00:00:00Z, jitter: 1s}]\nstages: [{id: a, run: h}]",
        "id: x\ntriggers: [{every: 1s, dst: {gap: skip}}]\nstages: [{id: a, run: h}]",
        "id: x\ntriggers: [{cron: '@daily', misfire: {}}]\nstages: [{id: a, run: h}]",
        "id: x\ntriggers: [{cron: '@daily', except: [{}]}]\nstages: [{id: a, run: h}]",
        "id: x\ntriggers: [{cron: '@daily', except: [christmas]}]\nstages: [{id: a, run: h}]",
        "job_id: x\nschedule: '@daily'",
      })
  void whatIsWrongByFormIsInvalid(String text) {
    assertThat(problems(text, "x.yaml")).isNotEmpty();
  }
}
