package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.util.List;

/** The command line for tests of whole flows. Stateless. */
public final class ArtifactCli {
  private ArtifactCli() {}

  /** The lines that a command says; it must succeed. */
  public static List<String> run(String... args) {
    Cli result = Cli.run(args);
    assertThat(result.code()).as(result.err()).isEqualTo(ExitCode.OK);
    return result.out().lines().toList();
  }
}
