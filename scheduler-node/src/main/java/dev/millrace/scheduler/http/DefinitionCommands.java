package dev.millrace.scheduler.http;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.PatternSource;
import dev.millrace.model.JobDefinition;
import dev.millrace.scheduler.definition.JobEdges;
import dev.millrace.scheduler.store.Dependencies;
import java.util.List;
import java.util.Map;
import java.util.Optional;

/** What routes share that take definitions. Stateless; any thread. */
final class DefinitionCommands {
  private DefinitionCommands() {}

  /** A definition as the leader takes it. */
  static ObjectNode job(String json, DefinitionReader.Origin origin) {
    ObjectNode body = Json.object();
    body.set("definition", Json.stored(json));
    if (origin != null) {
      body.putObject("pattern")
          .put("namespace", origin.namespace())
          .put("name", origin.pattern())
          .put("version", origin.version());
      body.set("written", Json.stored(origin.writtenJson()));
    }
    return body;
  }

  /** Reads with the patterns that the caller may see. */
  static DefinitionReader reader(Call call, PatternSource patterns) {
    return new DefinitionReader(seen(call, patterns));
  }

  /** Patterns of namespaces that the caller may not see are as if they were not there. */
  static PatternSource seen(Call call, PatternSource patterns) {
    return (namespace, name, version) ->
        call.principal().sees(namespace)
            ? patterns.find(namespace, name, version)
            : Optional.empty();
  }

  /** The route's role in the job's namespace, and what the jobs that it names ask for. */
  static void require(Call call, JobDefinition job) {
    for (Dependencies.Edge edge : JobEdges.of(job)) {
      if (!edge.to().namespace().equals(job.namespace())) {
        boolean starts = edge.kind() == Dependencies.Kind.RUN;
        call.require(edge.to().namespace(), starts ? Role.OPERATOR : Role.VIEWER);
      }
    }
    call.require(job.namespace());
  }

  /** The namespace that the query asks for, or the standard one. */
  static String namespace(Call call) {
    String wanted = call.query("namespace");
    if (wanted == null || wanted.isEmpty()) {
      return JobDefinition.DEFAULT_NAMESPACE;
    }
    if (!wanted.matches("[a-z0-9]([a-z0-9._-]{0,62})")) {
      throw Problem.badRequest(
          "'" + Call.shortened(wanted) + "' is not a namespace",
          "Use lower-case letters, digits, '.', '_' and '-'.");
    }
    return wanted;
  }

  /** Everything that is wrong with what was sent, each with its place. */
  static Problem.Refused refused(List<dev.millrace.definition.Problem> all, String detail) {
    return new Problem.Refused(
        new Problem(
            422,
            "definition",
            "Invalid definition",
            detail,
            "Correct what 'problems' lists and send it again.",
            Map.of("problems", problems(all))));
  }

  /** Each with its place. */
  static ArrayNode problems(List<dev.millrace.definition.Problem> all) {
    ArrayNode problems = Json.array();
    for (dev.millrace.definition.Problem problem : all) {
      problems
          .addObject()
          .put("source", problem.source())
          .put("line", problem.line())
          .put("column", problem.column())
          .put("path", problem.path())
          .put("message", problem.message());
    }
    return problems;
  }
}
