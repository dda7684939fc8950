package dev.millrace.benchmark;

import com.fasterxml.jackson.core.JsonProcessingException;
import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.SerializationFeature;
import java.util.List;
import java.util.Locale;
import java.util.OptionalDouble;

/** The machine and what every system did on it, as a table for people and JSON for programs. */
public record BenchReport(Machine machine, List<ThroughputResult> results) {
  private static final ObjectMapper JSON =
      new ObjectMapper().enable(SerializationFeature.INDENT_OUTPUT);
  private static final String OURS = "millrace";

  public BenchReport {
    results = List.copyOf(results);
  }

  /** The table, ending with a newline; the last column is how many times faster we are. */
  public String text() {
    var table = new StringBuilder(machine.text()).append('\n');
    table.append(
        String.format(
            Locale.ROOT,
            "%-14s %-16s %10s %12s %14s %10s%n",
            "system",
            "version",
            "jobs",
            "enqueue/s",
            "end to end/s",
            OURS));
    results.forEach(result -> table.append(row(result)));
    return table.toString();
  }

  private String row(ThroughputResult result) {
    String row =
        String.format(
            Locale.ROOT,
            "%-14s %-16s %,10d %,12.0f %,14.0f %10s%s",
            result.system(),
            result.version(),
            result.jobs(),
            result.enqueuePerSecond(),
            result.endToEndPerSecond(),
            ratio(result),
            remark(result));
    return row.stripTrailing() + System.lineSeparator();
  }

  private String ratio(ThroughputResult result) {
    OptionalDouble ours =
        results.stream()
            .filter(other -> other.system().equals(OURS))
            .mapToDouble(ThroughputResult::endToEndPerSecond)
            .findFirst();
    if (ours.isEmpty() || result.endToEndPerSecond() == 0) {
      return "-";
    }
    return String.format(Locale.ROOT, "x %.1f", ours.getAsDouble() / result.endToEndPerSecond());
  }

  private static String remark(ThroughputResult result) {
    if (!result.complete()) {
      return "  stopped by the time limit after %d jobs".formatted(result.completed());
    }
    return result.doubles() == 0 ? "" : "  %d jobs ran twice".formatted(result.doubles());
  }

  /** The whole report; keys are the names of the records' components. */
  public String json() {
    try {
      return JSON.writeValueAsString(this);
    } catch (JsonProcessingException e) {
      throw new IllegalStateException("a report is made of plain values and must serialize", e);
    }
  }
}
