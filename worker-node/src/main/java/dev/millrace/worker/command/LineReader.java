package dev.millrace.worker.command;

import dev.millrace.secret.Redactor;
import dev.millrace.wire.Wire;
import java.io.IOException;
import java.io.InputStream;
import java.io.InputStreamReader;
import java.io.Reader;
import java.nio.charset.StandardCharsets;
import java.util.function.Consumer;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Drains a pipe to its end and hands on its lines, of long ones the beginning. Owns a platform
 * thread: a blocking read of a pipe would hold a carrier of virtual threads.
 */
final class LineReader {
  private static final Logger log = LoggerFactory.getLogger(LineReader.class);
  private static final int BUFFER_CHARS = 8 * 1024;

  /** One more than is kept, so that whoever cuts sees that there was more. */
  private static final int LINE_CHARS_MAX = Wire.LOG_LINE_CHARS_MAX + 1;

  private static final String CUT_MARK = " ... [cut]";

  private final Redactor redactor;
  private final Consumer<String> lines;
  private final StringBuilder line = new StringBuilder();
  private boolean cut;

  private LineReader(Redactor redactor, Consumer<String> lines) {
    this.redactor = redactor;
    this.lines = lines;
  }

  /**
   * @param redactor hides secrets before a line is cut, a secret at the cut included
   */
  static Thread start(InputStream pipe, Redactor redactor, Consumer<String> lines) {
    return Thread.ofPlatform()
        .name("millrace-pipe")
        .daemon()
        .start(() -> new LineReader(redactor, lines).drain(pipe));
  }

  private void drain(InputStream pipe) {
    char[] chars = new char[BUFFER_CHARS];
    try (Reader reader = new InputStreamReader(pipe, StandardCharsets.UTF_8)) {
      for (int n = reader.read(chars); n >= 0; n = reader.read(chars)) {
        for (int i = 0; i < n; i++) {
          take(chars[i]);
        }
      }
    } catch (IOException e) {
      log.debug("a command's pipe was closed while it was read", e);
    }
    if (!line.isEmpty()) {
      end();
    }
  }

  private void end() {
    String text = line.toString();
    if (!cut) {
      lines.accept(text);
    } else {
      String shown = redactor.beginning(text);
      // What is longer is cut, and marked so, by whoever keeps it.
      lines.accept(shown.length() < LINE_CHARS_MAX ? shown + CUT_MARK : shown);
    }
    line.setLength(0);
    cut = false;
  }

  private void take(char c) {
    if (c == '\n') {
      int length = line.length();
      if (!cut && length > 0 && line.charAt(length - 1) == '\r') {
        line.setLength(length - 1);
      }
      end();
    } else if (line.length() < LINE_CHARS_MAX + redactor.longest()) {
      line.append(c);
    } else {
      cut = true;
    }
  }
}
