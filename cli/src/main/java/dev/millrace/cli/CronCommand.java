package dev.millrace.cli;

import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Preview;
import dev.millrace.definition.Schedule;
import dev.millrace.definition.Tick;
import dev.millrace.model.JobDefinition;
import java.time.Clock;
import java.time.DateTimeException;
import java.time.Instant;
import java.time.OffsetDateTime;
import java.time.format.DateTimeParseException;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.Callable;
import java.util.stream.Collectors;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** When a cron expression fires; needs no server. Main thread. */
@Command(
    name = "cron",
    description = {
      "The next ticks of a cron expression; needs no server.",
      "",
      "  millrace cron \"0 9 * * MON\" --timezone Europe/London --next 10"
    })
final class CronCommand implements Callable<Integer> {
  private final Terminal terminal;
  private final Clock clock;

  @Parameters(paramLabel = "EXPRESSION")
  String expression;

  @Option(names = "--timezone", paramLabel = "ZONE", description = "UTC when left out.")
  String timezone;

  @Option(
      names = "--next",
      paramLabel = "N",
      defaultValue = "10",
      description = "So many, up to 1000 (default ${DEFAULT-VALUE}).")
  int next;

  @Option(
      names = "--from",
      paramLabel = "INSTANT",
      description = "Those after it, such as 2026-03-08T07:00:00Z; now when left out.")
  String from;

  @Option(names = "--gap", paramLabel = "shift|before|skip", description = "See `dst` of a job.")
  String gap;

  @Option(
      names = "--overlap",
      paramLabel = "first|second|both",
      description = "See `dst` of a job.")
  String overlap;

  @Option(
      names = "--job",
      paramLabel = "JOB",
      defaultValue = "preview",
      description = "The job whose H it is.")
  String job;

  @Option(
      names = "--namespace",
      paramLabel = "NS",
      defaultValue = JobDefinition.DEFAULT_NAMESPACE,
      description = "The namespace of the job.")
  String namespace;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "TABLE",
      description = "${COMPLETION-CANDIDATES}")
  OutputForm output;

  CronCommand(Terminal terminal, Clock clock) {
    this.terminal = terminal;
    this.clock = clock;
  }

  @Override
  public Integer call() {
    if (next < 1 || next > 1_000) {
      throw new UserError("--next is " + next + "; possible are 1 to 1000", "Go on with --from.");
    }
    JobDefinition definition = definition();
    Preview preview;
    try {
      preview =
          Preview.of(definition.triggers().getFirst(), Schedule.seed(definition), after(), next);
    } catch (DateTimeException | ArithmeticException e) {
      throw new UserError(
          "its ticks go beyond the calendar: " + e.getMessage(), "Ask for fewer.", e);
    }
    if (output == OutputForm.TABLE) {
      lines(preview).forEach(terminal::say);
    } else {
      terminal.say(output.written(json(preview)));
    }
    return ExitCode.OK;
  }

  private JobDefinition definition() {
    ObjectNode trigger = ApiClient.JSON.createObjectNode().put("cron", expression);
    if (timezone != null) {
      trigger.put("timezone", timezone);
    }
    if (gap != null) {
      trigger.withObject("dst").put("gap", gap);
    }
    if (overlap != null) {
      trigger.withObject("dst").put("overlap", overlap);
    }
    return switch (DefinitionReader.readTrigger(trigger.toString(), namespace, job)) {
      case DefinitionReader.Result.Ok ok -> ok.job();
      case DefinitionReader.Result.Bad bad ->
          throw new UserError(
              bad.problems().stream()
                  .map(
                      problem ->
                          problem.path().replace("triggers[0].", "") + ": " + problem.message())
                  .collect(Collectors.joining("\n  ")),
              "docs/time.md has the language.");
    };
  }

  private Instant after() {
    try {
      return from == null ? clock.instant() : OffsetDateTime.parse(from).toInstant();
    } catch (DateTimeParseException e) {
      throw new UserError(
          "--from is not an instant: '" + from + "'",
          "Write one like 2026-03-08T07:00:00Z, or 2026-03-08T02:00:00-05:00.",
          e);
    }
  }

  private List<String> lines(Preview preview) {
    List<String> lines = new ArrayList<>();
    if (!expression.equals(preview.resolved())) {
      lines.add("as " + preview.resolved());
    }
    Table table = new Table("WALL CLOCK", "AT", "DISPOSITION", "NOTE");
    json(preview)
        .path("items")
        .forEach(
            item ->
                table.row(
                    TickView.wall(item),
                    item.path("at").asText(),
                    item.path("disposition").asText(),
                    TickView.note(item)));
    lines.addAll(table.lines());
    if (preview.lines().size() < next) {
      lines.add("there are no more");
    }
    return lines;
  }

  private static ObjectNode json(Preview preview) {
    ObjectNode body = ApiClient.JSON.createObjectNode().put("resolved", preview.resolved());
    ArrayNode items = body.putArray("items");
    for (Preview.Line line : preview.lines()) {
      Tick tick = line.tick();
      items
          .addObject()
          .put("at", line.due().toString())
          .put("plannedAt", tick.instant().toString())
          .put("local", tick.local().toString())
          .put("offset", tick.offset().getId())
          .put("disposition", tick.fires() ? "FIRED" : tick.fate().name())
          .put("mark", tick.mark().name())
          .put("ticks", tick.count())
          .put("why", line.why().isEmpty() ? null : line.why());
    }
    return body;
  }
}
