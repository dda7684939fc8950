package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;
import java.util.function.Function;
import java.util.function.Supplier;

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

  /** Gets something and shows it. */
  void get(String path, Function<JsonNode, List<String>> view) throws InterruptedException {
    show(client.get(path), view);
  }

  /** Shows an answer; people see it as the view has it. */
  void show(JsonNode answer, Function<JsonNode, List<String>> view) {
    if (json()) {
      terminal.say(form.written(answer));
    } else if (terminal.quiet()) {
      Ids.of(answer).forEach(terminal::say);
    } else {
      draw(terminal, () -> view.apply(answer));
    }
  }

  /** Says lines to people: tables fit the window, states have colours where there are some. */
  static void draw(Terminal terminal, Supplier<List<String>> lines) {
    for (String line : Table.within(terminal.columns(), lines)) {
      if (terminal.colors()) {
        terminal.sayColored(Paint.states(Harmless.text(line)));
      } else {
        terminal.say(line);
      }
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
