package dev.millrace.cli;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.regex.Matcher;
import java.util.regex.Pattern;

/**
 * How large the terminal's window is now. Asked of {@code stty}, which every Unix has; Java cannot
 * say. Immutable.
 */
record WindowSize(int lines, int columns) {
  private static final WindowSize USUAL = new WindowSize(24, 80);
  private static final Pattern SIZE = Pattern.compile("(\\d{1,4}) (\\d{1,4})\\s*");
  private static final long ANSWER_MILLIS = 500;

  /** {@code LINES} and {@code COLUMNS} win, so that scripts can choose. */
  static WindowSize of(Map<String, String> environment) {
    int lines = number(environment.get("LINES"));
    int columns = number(environment.get("COLUMNS"));
    if (lines > 0 && columns > 0) {
      return new WindowSize(lines, columns);
    }
    WindowSize asked = asked();
    return new WindowSize(
        lines > 0 ? lines : asked.lines(), columns > 0 ? columns : asked.columns());
  }

  private static int number(String text) {
    return text != null && text.matches("[1-9]\\d{0,3}") ? Integer.parseInt(text) : 0;
  }

  private static WindowSize asked() {
    try {
      Process stty = new ProcessBuilder("sh", "-c", "stty size </dev/tty 2>/dev/null").start();
      if (!stty.waitFor(ANSWER_MILLIS, TimeUnit.MILLISECONDS)) {
        stty.destroyForcibly();
        return USUAL;
      }
      Matcher size =
          SIZE.matcher(new String(stty.getInputStream().readAllBytes(), StandardCharsets.UTF_8));
      if (!size.matches() || size.group(2).equals("0")) {
        return USUAL;
      }
      return new WindowSize(Integer.parseInt(size.group(1)), Integer.parseInt(size.group(2)));
    } catch (IOException noStty) {
      return USUAL;
    } catch (InterruptedException e) {
      Thread.currentThread().interrupt();
      return USUAL;
    }
  }
}
