package dev.millrace.scheduler.http;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaLocation;
import com.networknt.schema.SpecVersion;
import dev.millrace.testing.TestDatabase;
import dev.millrace.testing.TestServers;
import java.util.ArrayList;
import java.util.List;
import java.util.Set;
import java.util.TreeSet;
import java.util.regex.Pattern;
import java.util.stream.Collectors;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;

/**
 * The served OpenAPI document is whole: every name in it is there, every parameter has a type and a
 * word about it, every body an example that its schema takes. A route that is new and lacks one of
 * them fails here.
 */
class OpenApiTest {
  private static final JsonSchemaFactory SCHEMAS =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private static TestDatabase database;
  private static ApiFixture api;
  private static ObjectNode document;

  @BeforeAll
  static void start() throws Exception {
    database = TestServers.postgres().freshDatabase();
    api = new ApiFixture(database.jdbcUrl(), database.user(), database.password(), null, 0);
    document = (ObjectNode) api.get("/openapi.json").json();
  }

  @AfterAll
  static void stop() throws Exception {
    api.close();
    database.close();
  }

  private static List<JsonNode> operations() {
    List<JsonNode> all = new ArrayList<>();
    document.path("paths").forEach(path -> path.forEach(all::add));
    return all;
  }

  @Test
  void everyParameterIsDescribed() {
    Set<String> undescribed = new TreeSet<>();
    for (Route route : api.server.routes()) {
      Parameters.undescribed(route).forEach(each -> undescribed.add(route.path() + ": " + each));
    }
    assertThat(undescribed).as("write them down in parameters.json").isEmpty();
  }

  @Test
  void everyParameterHasASchemaThatIsOne() {
    JsonSchema dialect =
        SCHEMAS.getSchema(SchemaLocation.of("https://json-schema.org/draft/2020-12/schema"));
    for (JsonNode operation : operations()) {
      String id = operation.path("operationId").asText();
      for (JsonNode parameter : operation.path("parameters")) {
        assertThat(parameter.path("description").asText()).as("%s %s", id, parameter).isNotEmpty();
        assertThat(dialect.validate(parameter.path("schema"))).as("%s %s", id, parameter).isEmpty();
        assertThat(parameter.path("schema").has("type") || parameter.path("schema").has("enum"))
            .as("%s %s", id, parameter)
            .isTrue();
      }
    }
    for (JsonNode schema : document.at("/components/schemas")) {
      assertThat(dialect.validate(schema)).as(schema.toString()).isEmpty();
    }
  }

  @Test
  void everyReferenceLeadsSomewhere() {
    List<String> references = document.findValuesAsText("$ref");
    assertThat(references).hasSizeGreaterThan(100);
    Set<String> lost =
        references.stream()
            .filter(each -> document.at(each.substring(1)).isMissingNode())
            .collect(Collectors.toSet());
    assertThat(lost).isEmpty();
  }

  @Test
  void operationsHaveNamesOfTheirOwn() {
    List<String> names =
        operations().stream().map(each -> each.path("operationId").asText()).toList();
    assertThat(names).doesNotHaveDuplicates().hasSize(api.server.routes().size());
    assertThat(names).allMatch(name -> name.matches("[a-z]+[A-Za-z0-9_.-]+"));
  }

  /** What OpenAPI 3.1 asks of a document beside the schemas in it. */
  @Test
  void theDocumentIsShapedAsTheStandardSays() {
    assertThat(document.path("openapi").asText()).matches("3\\.1\\.\\d+");
    assertThat(document.at("/info/title").asText()).isNotEmpty();
    assertThat(document.at("/info/version").asText()).isNotEmpty();
    for (Route route : api.server.routes()) {
      JsonNode operation =
          document
              .path("paths")
              .path(route.path())
              .path(route.method().toLowerCase(java.util.Locale.ROOT));
      String what = route.method() + " " + route.path();
      Set<String> inPath =
          Pattern.compile("\\{(\\w+)}")
              .matcher(route.path())
              .results()
              .map(found -> found.group(1))
              .collect(Collectors.toSet());
      Set<String> declared = new TreeSet<>();
      Set<String> places = new TreeSet<>();
      for (JsonNode parameter : operation.path("parameters")) {
        String place = parameter.path("in").asText();
        assertThat(place).as(what).isIn("path", "query", "header");
        assertThat(places.add(place + " " + parameter.path("name").asText())).as(what).isTrue();
        if (place.equals("path")) {
          declared.add(parameter.path("name").asText());
          assertThat(parameter.path("required").asBoolean()).as(what).isTrue();
        }
      }
      assertThat(declared).as(what).isEqualTo(inPath);
      assertThat(operation.path("responses").size()).as(what).isPositive();
      operation
          .path("responses")
          .properties()
          .forEach(
              response -> {
                assertThat(response.getKey()).as(what).matches("default|[1-5][0-9][0-9]");
                assertThat(
                        response.getValue().has("description") || response.getValue().has("$ref"))
                    .as("%s %s", what, response)
                    .isTrue();
              });
    }
  }

  @Test
  void everyBodyHasAnExampleThatItsSchemaTakes() {
    for (JsonNode operation : operations()) {
      JsonNode media = operation.at("/requestBody/content/application~1json");
      if (media.isMissingNode()) {
        continue;
      }
      String what = operation.path("operationId").asText();
      assertThat(media.has("example")).as("openapi-examples.json lacks one of " + what).isTrue();
      ObjectNode root = Json.object();
      root.set("$ref", media.at("/schema/$ref"));
      root.set("components", document.path("components"));
      assertThat(SCHEMAS.getSchema(root).validate(media.path("example"))).as(what).isEmpty();
    }
  }
}
