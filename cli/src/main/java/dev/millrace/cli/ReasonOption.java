package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.Option;

/** Why somebody does something; it is kept with what was done. Main thread. */
final class ReasonOption {
  @Option(names = "--reason", paramLabel = "TEXT", description = "Kept with what is done.")
  String reason;

  /** As the body of a request. */
  ObjectNode body() {
    ObjectNode body = ApiClient.JSON.createObjectNode();
    return reason == null ? body : body.put("reason", reason);
  }

  /** As the query of a request that has no body. */
  String query() {
    return reason == null ? "" : "?reason=" + ApiClient.encoded(reason);
  }
}
