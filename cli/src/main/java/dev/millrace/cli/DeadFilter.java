package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which dead letters are meant. Main thread. */
final class DeadFilter {
  @Option(names = "--run", paramLabel = "RUN", description = "Of this run only.")
  String run;

  @Option(names = "--job", paramLabel = "JOB", description = "Of this job only.")
  String job;

  @Option(names = "--stage", paramLabel = "STAGE", description = "Of this stage only.")
  String stage;

  @Option(
      names = "--fingerprint",
      paramLabel = "HEX",
      description = "Whose errors look like this one; `dead groups` shows it.")
  String fingerprint;

  @Option(names = "--error", paramLabel = "TEXT", description = "Whose error contains this.")
  String error;

  @Option(names = "--since", paramLabel = "INSTANT", description = "That failed since then.")
  String since;

  @Option(names = "--until", paramLabel = "INSTANT", description = "That failed before.")
  String until;

  private Map<String, String> given() {
    Map<String, String> given = new LinkedHashMap<>();
    given.put("run", run);
    given.put("job", job);
    given.put("stage", stage);
    given.put("fingerprint", fingerprint);
    given.put("error", error);
    given.put("since", since);
    given.put("until", until);
    given.values().removeIf(value -> value == null);
    return given;
  }

  /** As more of a query; each begins with an ampersand. */
  String query() {
    StringBuilder query = new StringBuilder();
    given()
        .forEach(
            (key, value) ->
                query.append('&').append(key).append('=').append(ApiClient.encoded(value)));
    return query.toString();
  }

  /** Says in a body which ones: by id, or all that match. Many are never meant by accident. */
  void which(ObjectNode body, List<String> ids, boolean all) {
    boolean named = ids != null && !ids.isEmpty();
    if (named == all || (named && !given().isEmpty())) {
      throw UserError.misuse(
          "say which: IDs, or --all with a filter", "See what there is with: millrace dead groups");
    }
    if (named) {
      ids.forEach(body.putArray("ids")::add);
      return;
    }
    ObjectNode filter = body.putObject("filter");
    given().forEach(filter::put);
  }
}
