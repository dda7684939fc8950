package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.IOException;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.StandardCopyOption;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Everything about artifacts; one method per command. Main thread. */
@Command(
    name = "artifact",
    description = "Fetch what stages stored; `run artifacts` lists it.",
    synopsisSubcommandLabel = "COMMAND")
final class ArtifactCommand {
  private final Terminal terminal;

  ArtifactCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(
      name = "get",
      description = "Write an artifact into a file, which appears when its hash was right.")
  int get(
      @Mixin ServerAddress server,
      @Parameters(paramLabel = "ID") String id,
      @Option(
              names = {"-o", "--output"},
              paramLabel = "FILE",
              required = true,
              description = "Replaced when it exists.")
          Path file)
      throws InterruptedException, IOException {
    Path target = file.toAbsolutePath();
    try (Session session = server.open(terminal, OutputForm.TABLE)) {
      Path part = Files.createTempFile(target.getParent(), ".millrace-", ".part");
      try {
        long bytes;
        try (OutputStream out = Files.newOutputStream(part)) {
          bytes = session.client().download(ApiPath.artifact(id), out);
        }
        Files.move(part, target, StandardCopyOption.REPLACE_EXISTING);
        terminal.note(file + ": " + bytes + " bytes");
      } finally {
        Files.deleteIfExists(part);
      }
    }
    return ExitCode.OK;
  }

  /** A page of artifacts. */
  static List<String> table(JsonNode page) {
    Table table = new Table("ARTIFACT", "STAGE", "ATTEMPT", "NAME", "SIZE", "EXPIRES");
    for (JsonNode artifact : page.path("items")) {
      table.row(
          artifact.path("artifact").asText(),
          artifact.path("stage").asText(),
          artifact.path("attempt").asText(),
          artifact.path("name").asText(),
          artifact.path("size").asText(),
          Times.local(artifact.path("expiresAt")));
    }
    return table.lines();
  }
}
