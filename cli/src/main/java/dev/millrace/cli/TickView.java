package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.List;

/** Ticks, past and to come, as people read them. Stateless. */
final class TickView {
  private TickView() {}

  /** What the clock on the wall shows where the trigger lives. */
  static String wall(JsonNode tick) {
    return tick.path("local").asText().replace('T', ' ') + " " + tick.path("offset").asText();
  }

  /** Why it does not fire, and what a change of the clocks has to do with it. */
  static String note(JsonNode tick) {
    String mark = tick.path("mark").asText();
    String why = tick.path("why").asText("");
    String said =
        switch (mark) {
          case "GAP_SHIFTED", "GAP_BEFORE" -> "its local time does not exist";
          case "OVERLAP_FIRST" -> "its local time comes twice, this is the first";
          case "OVERLAP_SECOND" -> "its local time comes twice, this is the second";
          default -> "";
        };
    return said.isEmpty() || why.isEmpty() ? said + why : said + "; " + why;
  }

  /** The ledger. */
  static List<String> ledger(JsonNode page) {
    Table table = new Table("PLANNED AT", "UNTIL", "KIND", "DISPOSITION", "TICKS", "RUN");
    for (JsonNode tick : page.path("items")) {
      boolean range = !tick.path("plannedAt").equals(tick.path("plannedUntil"));
      table.row(
          Times.local(tick.path("plannedAt")),
          range ? Times.local(tick.path("plannedUntil")) : Times.NONE,
          tick.path("kind").asText(),
          tick.path("disposition").asText(),
          tick.path("ticks").asText(),
          tick.path("run").asText(Times.NONE));
    }
    return table.lines();
  }
}
