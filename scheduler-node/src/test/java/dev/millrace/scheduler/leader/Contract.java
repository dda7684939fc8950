package dev.millrace.scheduler.leader;

import static org.assertj.core.api.Assertions.assertThat;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import com.networknt.schema.JsonSchema;
import com.networknt.schema.JsonSchemaFactory;
import com.networknt.schema.SchemaValidatorsConfig;
import com.networknt.schema.SpecVersion;
import java.util.HashMap;
import java.util.Locale;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;

/**
 * The served OpenAPI document as a judge of real answers: an answer is what the document says of
 * its route and status, and holds nothing that the document does not name. One test's thread.
 */
final class Contract {
  private static final String SCHEMAS = "#/components/schemas/";

  private final JsonNode document;
  private final JsonNode strict;
  private final JsonSchemaFactory factory =
      JsonSchemaFactory.getInstance(SpecVersion.VersionFlag.V202012);
  private final Map<String, JsonSchema> known = new HashMap<>();
  private final Set<String> succeeded = new TreeSet<>();

  Contract(JsonNode document) {
    this.document = document;
    this.strict = document.path("components").deepCopy();
    strict.path("schemas").forEach(Contract::nothingElse);
  }

  /** What an object may have is what is written down, here and in what is inside of it. */
  private static void nothingElse(JsonNode schema) {
    if (schema instanceof ObjectNode node && node.path("properties").isObject()) {
      node.put("additionalProperties", false);
    }
    schema.forEach(Contract::nothingElse);
  }

  /** Every operation, as {@code GET /path/{name}}. */
  Set<String> operations() {
    Set<String> all = new TreeSet<>();
    document
        .path("paths")
        .properties()
        .forEach(
            path ->
                path.getValue()
                    .fieldNames()
                    .forEachRemaining(
                        method -> all.add(method.toUpperCase(Locale.ROOT) + " " + path.getKey())));
    return all;
  }

  /** Operations of which a success was judged. */
  Set<String> succeeded() {
    return succeeded;
  }

  void judge(String method, String path, LeaderApi.Answer answer) {
    String plain = path.replaceAll("\\?.*", "");
    String template =
        operations().stream()
            .filter(operation -> operation.startsWith(method + " "))
            .map(operation -> operation.substring(method.length() + 1))
            .filter(each -> plain.matches(each.replaceAll("\\{\\w+}", "[^/]+")))
            .min((a, b) -> Integer.compare(parameters(a), parameters(b)))
            .orElseThrow(() -> new AssertionError("not in the document: " + method + " " + plain));
    JsonNode responses =
        document
            .path("paths")
            .path(template)
            .path(method.toLowerCase(Locale.ROOT))
            .path("responses");
    String status = Integer.toString(answer.status());
    boolean failure = answer.status() >= 400;
    JsonNode response = responses.path(status);
    String what = method + " " + path + " answered " + status + ": " + answer.text();
    assertThat(response.isObject()).as("not in the document: %s", what).isTrue();
    if (response.has("$ref")) {
      response = document.at(response.path("$ref").asText().substring(1));
    }
    String type = answer.contentType().replaceAll(";.*", "");
    JsonNode media = response.path("content").path(type);
    assertThat(media.isObject()).as("as %s: %s", type, what).isTrue();
    String reference = media.path("schema").path("$ref").asText();
    assertThat(reference).as(what).startsWith(SCHEMAS);
    assertThat(schema(reference).validate(answer.json()))
        .as("%s\nis no %s", what, reference)
        .isEmpty();
    if (!failure) {
      succeeded.add(method + " " + template);
    }
  }

  private static int parameters(String template) {
    return template.split("\\{", -1).length;
  }

  private JsonSchema schema(String reference) {
    return known.computeIfAbsent(
        reference,
        ref -> {
          ObjectNode root = document.deepCopy();
          root.removeAll();
          root.put("$ref", ref);
          root.set("components", strict);
          SchemaValidatorsConfig config =
              SchemaValidatorsConfig.builder().formatAssertionsEnabled(true).build();
          return factory.getSchema(root, config);
        });
  }
}
