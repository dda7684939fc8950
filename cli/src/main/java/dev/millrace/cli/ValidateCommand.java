package dev.millrace.cli;

import com.fasterxml.jackson.databind.ObjectMapper;
import com.fasterxml.jackson.databind.node.ArrayNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import dev.millrace.definition.DefinitionReader;
import dev.millrace.definition.Problem;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Checks job files without any server. Main thread. */
@Command(name = "validate", description = "Check job files; needs no server.")
final class ValidateCommand implements Callable<Integer> {
  private final Terminal terminal;

  @Parameters(paramLabel = "FILE", arity = "1..*", description = "Job files, or - for stdin.")
  List<String> files;

  @Option(
      names = {"-o", "--output"},
      defaultValue = "TABLE",
      description = "${COMPLETION-CANDIDATES}")
  OutputForm output;

  ValidateCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() {
    ArrayNode items = new ObjectMapper().createArrayNode();
    boolean good = true;
    for (String name : files) {
      JobFile file = JobFile.read(name);
      ObjectNode item = items.addObject().put("file", file.name());
      DefinitionReader.Checked checked = DefinitionReader.check(file.text(), file.name());
      boolean valid = checked.problems().isEmpty();
      good &= valid;
      String what = checked.kind() == DefinitionReader.Kind.PATTERN ? "pattern" : "job";
      item.put(what, valid ? checked.id() : null).put("valid", valid);
      ArrayNode problems = item.putArray("problems");
      checked.problems().forEach(problem -> add(problems, problem));
      checked.problems().forEach(problem -> saying(problem.toString()));
      if (valid) {
        saying(file.name() + ": " + what + " " + checked.id() + " is valid");
      }
    }
    if (output != OutputForm.TABLE) {
      terminal.say(output.written(items));
    }
    return good ? ExitCode.OK : ExitCode.FAILED;
  }

  private void saying(String line) {
    if (output == OutputForm.TABLE) {
      terminal.say(line);
    }
  }

  private static void add(ArrayNode problems, Problem problem) {
    problems
        .addObject()
        .put("line", problem.line())
        .put("column", problem.column())
        .put("path", problem.path())
        .put("message", problem.message());
  }
}
