package dev.millrace.worker.command;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.secret.Redactor;
import dev.millrace.worker.StageContext;
import java.lang.reflect.Proxy;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardOpenOption;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

final class ReportsFileTest {
  @TempDir Path directory;
  private final List<String> said = new ArrayList<>();
  private Path file;
  private ReportsFile reports;

  @BeforeEach
  void create() throws Exception {
    file = directory.resolve("reports.jsonl");
    reports = ReportsFile.create(file, context());
  }

  private StageContext context() {
    return (StageContext)
        Proxy.newProxyInstance(
            getClass().getClassLoader(),
            new Class<?>[] {StageContext.class},
            (proxy, method, arguments) -> {
              if (method.getName().equals("redactor")) {
                return Redactor.NONE;
              }
              said.add(method.getName() + Arrays.toString(arguments));
              if (Arrays.asList(arguments).contains("refused")) {
                throw new IllegalArgumentException("this counter is refused");
              }
              return null;
            });
  }

  private void append(String text) throws Exception {
    Files.writeString(file, text, StandardOpenOption.APPEND);
  }

  @Test
  void linesBecomeReportsAsTheyCome() throws Exception {
    append("{\"percent\":40,\"message\":\"page 4\"}\n{\"counters\":{\"pages\":3,\"bad\":0}}\n");
    reports.look();
    assertThat(said)
        .containsExactly("progress[40, page 4]", "counter[pages, 3]", "counter[bad, 0]");
    said.clear();
    reports.look();
    assertThat(said).as("once").isEmpty();
    append("\n  {\"checkpoint\": {\"page\": 4, \"price\": 1.100}}\r\n{\"per");
    reports.look();
    assertThat(said).containsExactly("checkpoint[{\"page\":4,\"price\":1.100}]");
    said.clear();
    append("cent\":250.7}");
    reports.look();
    assertThat(said).as("a line that may go on").isEmpty();
    reports.lastLook();
    assertThat(said).containsExactly("progress[100, page 4]");
  }

  /** A kill and a stop interrupt who waits for the command. */
  @Test
  void whoIsInterruptedReadsAllTheSame() throws Exception {
    append("{\"percent\":40}\n");
    Thread.currentThread().interrupt();
    reports.lastLook();
    assertThat(Thread.interrupted()).as("still").isTrue();
    assertThat(said).containsExactly("progress[40, null]");
  }

  @Test
  void badLinesAreToldAndPassedOver() throws Exception {
    append(
        """
        {"percent":1}
        percent: 2
        {"percent":"3"}
        {"percnt":4}
        [5]
        {"counters":{"a":6.5}}
        {"counters":{"refused":7}}
        {"percent":8}{"percent":9}
        {"percent":10}
        """);
    reports.lastLook();
    assertThat(said).filteredOn(text -> text.startsWith("progress")).hasSize(2);
    assertThat(said)
        .filteredOn(text -> text.startsWith("log"))
        .satisfiesExactly(
            text -> assertThat(text).startsWith("log[system, line 2 of $MILLRACE_REPORTS is not"),
            text -> assertThat(text).contains("line 3", "percent is not a number"),
            text -> assertThat(text).contains("line 4", "unknown key 'percnt'; known are"),
            text -> assertThat(text).contains("line 5", "not a JSON object"),
            text -> assertThat(text).contains("line 6", "'a' is not a whole number"),
            text -> assertThat(text).contains("line 7", "this counter is refused"),
            text -> assertThat(text).contains("line 8", "not one JSON value"));
  }

  @Test
  void aFloodOfBadLinesIsNoFloodOfTheLog() throws Exception {
    append("x\n".repeat(1_000));
    reports.lastLook();
    assertThat(said).hasSize(11);
    assertThat(said.getLast()).contains("990 more lines");
  }

  @Test
  void aLineThatIsTooLongIsToldAndTheNextIsRead() throws Exception {
    append("{\"checkpoint\":\"" + "x".repeat(70_000) + "\"}\n{\"percent\":5}\n");
    reports.look();
    assertThat(said).hasSize(2);
    assertThat(said.getFirst()).contains("line 1", "more than 66560 bytes");
    assertThat(said.getLast()).isEqualTo("progress[5, null]");
  }

  @Test
  void aFileThatIsWrittenAnewIsReadAnew() throws Exception {
    append("{\"percent\":10,\"message\":\"the first of two\"}\n");
    reports.look();
    Files.writeString(file, "{\"percent\":20}\n");
    reports.look();
    assertThat(said)
        .containsExactly("progress[10, the first of two]", "progress[20, the first of two]");
  }

  @Test
  void aFileThatIsGoneOrSomethingElseIsLeft() throws Exception {
    Files.delete(file);
    reports.look();
    Files.createDirectory(file);
    reports.lastLook();
    assertThat(said).isEmpty();
  }

  @Test
  void charactersMayBeCutByALook() throws Exception {
    byte[] line = "{\"message\":\"\u20ac\"}\n".getBytes(StandardCharsets.UTF_8);
    for (byte one : line) {
      Files.write(file, new byte[] {one}, StandardOpenOption.APPEND);
      reports.look();
    }
    assertThat(said).containsExactly("progress[null, \u20ac]");
  }
}
