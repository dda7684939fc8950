package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** What a job's triggers by files watch, and what they found, as text for people. Stateless. */
final class FilesView {
  private FilesView() {}

  static List<String> lines(JsonNode page) {
    List<String> lines = new ArrayList<>();
    Table watches = new Table("PATH", "POOL", "STATE", "WAITING", "WHY");
    for (JsonNode watch : page.path("watches")) {
      watches.row(
          watch.path("file").path("path").asText(),
          watch.path("file").path("pool").asText("scheduler"),
          watch.path("state").asText(Times.NONE),
          watch.path("waiting").asText(),
          watch.path("problem").asText(watch.path("why").asText("")));
    }
    lines.addAll(watches.lines());
    lines.add("");
    Table files = new Table("FILE", "BYTES", "WHEN", "RUN", "ARCHIVED");
    for (JsonNode file : page.path("items")) {
      files.row(
          file.path("path").asText(),
          file.path("size").asText(),
          Times.local(file.path("seenAt")),
          file.path("run").asText(),
          archived(file));
    }
    lines.addAll(files.lines());
    return lines;
  }

  private static String archived(JsonNode file) {
    if (file.path("archivedAt").isTextual()) {
      return file.path("archivedAs").asText("gone");
    }
    return file.path("archiveTo").isTextual() ? "not yet" : Times.NONE;
  }
}
