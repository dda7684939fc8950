package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.time.Duration;
import java.util.function.Consumer;

/** Follows one run until it ends. The calling thread only. */
final class RunWatch {
  private static final Duration POLL_MIN = Duration.ofMillis(20);
  private static final Duration POLL_MAX = Duration.ofMillis(500);

  private final ApiClient client;
  private final String path;

  RunWatch(ApiClient client, String run) {
    this.client = client;
    this.path = ApiPath.run(run);
  }

  /**
   * @param changed hears the run each time it looks different
   * @return the run in its final state
   */
  JsonNode untilFinal(Consumer<JsonNode> changed) throws InterruptedException {
    JsonNode seen = null;
    Duration pause = POLL_MIN;
    while (true) {
      JsonNode run = client.get(path);
      if (!run.equals(seen)) {
        changed.accept(run);
        seen = run;
        pause = POLL_MIN;
      }
      if (RunView.isFinal(run)) {
        return run;
      }
      Thread.sleep(pause);
      // What lasts is looked at less often.
      pause = pause.multipliedBy(5).dividedBy(4);
      pause = pause.compareTo(POLL_MAX) > 0 ? POLL_MAX : pause;
    }
  }
}
