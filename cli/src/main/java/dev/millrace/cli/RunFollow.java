package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.HashMap;
import java.util.Map;
import java.util.concurrent.ConcurrentHashMap;

/**
 * Stays with a run until it ends: its stages drawn live where a person looks, a line for each
 * change and each line of a log elsewhere. Ctrl-C leaves it; the run goes on. The calling thread
 * only; a screen draws on one of its own.
 */
final class RunFollow {
  private final Session session;
  private final Terminal terminal;
  private final String run;
  private final Map<String, String> lastLines = new ConcurrentHashMap<>();
  private final Map<String, String> told = new HashMap<>();

  RunFollow(Session session, String run) {
    this.session = session;
    this.terminal = session.terminal();
    this.run = run;
  }

  /** Returns the exit code: the outcome of the run. */
  int untilEnd() throws InterruptedException {
    StopSignal signal = StopSignal.telling();
    try (signal) {
      JsonNode ended = terminal.interactive() ? drawn() : told();
      if (session.json() || !terminal.interactive()) {
        session.show(ended, RunView::details);
      }
      return RunView.exitCode(ended);
    } catch (InterruptedException detached) {
      terminal.note("left run " + run + ", which goes on; look at it again with:");
      terminal.note("  millrace run follow " + run);
      return ExitCode.INTERRUPTED;
    }
  }

  private JsonNode drawn() throws InterruptedException {
    RunTree tree = new RunTree(terminal, lastLines);
    try (LiveScreen screen = new LiveScreen(terminal, tree::lines)) {
      RunLog log = new RunLog(session.client(), run, null, this::remember);
      JsonNode ended =
          new RunWatch(session.client(), run, RunLog.READ_EVERY, screen::note)
              .untilFinal(
                  seen -> {
                    tree.update(seen);
                    log.read();
                    screen.changed();
                  });
      log.readLate();
      screen.changed();
      return ended;
    }
  }

  private void remember(JsonNode line) {
    lastLines.put(line.path("stage").asText(), Harmless.log(line.path("text").asText(), false));
  }

  private JsonNode told() throws InterruptedException {
    RunLog log =
        new RunLog(
            session.client(),
            run,
            null,
            line ->
                terminal.remark(
                    line.path("stage").asText()
                        + " | "
                        + Harmless.log(line.path("text").asText(), false)));
    JsonNode ended =
        new RunWatch(session.client(), run, RunLog.READ_EVERY, terminal::note)
            .untilFinal(
                seen -> {
                  log.read();
                  tell(seen);
                });
    log.readLate();
    return ended;
  }

  private void tell(JsonNode seen) {
    for (JsonNode stage : seen.path("stages")) {
      String id = stage.path("id").asText();
      change(
          id,
          "stage " + id + " " + RunTree.said(stage),
          !stage.path("attempt").asText().equals("0"));
    }
    change("", "run " + run + " " + RunView.state(seen), true);
  }

  /** A line for what is other than it was; what waits is not told before it moves. */
  private void change(String key, String line, boolean moved) {
    if (!line.equals(told.put(key, line)) && moved) {
      terminal.remark(line);
    }
  }
}
