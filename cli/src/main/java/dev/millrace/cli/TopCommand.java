package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.runtime.Pulse;
import java.io.IOException;
import java.time.Duration;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** What goes on now, drawn again and again. Main thread. */
@Command(
    name = "top",
    description = "What goes on now: pools, workers and open runs, live.",
    footer = {
      "",
      "Keys: q quit, s sort, / filter (enter ends it, escape clears it), p stop and go on,",
      "      + and - faster and slower. In a pipe, or with --once, it is told once."
    })
final class TopCommand implements Callable<Integer> {
  private static final int RUNS_READ = 200;
  private static final Duration FASTEST = Duration.ofMillis(500);
  private static final Duration SLOWEST = Duration.ofSeconds(30);

  /** The window may change its size at any time. */
  private static final long SECOND = 1_000_000_000;

  private final Terminal terminal;

  @Mixin ServerOptions server;

  @Option(names = "--once", description = "Tell it once.")
  boolean once;

  @Option(
      names = "--every",
      paramLabel = "SECONDS",
      defaultValue = "2",
      description = "How often it is asked (default ${DEFAULT-VALUE}).")
  double every;

  @Option(names = "--find", paramLabel = "TEXT", description = "Only lines with this in them.")
  String find;

  @Option(
      names = "--sort",
      defaultValue = "AGE",
      description = "Runs by ${COMPLETION-CANDIDATES} (default ${DEFAULT-VALUE}).")
  TopView.Sort sort;

  TopCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws InterruptedException {
    TopView view = new TopView(sort, find == null ? "" : find);
    try (Session session = server.open(terminal)) {
      if (once || session.json() || !terminal.outInteractive()) {
        session.show(read(session.client()), seen -> view.lines(seen, Integer.MAX_VALUE));
        return ExitCode.OK;
      }
      return live(session, view);
    }
  }

  /** All that is shown, as one document. */
  private static JsonNode read(ApiClient client) throws InterruptedException {
    ObjectNode all = ApiClient.JSON.createObjectNode();
    all.put("server", client.server().toString());
    try {
      all.set("overview", client.get(ApiPath.OVERVIEW));
    } catch (UserError notServed) {
      if (notServed.exitCode() != ExitCode.NOT_FOUND && notServed.exitCode() != ExitCode.DENIED) {
        throw notServed;
      }
      all.putNull("overview");
    }
    all.set("pools", client.get(ApiPath.POOLS + "?limit=100").path("items"));
    all.set("workers", client.get(ApiPath.WORKERS + "?limit=100").path("items"));
    all.set("runs", client.get(ApiPath.RUNS + "?open=true&limit=" + RUNS_READ).path("items"));
    return all;
  }

  private int live(Session session, TopView view) throws InterruptedException {
    Pulse wake = new Pulse();
    StopSignal signal = StopSignal.install();
    try (signal;
        FullScreen screen = FullScreen.open(terminal, wake)) {
      Duration pause = Duration.ofMillis((long) (Math.clamp(every, 0.5, 30) * 1000));
      JsonNode seen = null;
      String trouble = "";
      long nextNanos = System.nanoTime();
      while (true) {
        if (!view.held() && System.nanoTime() - nextNanos >= 0) {
          try {
            seen = read(session.client());
            trouble = "";
          } catch (ServerAway e) {
            trouble = e.getMessage() + "; asking again";
          }
          nextNanos = System.nanoTime() + pause.toNanos();
        }
        WindowSize window = WindowSize.of(terminal.environment());
        screen.draw(seen == null ? List.of() : frame(view, seen, window), trouble, window);
        wake.await(Math.max(1, Math.min(nextNanos - System.nanoTime(), SECOND)));
        if (Thread.interrupted()) {
          return ExitCode.OK;
        }
        for (int key = screen.key(); key >= 0; key = screen.key()) {
          if (view.quits(key)) {
            return ExitCode.OK;
          }
          pause = paced(pause, key, view);
        }
      }
    } catch (IOException e) {
      throw new UserError(
          "this terminal cannot be drawn on: " + Reasons.of(e), "Use millrace top --once.", e);
    }
  }

  private static List<String> frame(TopView view, JsonNode seen, WindowSize window) {
    return Table.within(window.columns() - 1, () -> view.lines(seen, window.lines() - 1));
  }

  private static Duration paced(Duration pause, int key, TopView view) {
    if (view.typing() || (key != '+' && key != '-')) {
      return pause;
    }
    Duration wanted = key == '+' ? pause.dividedBy(2) : pause.multipliedBy(2);
    return wanted.compareTo(FASTEST) < 0
        ? FASTEST
        : wanted.compareTo(SLOWEST) > 0 ? SLOWEST : wanted;
  }
}
