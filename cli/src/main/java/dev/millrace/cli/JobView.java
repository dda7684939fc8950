package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.ArrayList;
import java.util.List;

/** A job as the terminal shows it. Stateless. */
final class JobView {
  private JobView() {}

  /** A page of jobs. */
  static List<String> table(JsonNode page) {
    Table table = new Table("JOB", "STATE", "VERSION", "NEXT TICK", "LAST RUN", "DESCRIPTION");
    for (JsonNode job : page.path("items")) {
      table.row(
          job.path("id").asText(),
          job.path("state").asText(),
          job.path("version").asText(),
          Times.local(job.path("nextTick")),
          job.path("lastRun").path("state").asText(Times.NONE),
          job.path("description").asText(""));
    }
    return table.lines();
  }

  static List<String> details(JsonNode job) {
    List<String> lines = new ArrayList<>();
    lines.add("job          " + job.path("id").asText());
    lines.add("namespace    " + job.path("namespace").asText());
    lines.add("description  " + job.path("description").asText(""));
    lines.add("state        " + job.path("state").asText());
    lines.add("version      " + job.path("version").asText());
    lines.add("source       " + job.path("source").asText(Times.NONE));
    if (job.path("pattern").isObject()) {
      lines.add("pattern      " + VersionView.pattern(job.path("pattern")));
    }
    lines.add("next tick    " + Times.local(job.path("nextTick")));
    JsonNode last = job.path("lastRun");
    lines.add(
        "last run     "
            + (last.isObject()
                ? last.path("id").asText()
                    + " "
                    + last.path("state").asText()
                    + " "
                    + Times.local(last.path("finishedAt"))
                : Times.NONE));
    for (JsonNode trigger : job.path("triggers")) {
      lines.add("trigger      " + trigger.path("kind").asText() + " " + trigger.path("spec"));
    }
    if (!job.path("params").isEmpty()) {
      lines.add("params       " + job.path("params"));
    }
    lines.add("");
    Table stages = new Table("STAGE", "RUNS", "POOL", "NEEDS");
    for (JsonNode stage : job.path("definition").path("stages")) {
      List<String> needs = new ArrayList<>();
      stage.path("needs").forEach(need -> needs.add(need.asText()));
      stages.row(
          stage.path("id").asText(),
          stage.path("run").asText(),
          stage.path("pool").asText("default"),
          String.join(", ", needs));
    }
    lines.addAll(stages.lines());
    return lines;
  }
}
