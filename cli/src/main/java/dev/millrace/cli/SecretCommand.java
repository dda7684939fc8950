package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.io.Console;
import java.io.IOException;
import java.io.InputStream;
import java.nio.ByteBuffer;
import java.nio.charset.CharacterCodingException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/**
 * Stored secrets; one method per command. A value comes from a prompt or from standard input and is
 * never an argument, which everybody on the machine could read. Main thread.
 */
@Command(
    name = "secret",
    description = "Secrets that stages refer to as ${secret:name}; values are never shown.",
    synopsisSubcommandLabel = "COMMAND")
final class SecretCommand {
  private static final int USUAL = 200;
  private static final int BYTES_MAX = 128 * 1024;

  /** Set by the launcher when a person types into standard input. */
  private static final String TYPED = "millrace.terminal.in";

  private final Terminal terminal;
  private final InputStream input;

  SecretCommand(Terminal terminal, InputStream input) {
    this.terminal = terminal;
    this.input = input;
  }

  @Command(name = "list", description = "Names and versions.")
  int list(@Mixin ServerOptions server, @Mixin ListOptions list) throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.SECRETS, USUAL),
                Facts.table(
                    "NAMESPACE=namespace",
                    "SECRET=name",
                    "VERSION=version",
                    "KEY=key",
                    "CHANGED=changedAt",
                    "BY=changedBy")));
  }

  @Command(
      name = "set",
      description = "Set a value: asked for, or read from stdin or a file.",
      footer = {
        "",
        "One line end at the end is left out. A value is never an argument:",
        "  pass show shop/db | millrace secret set db --namespace shop"
      })
  int set(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAME") String name,
      @Option(names = "--file", paramLabel = "FILE", description = "Read the value from a file.")
          Path file,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    ObjectNode body = reason.body().put("value", file == null ? value(name) : value(file));
    return server.run(
        terminal,
        session ->
            session.show(
                session.client().put(ApiPath.secret(name), body).body(),
                set -> List.of("secret " + name + " has version " + set.path("version").asInt())));
  }

  @Command(name = "remove", description = "Remove a secret.")
  int remove(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAME") String name,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.showDone(
                session.client().delete(ApiPath.secret(name) + reason.query()),
                "secret " + name + " is removed"));
  }

  @Command(
      name = "rotate",
      description = "Seal every secret with the first key of MILLRACE_SECRETS_KEYS.")
  int rotate(@Mixin ServerOptions server, @Mixin ReasonOption reason) throws InterruptedException {
    try (Session session = server.open(terminal)) {
      JsonNode done = session.client().postLong(ApiPath.SECRETS + "/rotate", reason.body()).body();
      session.show(done, SecretCommand::rotated);
      return done.path("locked").isEmpty() ? ExitCode.OK : ExitCode.FAILED;
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
      return text(input, "stdin");
    } catch (IOException e) {
      throw new UserError("stdin cannot be read: " + Reasons.of(e), "", e);
    }
  }

  private static String value(Path file) {
    try (InputStream in = Files.newInputStream(file)) {
      return text(in, file.toString());
    } catch (IOException e) {
      throw new UserError(file + " cannot be read: " + Reasons.of(e), "Name another file.", e);
    }
  }

  private static String text(InputStream in, String what) throws IOException {
    String text;
    try {
      byte[] bytes = in.readNBytes(BYTES_MAX);
      text = StandardCharsets.UTF_8.newDecoder().decode(ByteBuffer.wrap(bytes)).toString();
    } catch (CharacterCodingException e) {
      throw new UserError(what + " is no text in UTF-8", "Encode it, for example in base64.", e);
    }
    String value = text.endsWith("\n") ? text.substring(0, text.length() - 1) : text;
    value = value.endsWith("\r") ? value.substring(0, value.length() - 1) : value;
    if (value.isEmpty()) {
      throw new UserError("there is no value in " + what, "Write it there; nothing was changed.");
    }
    return value;
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
