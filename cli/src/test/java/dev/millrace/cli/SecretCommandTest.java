package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import dev.millrace.flow.Flow;
import dev.millrace.scheduler.SchedulerNode;
import java.io.ByteArrayInputStream;
import java.io.PrintWriter;
import java.io.StringWriter;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import picocli.CommandLine;

/** Secrets from the command line, on a real server. */
class SecretCommandTest {
  private static final String KEY =
      "k1:"
          + Base64.getEncoder()
              .encodeToString("an example of a key, 32 bytes...".getBytes(StandardCharsets.UTF_8));

  @TempDir Path folder;
  private Flow flow;
  private String server;

  @BeforeEach
  void start() throws Exception {
    flow = new Flow(folder);
    SchedulerNode node = flow.scheduler("a", 0, Map.of("secrets.keys", KEY));
    flow.leads(node);
    server = "http://127.0.0.1:" + node.port();
  }

  @AfterEach
  void stop() {
    flow.close();
  }

  private Cli cli(String... args) {
    return Cli.run(Map.of("MILLRACE_SERVER", server), args);
  }

  private int piped(String text, String... args) {
    Terminal terminal =
        new Terminal(
            new PrintWriter(new StringWriter()),
            new PrintWriter(new StringWriter()),
            false,
            Map.of("MILLRACE_SERVER", server));
    var input = new ByteArrayInputStream(text.getBytes(StandardCharsets.UTF_8));
    return new CommandLine(new SecretCommand(terminal, input)).execute(args);
  }

  @Test
  void theWholeLifeOfASecret() throws Exception {
    Path file = Files.writeString(folder.resolve("value"), "from-a-file\r\n");
    Cli set = cli("secret", "set", "db", "--file", file.toString(), "--namespace", "shop");
    assertThat(set.code()).as(set.err()).isZero();
    assertThat(set.out()).contains("secret db has version 1").doesNotContain("from-a-file");
    assertThat(piped("from-stdin\n", "set", "db", "--namespace", "shop")).isZero();
    Cli list = cli("secret", "list", "--namespace", "*");
    assertThat(list.out()).containsPattern("shop +db +2 +k1 ").doesNotContain("from-");
    assertThat(cli("secret", "list").out()).doesNotContain("db");
    assertThat(cli("secret", "rotate").out()).contains("0 secrets were sealed anew with key k1");
    assertThat(cli("secret", "remove", "db", "--namespace", "shop").code()).isZero();
    Cli gone = cli("secret", "remove", "db", "--namespace", "shop");
    assertThat(gone.code()).isEqualTo(ExitCode.NOT_FOUND);
    assertThat(gone.err()).contains("there is no secret 'db' in namespace 'shop'");
    assertThat(flow.everyRow()).doesNotContain("from-a-file", "from-stdin");
  }

  @Test
  void whatIsNoValueIsSaid() throws Exception {
    Path empty = Files.writeString(folder.resolve("empty"), "\n");
    Cli none = cli("secret", "set", "db", "--file", empty.toString());
    assertThat(none.err()).contains("there is no value in");
    Path little = Files.writeString(folder.resolve("little"), "pin42");
    Cli refused = cli("secret", "set", "db", "--file", little.toString());
    assertThat(refused.err()).contains("the value has 5 characters").doesNotContain("pin42");
    assertThat(cli("secret", "set", "db", "hunter22").code()).isEqualTo(ExitCode.USAGE);
  }
}
