package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Function;

/**
 * One command's talk with a server: asks, waits, and shows what came of it as the user wants it.
 * Main thread.
 *
 * @param form how answers are shown
 */
record Session(Terminal terminal, ApiClient client, OutputForm form) implements AutoCloseable {
  /** True when programs read what is shown: nothing but the answer is said then. */
  boolean json() {
    return form != OutputForm.TABLE;
  }

  /** Shows an answer; people see it as the view has it. */
  void show(JsonNode answer, Function<JsonNode, List<String>> view) {
    if (json()) {
      terminal.say(form.written(answer));
    } else {
      view.apply(answer).forEach(terminal::say);
    }
  }

  /** Shows what became of a command, which may have to wait for a leader. */
  void showDone(ApiClient.Answer answer, String done) {
    show(
        answer.body(),
        body -> List.of(answer.status() == 202 ? "accepted; no leader answered yet" : done));
  }

  /** Waits for the end of a run and tells its progress; the run in its final state. */
  JsonNode untilFinal(String run) throws InterruptedException {
    try (ProgressLine progress = new ProgressLine(terminal)) {
      return new RunWatch(client, run, RunWatch.LOOK_EVERY, progress::note)
          .untilFinal(seen -> progress.show(run + " " + RunView.progress(seen)));
    }
  }

  @Override
  public void close() {
    client.close();
  }
}
