package dev.millrace.cli;

import dev.millrace.runtime.Pulse;
import java.time.Duration;
import java.util.List;
import java.util.function.Function;

/**
 * Lines that are drawn again where they stand, at most ten times a second, below what has been said
 * before. A thread of its own draws; any thread may say that something has changed.
 */
final class LiveScreen implements AutoCloseable {
  /** Times move on although nothing happens. */
  private static final Duration DRAW_EVERY = Duration.ofMillis(500);

  private static final Duration DRAW_PAUSE = Duration.ofMillis(100);
  private static final Duration LOOK_AT_WINDOW_EVERY = Duration.ofSeconds(2);
  private static final String UP_AND_CLEAR = "\u001b[%dA\r\u001b[J";

  private final Terminal terminal;
  private final Function<WindowSize, List<String>> lines;
  private final Pulse changes = new Pulse();
  private final Pulse closing = new Pulse();
  private final Thread drawer;
  private WindowSize window;
  private long windowAtNanos;
  private List<String> shown = List.of();

  /**
   * @param lines what there is to draw, none of them wider than the window
   */
  LiveScreen(Terminal terminal, Function<WindowSize, List<String>> lines) {
    this.terminal = terminal;
    this.lines = lines;
    this.window = WindowSize.of(terminal.environment());
    this.windowAtNanos = System.nanoTime();
    this.drawer = Thread.ofPlatform().name("millrace-live").daemon().start(this::drawAll);
  }

  void changed() {
    changes.nudge();
  }

  /** A line that stays, above those that change. */
  synchronized void note(String line) {
    erase();
    terminal.note(line);
    shown = List.of();
    draw();
  }

  private void drawAll() {
    while (!closing.stopping()) {
      draw();
      closing.await(DRAW_PAUSE.toNanos());
      if (!closing.stopping()) {
        changes.await(DRAW_EVERY.minus(DRAW_PAUSE).toNanos());
      }
    }
  }

  private synchronized void draw() {
    if (System.nanoTime() - windowAtNanos > LOOK_AT_WINDOW_EVERY.toNanos()) {
      window = WindowSize.of(terminal.environment());
      windowAtNanos = System.nanoTime();
    }
    List<String> now = lines.apply(window);
    if (now.equals(shown)) {
      return;
    }
    StringBuilder text = new StringBuilder(erasing());
    for (String line : now) {
      text.append(terminal.errColors() ? Paint.states(line) : line).append("\r\n");
    }
    terminal.err().print(text);
    terminal.err().flush();
    shown = now;
  }

  private void erase() {
    terminal.err().print(erasing());
    terminal.err().flush();
  }

  private String erasing() {
    return shown.isEmpty() ? "" : UP_AND_CLEAR.formatted(shown.size());
  }

  /** Draws once more, so that what stays is how it ended. */
  @Override
  public void close() {
    closing.stop();
    changes.stop();
    drawer.interrupt();
    try {
      drawer.join(Duration.ofSeconds(2));
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
    draw();
  }
}
