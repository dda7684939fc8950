package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.api.Assumptions.assumeTrue;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.concurrent.TimeUnit;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** The script is run by a real bash, as somebody would who presses the tab key. */
final class CompletionTest {
  @TempDir Path folder;
  private ScriptedServer server;
  private Path script;

  @BeforeEach
  void start() throws Exception {
    assumeTrue(Files.isExecutable(Path.of("/bin/bash")), "there is a bash");
    server = new ScriptedServer();
    script =
        Files.writeString(folder.resolve("millrace.bash"), Cli.run("completion", "bash").out());
  }

  @AfterEach
  void stop() {
    if (server != null) {
      server.close();
    }
  }

  /**
   * What is offered for the last word; the program itself is a stub that says what it was asked.
   */
  private List<String> offered(String... words) throws IOException, InterruptedException {
    Path program = folder.resolve("millrace");
    Files.writeString(program, "#!/bin/sh\necho \"$*\" >>asked\necho nightly\necho hourly\n");
    assertThat(program.toFile().setExecutable(true)).isTrue();
    StringBuilder line = new StringBuilder("set -u; . ./millrace.bash; COMP_WORDS=(./millrace");
    for (String word : words) {
      line.append(" '").append(word).append('\'');
    }
    line.append("); COMP_CWORD=").append(words.length);
    line.append("; _millrace; printf '%s\\n' ${COMPREPLY[@]+\"${COMPREPLY[@]}\"}");
    Process bash =
        new ProcessBuilder("/bin/bash", "-c", line.toString())
            .directory(folder.toFile())
            .redirectErrorStream(true)
            .start();
    String said = new String(bash.getInputStream().readAllBytes(), StandardCharsets.UTF_8);
    assertThat(bash.waitFor(30, TimeUnit.SECONDS)).isTrue();
    return said.lines().filter(one -> !one.isBlank()).toList();
  }

  @Test
  void commandsOptionsAndWordsAreOffered() throws Exception {
    assertThat(script).isNotEmptyFile();
    assertThat(offered("jo")).containsExactly("job");
    assertThat(offered("")).contains("job", "run", "top", "login").doesNotContain("prepare");
    assertThat(offered("job", "tri")).containsExactlyInAnyOrder("trigger", "trigger-many");
    assertThat(offered("job", "trigger", "x", "--fo")).containsExactly("--follow");
    assertThat(offered("run", "list", "--output", "j")).containsExactly("json");
    assertThat(offered("stage", "ack")).containsExactly("acknowledge");
  }

  @Test
  void whatTheServerKnowsIsAskedOfTheServerThatTheLineNames() throws Exception {
    assertThat(offered("job", "trigger", "--server", "http://there:1", "ni"))
        .containsExactly("nightly");
    assertThat(folder.resolve("asked")).hasContent("complete-words jobs --server http://there:1");
    assertThat(offered("run", "list", "--job", "")).containsExactly("nightly", "hourly");
    assertThat(offered("job", "trigger", "nightly", "")).as("one job only").isEmpty();
  }

  @Test
  void idsComeFromTheServerAndASilentOneIsNotWaitedFor() {
    server.answer("GET /api/v1/jobs", 200, "{\"items\":[{\"id\":\"a\"},{\"id\":\"b\"}]}");
    assertThat(Cli.run("complete-words", "jobs", "-s", server.url()).out()).isEqualTo("a\nb\n");
    Cli nobody = Cli.run("complete-words", "jobs", "-s", "127.0.0.1:1");
    assertThat(nobody.code()).isEqualTo(ExitCode.OK);
    assertThat(nobody.out() + nobody.err()).isEmpty();
  }

  @Test
  void fishAsksTheSameTable() {
    assertThat(Cli.run("completion", "fish").out()).contains("complete-words line");
    assertThat(Cli.run("complete-words", "line", "--", "millrace", "job", "tri").out())
        .isEqualTo("trigger\ntrigger-many\n");
  }
}
