package dev.millrace.scheduler.leader;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.Hashes;
import dev.millrace.definition.PatternDefinition;
import dev.millrace.definition.PatternReader;
import dev.millrace.scheduler.command.Command;
import dev.millrace.scheduler.command.Expectation;
import dev.millrace.scheduler.command.Outcome;
import dev.millrace.scheduler.definition.Owners;
import dev.millrace.scheduler.store.Patterns;
import java.util.List;
import java.util.Optional;
import org.jdbi.v3.core.Handle;

/**
 * Keeps patterns: each change is a new version, which the jobs that were made of an older one do
 * not follow by themselves. The leader's thread and transaction.
 */
final class PatternDesk {
  private static final ObjectMapper JSON = new ObjectMapper();
  private static final int USERS_TOLD = 10;

  private PatternDesk() {}

  /**
   * A pattern as a command has it.
   *
   * @param text as it was written
   * @param format {@code yaml} or {@code json}
   * @param file where it was written, or null
   */
  record Given(PatternDefinition pattern, String text, String format, String file) {
    /**
     * What the inbox holds may come from any SQL client, so the text is read again.
     *
     * @throws IllegalArgumentException when it is no pattern, with a message for people
     */
    static Given of(JsonNode body) {
      String text = body.path("text").asText();
      String format = body.path("format").asText().equals("json") ? "json" : "yaml";
      return switch (new PatternReader().read(text, "pattern." + format)) {
        case PatternReader.Result.Ok ok ->
            new Given(in(ok.pattern(), body), text, format, body.path("file").asText(null));
        case PatternReader.Result.Bad bad ->
            throw new IllegalArgumentException(bad.problems().getFirst().toString());
      };
    }

    private static PatternDefinition in(PatternDefinition pattern, JsonNode body) {
      JsonNode namespace = body.path("namespace");
      return namespace.isTextual() ? pattern.inNamespace(namespace.asText()) : pattern;
    }

    String hash() {
      return Hashes.sha256(pattern.json());
    }
  }

  static Outcome put(Handle tx, Command command, long now) {
    Given given;
    String source;
    try {
      JsonNode body = JSON.readTree(command.body());
      given = Given.of(body);
      source = body.path("source").asText(Owners.API);
    } catch (JsonProcessingException | RuntimeException e) {
      return Desk.refused(
          422, "the pattern cannot be read: " + e.getMessage(), "send it through POST patterns");
    }
    PatternDefinition pattern = given.pattern();
    Patterns.Row old = Patterns.find(tx, pattern.namespace(), pattern.name()).orElse(null);
    Optional<Outcome> stale = stale(command, pattern.name(), old);
    if (stale.isPresent()) {
      return stale.get();
    }
    if (old != null) {
      var refusal = Owners.refusal("pattern '" + pattern.name() + "'", old.source(), source);
      if (refusal != null) {
        return Desk.refused(409, refusal.detail(), refusal.remedy());
      }
    }
    boolean changed = old == null || !old.hash().equals(given.hash());
    int version = changed ? write(tx, command, given, old, source, now).version() : old.version();
    ObjectNode answer = JSON.createObjectNode();
    answer.put("pattern", pattern.name()).put("namespace", pattern.namespace());
    answer.put("version", version).put("changed", changed);
    return new Outcome(old == null ? 201 : 200, answer.toString());
  }

  private static Optional<Outcome> stale(Command command, String name, Patterns.Row row) {
    return Desk.stale(
        command,
        "pattern '" + name + "'",
        row == null ? null : Expectation.version(row.id(), row.version()));
  }

  /** A version that was written. */
  record Written(long key, int version) {}

  /**
   * Writes the next version.
   *
   * @param old null for a new pattern
   */
  static Written write(
      Handle tx, Command command, Given given, Patterns.Row old, String source, long now) {
    PatternDefinition pattern = given.pattern();
    int version = old == null ? 1 : old.version() + 1;
    long id =
        old == null
            ? Patterns.insert(tx, pattern.namespace(), pattern.name(), source, now)
            : old.id();
    if (old != null) {
      Patterns.update(tx, id, version, Owners.after(old.source(), source), now);
    }
    Patterns.insertVersion(
        tx,
        new Patterns.Version(
            id,
            version,
            given.text(),
            given.format(),
            given.hash(),
            command.actor(),
            command.reason(),
            source),
        now);
    return new Written(id, version);
  }

  static Outcome delete(Handle tx, Command command, long now) {
    String name = Desk.text(command.body(), "name");
    Optional<Patterns.Row> found =
        name == null ? Optional.empty() : Patterns.find(tx, command.namespace(), name);
    if (found.isEmpty()) {
      return Desk.refused(
          404,
          "namespace '" + command.namespace() + "' has no pattern '" + name + "'",
          "list the patterns with GET /api/v1/patterns?namespace=" + command.namespace());
    }
    Patterns.Row row = found.get();
    Optional<Outcome> stale = stale(command, name, row);
    if (stale.isPresent()) {
      return stale.get();
    }
    List<String> users = Patterns.users(tx, row.id(), USERS_TOLD + 1);
    if (!users.isEmpty()) {
      String more = users.size() > USERS_TOLD ? " and more" : "";
      return Desk.refused(
          409,
          "pattern '"
              + name
              + "' is used by "
              + String.join(", ", users.subList(0, Math.min(users.size(), USERS_TOLD)))
              + more,
          "archive those jobs, or apply them without the pattern; then delete it");
    }
    Patterns.delete(tx, row.id(), now);
    ObjectNode answer = JSON.createObjectNode();
    answer.put("pattern", name).put("namespace", row.namespace());
    return new Outcome(200, answer.put("version", row.version()).put("changed", true).toString());
  }
}
