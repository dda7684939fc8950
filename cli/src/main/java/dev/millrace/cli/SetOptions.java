package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.List;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Which files belong to which set, and how far it goes. Main thread. */
final class SetOptions {
  private static final String STANDARD = "default";

  @Parameters(
      paramLabel = "PATH",
      arity = "1..*",
      description = "Job and pattern files, folders with such files, or - for stdin.")
  List<String> paths;

  @Option(
      names = "--set",
      paramLabel = "NAME",
      description = "The set that owns these jobs (default: " + STANDARD + ").")
  String set;

  @Option(
      names = "--prune",
      description = "Archive the jobs of the set that no file says; needs --set.")
  boolean prune;

  @Option(names = "--adopt", description = "Take over jobs that were made through the API.")
  boolean adopt;

  String name() {
    if (set == null && prune) {
      throw new UserError(
          "--prune needs --set NAME",
          "It archives every job of that set which is not in these files; say which set.");
    }
    return set == null ? STANDARD : set;
  }

  /** The body of a request about the set. */
  ObjectNode body() {
    ObjectNode body = ApiClient.JSON.createObjectNode();
    ArrayNode files = body.putArray("files");
    for (JobFile file : DefinitionFiles.read(paths)) {
      files.addObject().put("name", file.name()).put("text", file.text());
    }
    return body.put("prune", prune).put("adopt", adopt);
  }
}
