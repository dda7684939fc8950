package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Parameters;

/**
 * Stored secrets; one method per command. A value comes from a prompt or from standard input and is
 * never an argument, which everybody on the machine could read. Main thread.
 */
@Command(
    name = "secret",
    description = "Secrets that stages refer to as ${secret:name}; values are never shown.",
    synopsisSubcommandLabel = "COMMAND",
    mixinStandardHelpOptions = true)
final class SecretCommand {
  private static final int BYTES_MAX = 128 * 1024;

  /** Set by the launcher when a person types into standard input. */
  private static final String TYPED = "millrace.terminal.in";

  private final Terminal terminal;
  private final InputStream input;

  SecretCommand(Terminal terminal, InputStream input) {
    this.terminal = terminal;
    this.input = input;
  }

  @Command(name = "list", description = "Names and versions.", mixinStandardHelpOptions = true)
  int list(@Mixin ServerOptions server) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      session.show(Pages.all(session.client(), ApiPath.SECRETS), SecretCommand::table);
    }
    return ExitCode.OK;
  }

  @Command(
      name = "set",
      description = {
        "Set a value, read from standard input or asked for.",
        "One line end at the end is left out:  pass show db | millrace secret set db"
      },
      mixinStandardHelpOptions = true)
  int set(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAME") String name,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    String value = value(name);
    try (Session session = server.open(terminal)) {
      ObjectNode body = reason.body().put("value", value);
      ApiClient.Answer answer = session.client().put(ApiPath.secret(name), body);
      session.show(
          answer.body(),
          secret ->
              List.of(
                  "secret "
                      + secret.path("namespace").asText()
                      + "/"
                      + name
                      + " is set, version "
                      + secret.path("version").asInt()));
    }
    return ExitCode.OK;
  }

  @Command(name = "remove", description = "Remove a secret.", mixinStandardHelpOptions = true)
  int remove(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAME") String name,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().delete(ApiPath.secret(name) + reason.query());
      session.showDone(answer, "secret " + name + " is removed");
    }
    return ExitCode.OK;
  }

  @Command(
      name = "rotate",
      description = "Seal every secret with the first key of MILLRACE_SECRETS_KEYS.",
      mixinStandardHelpOptions = true)
  int rotate(@Mixin ServerOptions server, @Mixin ReasonOption reason) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      ApiClient.Answer answer = session.client().postLong(ApiPath.SECRETS + "/rotate", reason.body());
      session.show(answer.body(), SecretCommand::rotated);
      return answer.body().path("locked").isEmpty() ? ExitCode.OK : ExitCode.FAILED;
    }
  }

  private String value(String name) {
    Console console = Boolean.getBoolean(TYPED) ? System.console() : null;
    if (console != null) {
      char[] typed = console.readPassword("Value of secret %s: ", name);
      if (typed == null || typed.length == 0) {
        throw new UserError("no value was typed", "Nothing was changed.");
      }
      return new String(typed);
    }
    try {
      byte[] bytes = input.readNBytes(BYTES_MAX);
      String text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
      String value = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
      value = value.endsWith("\r") ? value.substring(0, value.length() - 1) : value;
      if (value.isEmpty()) {
        throw new UserError(
            "standard input has no value", "Write it there:  millrace secret set " + name + " < file");
      }
      return value;
    } catch (CharacterCodingException e) {
      throw new UserError("the value is no text in UTF-8", "Encode it, for example in base64.", e);
    } catch (IOException e) {
      throw new UserError("standard input cannot be read: " + Reasons.of(e), "", e);
    }
  }

  private static List<String> table(JsonNode page) {
    Table table = new Table("NAMESPACE", "SECRET", "VERSION", "KEY", "CHANGED", "BY");
    for (JsonNode secret : page.path("items")) {
      table.row(
          secret.path("namespace").asText(),
          secret.path("name").asText(),
          secret.path("version").asText(),
          secret.path("key").asText(),
          Times.local(secret.path("changedAt")),
          secret.path("changedBy").asText());
    }
    return table.lines();
  }

  private static List<String> rotated(JsonNode done) {
    String resealed =
        done.path("resealed").asInt()
            + " secrets were sealed anew with key "
            + done.path("key").asText();
    return done.path("locked").isEmpty()
        ? List.of(resealed + "; no other key is needed any more")
        : List.of(resealed, "no key of this node opens " + done.path("locked"));
  }
}
