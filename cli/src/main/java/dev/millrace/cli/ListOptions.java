package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ObjectNode;
import picocli.CommandLine.Option;

/** How much of a list is wanted; pages are joined to one answer. Main thread. */
final class ListOptions {
  @Option(names = "--limit", paramLabel = "N", description = "At most so many.")
  Integer limit;

  @Option(names = "--all", description = "Every one, however many pages that are.")
  boolean all;

  /**
   * The items of a list of the API.
   *
   * @param usual how many there are when nothing is said
   */
  ObjectNode of(Session session, String path, int usual) throws InterruptedException {
    int most = limit == null ? usual : Math.max(1, limit);
    return Pages.upTo(session.client(), path, all ? Integer.MAX_VALUE : most);
  }
}
