package dev.millrace.cli;

/**
 * What is going on: one line that changes in place where a person looks, a line per change
 * elsewhere. One thread.
 */
final class ProgressLine implements AutoCloseable {
  private static final String CLEAR = "\r\u001b[K";
  private static final int WIDTH_MAX = 110;
  private final Terminal terminal;
  private String shown = "";

  ProgressLine(Terminal terminal) {
    this.terminal = terminal;
  }

  void show(String line) {
    if (line.equals(shown)) {
      return;
    }
    shown = line;
    if (terminal.interactive()) {
      draw();
    } else {
      terminal.note(line);
    }
  }

  /** A line that stays, above the one that changes. */
  void note(String line) {
    close();
    terminal.note(line);
    if (terminal.interactive() && !shown.isEmpty()) {
      draw();
    }
  }

  private void draw() {
    String cut = shown.length() > WIDTH_MAX ? shown.substring(0, WIDTH_MAX - 3) + "..." : shown;
    terminal.err().print(CLEAR + cut);
    terminal.err().flush();
  }

  @Override
  public void close() {
    if (terminal.interactive() && !shown.isEmpty()) {
      terminal.err().print(CLEAR);
      terminal.err().flush();
    }
  }
}
