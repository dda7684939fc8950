package dev.millrace.worker.command;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.DeserializationFeature;
import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.ObjectReader;
import com.fasterxml.jackson.databind.cfg.JsonNodeFeature;
import com.fasterxml.jackson.databind.json.JsonMapper;
import dev.millrace.wire.Wire;
import dev.millrace.worker.StageContext;
import java.io.ByteArrayOutputStream;
import java.io.IOException;
import java.nio.ByteBuffer;
import java.nio.channels.ClosedByInterruptException;
import java.nio.channels.SeekableByteChannel;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.LinkOption;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.Map;
import java.util.Set;
import java.util.TreeSet;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * What a command says while it runs: lines of JSON that it appends to a file. A regular file, for a
 * pipe would have to be kept open by both and is not there on every system. The attempt's thread
 * only.
 */
final class ReportsFile {
  private static final Logger log = LoggerFactory.getLogger(ReportsFile.class);

  /** Room for the largest checkpoint and what is around it. */
  private static final int LINE_BYTES_MAX = Wire.VALUE_BYTES_MAX + 1024;

  private static final int CHUNK_BYTES = 64 * 1024;

  /** Read at one look while the command runs, so that its end is not overlooked for long. */
  private static final long LOOK_BYTES_MAX = 4L << 20;

  /** Of one attempt; what comes after it is not read. */
  private static final long TOTAL_BYTES_MAX = 256L << 20;

  /** Bad lines of which each is told; of further ones only the number. */
  private static final int BAD_LINES_TOLD_MAX = 10;

  private static final Set<String> KEYS = Set.of("percent", "message", "checkpoint", "counters");

  /** Numbers of a checkpoint keep their digits. */
  private static final ObjectReader JSON =
      JsonMapper.builder()
          .enable(DeserializationFeature.USE_BIG_DECIMAL_FOR_FLOATS)
          .enable(DeserializationFeature.FAIL_ON_TRAILING_TOKENS)
          .disable(JsonNodeFeature.STRIP_TRAILING_BIGDECIMAL_ZEROES)
          .build()
          .readerFor(JsonNode.class);

  private final Path file;
  private final StageContext context;
  private final ByteArrayOutputStream line = new ByteArrayOutputStream();
  private long offset;
  private long lineNumber = 1;
  private boolean tooLong;
  private long bad;
  private boolean failed;
  private Integer percent;
  private String message;

  private ReportsFile(Path file, StageContext context) {
    this.file = file;
    this.context = context;
  }

  /** Makes the file, so that appending to it is all a command has to do. */
  static ReportsFile create(Path file, StageContext context) throws IOException {
    Files.createFile(file);
    return new ReportsFile(file, context);
  }

  Path path() {
    return file;
  }

  /** Takes in the lines that came since the last look. */
  void look() {
    read(LOOK_BYTES_MAX);
  }

  /** The command has ended: takes in the rest, a last line without its end included. */
  void lastLook() {
    read(TOTAL_BYTES_MAX);
    if (line.size() > 0 || tooLong) {
      endLine();
    }
    if (bad > BAD_LINES_TOLD_MAX) {
      context.log(
          "system",
          "%d more lines of $MILLRACE_REPORTS were not understood"
              .formatted(bad - BAD_LINES_TOLD_MAX));
    }
  }

  /**
   * A report that cannot be read must not fail the command. Who is interrupted, as its command is
   * to end, cannot read a file: that is for whoever waits next.
   */
  private void read(long bytesMax) {
    boolean interrupted = Thread.interrupted();
    try {
      if (!failed && Files.isRegularFile(file, LinkOption.NOFOLLOW_LINKS)) {
        readOn(bytesMax);
      }
    } catch (ClosedByInterruptException e) {
      interrupted = true; // in this very moment: the next look goes on where this one stopped
    } catch (IOException e) {
      failed = true;
      log.warn("the reports of a command cannot be read file={}; they are left", file, e);
      context.log("system", "$MILLRACE_REPORTS cannot be read: " + e.getMessage());
    } finally {
      if (interrupted) {
        Thread.currentThread().interrupt();
      }
    }
  }

