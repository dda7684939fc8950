package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import dev.millrace.runtime.Pulse;
import java.time.Duration;
import java.util.function.Consumer;

/** The log of one run, read in pages; each line is told once. The calling thread only. */
final class RunLog {
  /**
   * While a stage writes, no event comes: lines are stored beside the log of transitions that
   * events are made of, by whichever node receives them. So who follows reads at this interval too.
   */
  static final Duration READ_EVERY = Duration.ofSeconds(1);

  /**
   * Lines travel beside the report of the end and may come later. With a scheduler node that has
   * just started on a busy machine that was more than 300 ms, and the last line went unseen; a
   * second of silence is what a person still waits for.
   */
  private static final Duration LATE_READ_EVERY = Duration.ofMillis(250);

  private static final int LATE_QUIET_READS = 4;
  private static final int LATE_READS_MAX = 20;
  private static final int PAGE_LINES = 500;

  private final ApiClient client;
  private final String path;
  private final Consumer<JsonNode> reader;
  private String cursor;

  /**
   * @param stage null for all
   * @param reader hears each line
   */
  RunLog(ApiClient client, String run, String stage, Consumer<JsonNode> reader) {
    this.client = client;
    this.path =
        (stage == null ? ApiPath.run(run) : ApiPath.stage(run, stage))
            + "/logs?limit="
            + PAGE_LINES;
    this.reader = reader;
  }

  /** Reads on; false when there was nothing new. */
  boolean read() throws InterruptedException {
    boolean found = false;
    while (true) {
      String after = cursor == null ? "" : "&after=" + ApiClient.encoded(cursor);
      JsonNode page = client.get(path + after);
      page.path("items").forEach(reader);
      found |= !page.path("items").isEmpty();
      if (page.path("cursor").isTextual()) {
        cursor = page.path("cursor").asText();
      }
      if (!page.path("next").isTextual()) {
        return found;
      }
    }
  }

  /** Reads what a run that has ended still sends, until nothing more comes. */
  void readLate() throws InterruptedException {
    Pulse nobody = new Pulse();
    int quiet = 0;
    for (int reads = 0; quiet < LATE_QUIET_READS && reads < LATE_READS_MAX; reads++) {
      nobody.await(LATE_READ_EVERY.toNanos());
      quiet = read() ? 0 : quiet + 1;
    }
  }
}
