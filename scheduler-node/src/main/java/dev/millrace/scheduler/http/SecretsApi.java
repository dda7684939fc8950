package dev.millrace.scheduler.http;

import static dev.millrace.scheduler.http.Route.get;
import static dev.millrace.scheduler.http.Route.json;
import static dev.millrace.scheduler.http.Route.post;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.expression.References;
import dev.millrace.scheduler.secret.SecretVault;
import dev.millrace.scheduler.store.SecretRows;
import dev.millrace.secret.Redactor;
import java.util.List;
import java.util.Set;

/** Stored secrets: they are set, listed and removed here, and never shown. Any thread. */
final class SecretsApi {
  private static final String TAG = "secrets";
  private static final String LIST = "/api/v1/secrets";
  private static final String ONE = "/api/v1/secrets/{name}";
  private static final Set<String> KEYS = Set.of("value", "reason");

  private final SecretVault vault;

  SecretsApi(SecretVault vault) {
    this.vault = vault;
  }

  List<Route> routes() {
    return List.of(
        get(LIST, TAG, "Names and versions of stored secrets, no values", "SecretPage", this::list)
            .query("namespace", "limit", "after")
            .needs(Role.EDITOR, Scope.QUERY),
        post(
                ONE,
                TAG,
                "Set a secret's value",
                "SecretIn",
                List.of(json(201, "Secret"), json(200, "Secret")),
                this::put)
            .as("PUT")
            .query("namespace")
            .needs(Role.ADMIN, Scope.QUERY),
        get(ONE, TAG, "Remove a secret", "SecretRemoved", this::delete)
            .as("DELETE")
            .query("namespace", "reason")
            .needs(Role.ADMIN, Scope.QUERY),
        post(
                "/api/v1/secrets/rotate",
                TAG,
                "Seal every secret with the first of the keys",
                "Reason",
                List.of(json(200, "SecretRotation")),
                this::rotate)
            .needs(Role.ADMIN, Scope.CLUSTER));
  }

  private void list(Call call) {
    String namespace = call.namespace();
    String[] after = {"", ""};
    if (call.query("after") != null) {
      after = call.query("after").split("/", 2);
      if (after.length != 2) {
        throw Problem.badRequest("after is no place in this list", "Follow 'next'.");
      }
    }
    int limit = call.limit();
    List<SecretRows.Row> rows =
        vault.page(
            namespace.equals(Principal.EVERYWHERE) ? null : namespace,
            after[0],
            after[1],
            limit + 1);
    ArrayNode items = Json.array();
    rows.stream().limit(limit).forEach(row -> items.add(view(row)));
    SecretRows.Row last = rows.size() > limit ? rows.get(limit - 1) : null;
    call.page(items, last == null ? null : last.namespace() + "/" + last.name());
  }

  private void put(Call call) {
    String namespace = namespace(call);
    String name = name(call);
    String value = value(call);
    requireKeys();
    SecretRows.Row row = vault.put(namespace, name, value, call.actor());
    call.answer(row.version() == 1 ? 201 : 200, view(row));
  }

  private void delete(Call call) {
    String namespace = namespace(call);
    String name = name(call);
    if (!vault.delete(namespace, name)) {
      throw Problem.notFound(
          "there is no secret '" + name + "' in namespace '" + namespace + "'",
          "GET /api/v1/secrets lists them.");
    }
    call.answer(
        200, Json.object().put("namespace", namespace).put("name", name).put("removed", true));
  }

  private void rotate(Call call) {
    call.object(Set.of("reason"));
    requireKeys();
    SecretVault.Rotation done = vault.rotate();
    ObjectNode body = Json.object().put("key", done.key()).put("resealed", done.resealed());
    ArrayNode locked = body.putArray("locked");
    done.locked().forEach(locked::add);
    call.answer(200, body);
  }

  /** What is wrong with a body that holds a secret is said without any of it. */
  private static String value(Call call) {
    JsonNode value;
    try {
      value = call.object(KEYS).path("value");
    } catch (Problem.Refused refused) {
      if (refused.problem().status() == 400) {
        throw wrongBody();
      }
      throw refused;
    }
    if (!value.isTextual()) {
      throw wrongBody();
    }
    String text = value.textValue();
    if (text.length() < Redactor.CHARS_MIN || text.length() > SecretVault.VALUE_CHARS_MAX) {
      throw invalid(
          "the value has "
              + text.length()
              + " characters; possible are "
              + Redactor.CHARS_MIN
              + " to "
              + SecretVault.VALUE_CHARS_MAX,
          "A shorter one could not be hidden in logs; a longer one belongs into a file of the"
              + " worker.");
    }
    if (text.indexOf('\0') >= 0) {
      throw invalid("the value is no text", "Encode bytes, for example in base64.");
    }
    return text;
  }

  private static Problem.Refused wrongBody() {
    return Problem.badRequest(
        "the body is not {\"value\": \"...\"}", "Send the value as a JSON text.");
  }

  private static Problem.Refused invalid(String detail, String remedy) {
    return new Problem.Refused(new Problem(422, "invalid", "Invalid", detail, remedy));
  }

  private void requireKeys() {
    if (!vault.canStore()) {
      throw new Problem.Refused(
          new Problem(
              409,
              "no-secret-keys",
              "Conflict",
              "this node has no keys to seal secrets with",
              "Set MILLRACE_SECRETS_KEYS to id:key on every scheduler node, the key 32 random bytes"
                  + " in base64, and start them again."));
    }
  }

  private static String namespace(Call call) {
    String namespace = call.namespace();
    if (!References.isSecretName(namespace)) {
      throw Problem.badRequest(
          "'" + Call.shortened(namespace) + "' is no namespace", "Name one with ?namespace=.");
    }
    return namespace;
  }

  private static String name(Call call) {
    String name = call.path("name");
    if (!References.isSecretName(name)) {
      throw Problem.badRequest(
          "'" + Call.shortened(name) + "' is no name of a secret",
          "A name has 1 to 100 letters, digits, '_', '.' and '-'.");
    }
    return name;
  }

  private static ObjectNode view(SecretRows.Row row) {
    return Json.object()
        .put("namespace", row.namespace())
        .put("name", row.name())
        .put("version", row.version())
        .put("key", row.key())
        .put("createdAt", Json.text(row.createdAt()))
        .put("createdBy", row.createdBy())
        .put("changedAt", Json.text(row.changedAt()))
        .put("changedBy", row.changedBy());
  }
}
