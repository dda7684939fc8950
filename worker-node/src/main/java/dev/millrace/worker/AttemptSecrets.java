package dev.millrace.worker;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.definition.StageSecrets;
import dev.millrace.expression.References.Kind;
import dev.millrace.expression.References.Reference;
import dev.millrace.secret.Redactor;
import dev.millrace.wire.Start;
import dev.millrace.wire.StartSecrets;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * The secrets of one attempt: its input with them in it, and what hides them in whatever the
 * attempt says. They live as long as it does. Immutable.
 *
 * @param with the input, or null when it is as the start has it
 * @param notHidden references whose values are too short to be hidden
 */
record AttemptSecrets(JsonNode with, Redactor redactor, List<String> notHidden) {
  static final AttemptSecrets NONE = new AttemptSecrets(null, Redactor.NONE, List.of());

  /** True when something has to be fetched before the handler begins. */
  static boolean refersTo(Start start) {
    return start.secrets() != null && !start.secrets().at().isEmpty();
  }

  /** Hides what the params say is secret, and knows no more. */
  static AttemptSecrets ofParams(Start start) {
    return new AttemptSecrets(null, Redactor.of(params(start)), List.of());
  }

  /** Fetches what the start refers to; waits for scheduler nodes. */
  static AttemptSecrets fetch(Start start, SecretSources sources, SecretClient client)
      throws SecretException, InterruptedException {
    StartSecrets secrets = start.secrets();
    if (secrets == null) {
      return NONE;
    }
    if (!refersTo(start)) {
      return ofParams(start);
    }
    JsonNode with = JsonText.tree(start.with());
    List<Reference> references = StageSecrets.references(secrets.at(), with);
    Map<Reference, String> values = new HashMap<>();
    Map<String, String> stored = secrets.names().isEmpty() ? Map.of() : client.ask(start);
    List<String> notHidden = new ArrayList<>();
    for (Reference reference : references) {
      String value =
          reference.kind() == Kind.SECRET ? stored.get(reference.name()) : sources.value(reference);
      if (value == null) {
        throw new SecretException(reference + ": the stage's definition does not have it", false);
      }
      if (value.length() < Redactor.CHARS_MIN) {
        notHidden.add(reference.toString());
      }
      values.put(reference, value);
    }
    List<String> hidden = new ArrayList<>(values.values());
    hidden.addAll(params(start));
    return new AttemptSecrets(
        StageSecrets.filled(secrets.at(), with, values::get), Redactor.of(hidden), notHidden);
  }

  private static List<String> params(Start start) {
    if (start.secrets() == null || start.secrets().params().isEmpty()) {
      return List.of();
    }
    JsonNode params = JsonText.tree(start.params());
    return start.secrets().params().stream()
        .flatMap(name -> Redactor.leaves(params.path(name)).stream())
        .toList();
  }

  /** The result without secrets; before anybody cuts it. */
  Result hidden(Result result) {
    if (redactor.isEmpty()) {
      return result;
    }
    return switch (result) {
      case Result.Completed completed ->
          new Result.Completed(redactor.json(completed.outputJson()), completed.exitCode());
      case Result.Failed failed ->
          new Result.Failed(
              redactor.text(failed.errorClass()),
              redactor.text(failed.message()),
              failed.exitCode(),
              failed.retryable(),
              failed.retryAfter());
    };
  }

  @Override
  public String toString() {
    return "AttemptSecrets[***]";
  }
}
