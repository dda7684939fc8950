package dev.millrace.cli;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.ByteArrayInputStream;
import java.io.InputStream;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.nio.file.attribute.PosixFilePermissions;
import java.util.Map;
import org.junit.jupiter.api.AfterEach;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/** Tokens are kept for their owner alone, sent where they belong, and never shown. */
final class LoginTest {
  private static final String TOKEN = "mlr_1_geheim";
  private static final String KNOWN =
      "{\"authenticated\":true,\"name\":\"ann\",\"kind\":\"token\",\"roles\":{\"*\":\"viewer\"}}";

  @TempDir Path folder;
  private ScriptedServer server;

  @BeforeEach
  void start() throws Exception {
    server = new ScriptedServer();
  }

  @AfterEach
  void stop() {
    server.close();
  }

  private Cli run(String... args) {
    return Cli.run(Map.of("MILLRACE_CONFIG_DIR", folder.resolve("c").toString()), args);
  }

  private Cli login(String token) {
    InputStream before = System.in;
    System.setIn(new ByteArrayInputStream((token + "\n").getBytes(StandardCharsets.UTF_8)));
    try {
      return run("login", "--server", server.url(), "--token-stdin");
    } finally {
      System.setIn(before);
    }
  }

  @Test
  void aTokenIsKeptForItsServerUntilTheLogout() throws Exception {
    server.answer("GET /api/v1/session", 200, KNOWN);
    server.answer("GET /api/v1/jobs", 200, "{\"items\":[],\"next\":null}");
    Cli login = login(TOKEN);
    assertThat(login.code()).as(login.err()).isEqualTo(ExitCode.OK);
    assertThat(login.out() + login.err()).contains("as ann").doesNotContain(TOKEN);
    Path file = folder.resolve("c/credentials");
    assertThat(PosixFilePermissions.toString(Files.getPosixFilePermissions(file)))
        .isEqualTo("rw-------");
    assertThat(run("job", "list").code()).as("the server, too, is remembered").isZero();
    assertThat(server.requests().getLast().token()).isEqualTo("Bearer " + TOKEN);
    assertThat(run("whoami").out()).contains("ann").contains("*:viewer");
    assertThat(run("logout", "-s", server.url()).err()).contains("logged out");
    assertThat(run("job", "list", "-s", server.url()).code()).isZero();
    assertThat(server.requests().getLast().token()).isNull();
  }

  @Test
  void whatIsSaidNowWinsOverWhatIsKept() {
    server.answer("GET /api/v1/session", 200, KNOWN);
    login(TOKEN);
    Cli.run(
        Map.of(
            "MILLRACE_CONFIG_DIR", folder.resolve("c").toString(), "MILLRACE_TOKEN", "mlr_2_other"),
        "whoami");
    assertThat(server.requests().getLast().token()).isEqualTo("Bearer mlr_2_other");
  }

  @Test
  void aTokenThatTheServerDoesNotTakeIsNotKept() {
    server.answer("GET /api/v1/session", 200, "{\"authenticated\":false}");
    Cli login = login(TOKEN);
    assertThat(login.code()).isEqualTo(ExitCode.DENIED);
    assertThat(login.err()).contains("nothing was kept").doesNotContain(TOKEN);
    assertThat(folder.resolve("c/credentials")).doesNotExist();
    assertThat(run("whoami", "-s", server.url()).code()).isEqualTo(ExitCode.DENIED);
  }

  @Test
  void aServerWithoutLoginsKeepsNothing() {
    server.answer("GET /api/v1/session", 200, KNOWN.replace("\"token\"", "\"local\""));
    assertThat(login(TOKEN).err()).contains("without a login");
    assertThat(folder.resolve("c/credentials")).doesNotExist();
  }

  @Test
  void whatIsNoTokenIsNotSent() {
    assertThat(login("two words").code()).isEqualTo(ExitCode.USAGE);
    assertThat(login("").code()).isEqualTo(ExitCode.USAGE);
    assertThat(server.requests()).isEmpty();
  }

  @Test
  void aTokenDoesNotGoUnencryptedToAnotherMachine() {
    Map<String, String> environment =
        Map.of("MILLRACE_TOKEN", TOKEN, "MILLRACE_CONFIG_DIR", folder.resolve("c").toString());
    for (String url :
        new String[] {"http://millrace.invalid", "10.0.0.1:8080", "http://[2001:db8::1]"}) {
      Cli refused = Cli.run(environment, "job", "list", "-s", url);
      assertThat(refused.code()).as(url).isEqualTo(ExitCode.USAGE);
      assertThat(refused.err()).contains("unencrypted", "--insecure").doesNotContain(TOKEN);
    }
    Cli asked = Cli.run(environment, "job", "list", "-s", "http://millrace.invalid", "--insecure");
    assertThat(asked.code()).as(asked.err()).isEqualTo(ExitCode.AWAY);
    assertThat(Cli.run(environment, "job", "list", "-s", "http://me:pass@127.0.0.1").code())
        .isEqualTo(ExitCode.USAGE);
  }

  @Test
  void aFileThatOthersMayReadIsNotUsed() throws Exception {
    server.answer("GET /api/v1/session", 200, KNOWN);
    login(TOKEN);
    Files.setPosixFilePermissions(
        folder.resolve("c/credentials"), PosixFilePermissions.fromString("rw-r--r--"));
    Cli result = run("whoami");
    assertThat(result.code()).isEqualTo(ExitCode.FAILED);
    assertThat(result.err()).contains("chmod 600");
  }

  @Test
  void noOptionTakesATokenItself() {
    assertThat(run("job", "list", "--token", TOKEN).code()).isEqualTo(ExitCode.USAGE);
  }

  @Test
  void aNewTokenIsAloneOnStdout() {
    server.answer(
        "POST /api/v1/tokens", 201, "{\"id\":\"1\",\"name\":\"ci\",\"token\":\"" + TOKEN + "\"}");
    Cli made =
        run("token", "create", "ci", "--role", "*=admin", "--expires", "P30D", "-s", server.url());
    assertThat(made.out()).isEqualTo(TOKEN + "\n");
    assertThat(server.requests().getLast().body())
        .isEqualTo("{\"name\":\"ci\",\"roles\":{\"*\":\"admin\"},\"expiresIn\":\"P30D\"}");
  }
}
