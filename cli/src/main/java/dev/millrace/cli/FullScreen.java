package dev.millrace.cli;

import dev.millrace.runtime.Pulse;
import java.io.FileInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/**
 * The whole window for one command, with keys as they are pressed: the terminal's second screen, so
 * that what stood there before is there again afterwards. {@code stty} does what Java cannot. Used
 * by one thread; another one reads keys.
 */
final class FullScreen implements AutoCloseable {
  private static final String ENTER = "\u001b[?1049h\u001b[?25l";
  private static final String LEAVE = "\u001b[?25h\u001b[?1049l";
  private static final String HOME = "\u001b[H";
  private static final String CLEAR_LINE = "\u001b[K";
  private static final String CLEAR_BELOW = "\u001b[J";
  private static final int KEYS_MAX = 256;

  private final Terminal terminal;
  private final String before;
  private final InputStream keyboard;
  private final BlockingQueue<Integer> keys = new LinkedBlockingQueue<>(KEYS_MAX);
  private final Thread restorer;

  private FullScreen(Terminal terminal, String before, InputStream keyboard, Pulse wake) {
    this.terminal = terminal;
    this.before = before;
    this.keyboard = keyboard;
    this.restorer = new Thread(this::restore, "millrace-screen");
    Thread.ofPlatform().name("millrace-keys").daemon().start(() -> read(wake));
  }

  /**
   * @param wake hears of each key
   */
  static FullScreen open(Terminal terminal, Pulse wake) throws IOException, InterruptedException {
    String before = stty("-g");
    stty("-icanon -echo min 1 time 0");
    FullScreen screen = new FullScreen(terminal, before, new FileInputStream("/dev/tty"), wake);
    // However the process ends, the terminal must not stay without its echo.
    Runtime.getRuntime().addShutdownHook(screen.restorer);
    terminal.out().print(ENTER);
    terminal.out().flush();
    return screen;
  }

  private static String stty(String words) throws IOException, InterruptedException {
    Process stty =
        new ProcessBuilder("sh", "-c", "exec stty " + words + " </dev/tty")
            .redirectErrorStream(true)
            .start();
    if (!stty.waitFor(2, TimeUnit.SECONDS)) {
      stty.destroyForcibly();
      throw new IOException("stty does not answer");
    }
    String said = new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8).strip();
    if (stty.exitValue() != 0) {
      throw new IOException(said.isEmpty() ? "stty failed" : said);
    }
    return said;
  }

  private void read(Pulse wake) {
    try {
      for (int key = keyboard.read(); key >= 0; key = keyboard.read()) {
        if (keys.offer(key)) {
          wake.nudge();
        }
      }
    } catch (IOException closed) {
      // Nobody types any more.
    }
  }

  /** The next key that was pressed, or -1. */
  int key() {
    Integer key = keys.poll();
    return key == null ? -1 : key;
  }

  /**
   * @param trouble stands in the last line; empty for none
   */
  void draw(List<String> lines, String trouble, WindowSize window) {
    StringBuilder text = new StringBuilder(HOME);
    int room = window.lines() - 1;
    for (String line : lines.subList(0, Math.min(lines.size(), room))) {
      String cut = Width.cut(Harmless.text(line), window.columns() - 1);
      text.append(terminal.colors() ? Paint.states(cut) : cut).append(CLEAR_LINE).append("\r\n");
    }
    text.append(CLEAR_BELOW);
    if (!trouble.isEmpty()) {
      text.append(Width.cut(Harmless.text(trouble), window.columns() - 1));
    }
    terminal.out().print(text);
    terminal.out().flush();
  }

  private void restore() {
    terminal.out().print(LEAVE);
    terminal.out().flush();
    try {
      stty(before);
    } catch (IOException terminalIsGone) {
      // There is nothing to restore.
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
    }
  }

  /** The keyboard is not closed: its reader waits in it, and ends with the process. */
  @Override
  public void close() {
    boolean interrupted = Thread.interrupted();
    restore();
    try {
      Runtime.getRuntime().removeShutdownHook(restorer);
    } catch (IllegalStateException endsAlready) {
      // It restores once more, which does no harm.
    }
    if (interrupted) {
      Thread.currentThread().interrupt();
    }
  }
}
