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
    DefinitionReader reader = new DefinitionReader();
    ArrayNode items = new ObjectMapper().createArrayNode();
    boolean good = true;
    for (String name : files) {
      JobFile file = JobFile.read(name);
      ObjectNode item = items.addObject().put("file", file.name());
      switch (reader.read(file.text(), file.name())) {
        case DefinitionReader.Result.Ok ok -> {
          item.put("job", ok.job().id()).put("valid", true).putArray("problems");
          saying(file.name() + ": job " + ok.job().id() + " is valid");
        }
        case DefinitionReader.Result.Bad bad -> {
          good = false;
          ArrayNode problems = item.putNull("job").put("valid", false).putArray("problems");
          bad.problems().forEach(problem -> add(problems, problem));
          bad.problems().forEach(problem -> saying(problem.toString()));
        }
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