  private void readOn(long bytesMax) throws IOException {
    try (SeekableByteChannel channel = Files.newByteChannel(file, StandardOpenOption.READ)) {
      long size = channel.size();
      if (size < offset) {
        startOver();
      }
      // No further than it was: with keep-background somebody may write for ever.
      long end = Math.min(size, Math.min(offset + bytesMax, TOTAL_BYTES_MAX));
      ByteBuffer chunk = ByteBuffer.allocate(CHUNK_BYTES);
      channel.position(offset);
      while (offset < end) {
        chunk.clear().limit((int) Math.min(CHUNK_BYTES, end - offset));
        int count = channel.read(chunk);
        if (count < 0) {
          return;
        }
        offset += count;
        take(chunk.array(), count);
      }
    }
    if (offset >= TOTAL_BYTES_MAX) {
      failed = true;
      context.log(
          "system",
          "$MILLRACE_REPORTS has %d bytes, what comes after them is not read"
              .formatted(TOTAL_BYTES_MAX));
    }
  }

  /** It was written anew instead of appended to. */
  private void startOver() {
    offset = 0;
    lineNumber = 1;
    tooLong = false;
    line.reset();
  }

  private void take(byte[] bytes, int count) {
    int from = 0;
    for (int i = 0; i < count; i++) {
      if (bytes[i] == '\n') {
        keep(bytes, from, i);
        endLine();
        from = i + 1;
      }
    }
    keep(bytes, from, count);
  }

  private void keep(byte[] bytes, int from, int to) {
    if (tooLong || line.size() + (to - from) > LINE_BYTES_MAX) {
      tooLong = true;
      line.reset();
      return;
    }
    line.write(bytes, from, to - from);
  }

  private void endLine() {
    try {
      if (tooLong) {
        throw new IllegalArgumentException("it has more than " + LINE_BYTES_MAX + " bytes");
      }
      String text = line.toString(StandardCharsets.UTF_8).strip();
      if (!text.isEmpty()) {
        understand(JSON.readTree(text));
      }
    } catch (JsonProcessingException e) {
      // The reader's words may quote a piece of the line.
      String text = line.toString(StandardCharsets.UTF_8);
      boolean quotable = text.equals(context.redactor().text(text));
      tellBad("it is not one JSON value" + (quotable ? ": " + e.getOriginalMessage() : ""));
    } catch (IllegalArgumentException e) {
      tellBad(e.getMessage());
    }
    line.reset();
    tooLong = false;
    lineNumber++;
  }

  private void tellBad(String cause) {
    bad++;
    if (bad <= BAD_LINES_TOLD_MAX) {
      context.log(
          "system",
          "line %d of $MILLRACE_REPORTS is not understood: %s".formatted(lineNumber, cause));
    }
  }

  /** What kinds of values a line has is checked before any of them is used. */
  private void understand(JsonNode report) {
    require(report.isObject(), "it is not a JSON object");
    for (Map.Entry<String, JsonNode> field : report.properties()) {
      require(
          KEYS.contains(field.getKey()),
          "unknown key '" + field.getKey() + "'; known are " + new TreeSet<>(KEYS));
    }
    JsonNode newPercent = report.path("percent");
    JsonNode newMessage = report.path("message");
    JsonNode counters = report.path("counters");
    require(newPercent.isMissingNode() || newPercent.isNumber(), "percent is not a number");
    require(newMessage.isMissingNode() || newMessage.isTextual(), "message is not a text");
    require(counters.isMissingNode() || counters.isObject(), "counters is not an object");
    for (Map.Entry<String, JsonNode> counter : counters.properties()) {
      require(
          counter.getValue().isIntegralNumber() && counter.getValue().canConvertToLong(),
          "counter '" + counter.getKey() + "' is not a whole number");
    }
    if (report.has("checkpoint")) {
      context.checkpoint(report.get("checkpoint").toString());
    }
    counters
        .properties()
        .forEach(counter -> context.counter(counter.getKey(), counter.getValue().longValue()));
    if (report.has("percent") || report.has("message")) {
      // What a line does not name stays as it was.
      percent = report.has("percent") ? (Integer) (int) clamped(newPercent) : percent;
      message = report.has("message") ? newMessage.asText() : message;
      context.progress(percent, message);
    }
  }

  private static long clamped(JsonNode percent) {
    return Math.clamp((long) Math.floor(percent.doubleValue()), 0, 100);
  }

  private static void require(boolean condition, String problem) {
    if (!condition) {
      throw new IllegalArgumentException(problem);
    }
  }
}
