package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import com.fasterxml.jackson.databind.node.ObjectNode;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;
import picocli.CommandLine.Parameters;

/** Tokens of people and programs; one method per command. Main thread. */
@Command(
    name = "token",
    description = "Tokens: who may do what. Making and revoking them needs the role admin.",
    synopsisSubcommandLabel = "COMMAND")
final class TokenCommand {
  private static final int USUAL = 200;
  private final Terminal terminal;

  TokenCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Command(name = "list", description = "All tokens, without their secrets.")
  int list(@Mixin ServerOptions server, @Mixin ListOptions list) throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.show(
                list.of(session, ApiPath.TOKENS, USUAL),
                Facts.table(
                    "ID=id",
                    "NAME=name",
                    "ROLES=roles",
                    "CREATED=createdAt",
                    "EXPIRES=expiresAt",
                    "REVOKED=revokedAt",
                    "LAST USED=usedAt")));
  }

  @Command(
      name = "create",
      description = "Make a token. It is shown once, on stdout; keep it.",
      footer = {
        "",
        "  millrace token create ci --role shop=operator --expires P30D",
        "  millrace token create root --role '*=admin'"
      })
  int create(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "NAME", description = "Whose it is; in histories and the audit.")
          String name,
      @Option(
              names = "--role",
              required = true,
              paramLabel = "NAMESPACE=ROLE",
              description =
                  "viewer, operator, editor or admin of a namespace; * is all. Repeatable.")
          Map<String, String> roles,
      @Option(
              names = "--expires",
              paramLabel = "DURATION",
              description = "After which it ends, such as P30D; never when left out.")
          String expires)
      throws InterruptedException {
    ObjectNode body = ApiClient.JSON.createObjectNode().put("name", name);
    ObjectNode given = body.putObject("roles");
    roles.forEach(given::put);
    body.put("expiresIn", expires);
    return server.run(
        terminal,
        session ->
            session.show(
                session.client().post(ApiPath.TOKENS, body).body(), made -> made(terminal, made)));
  }

  /** The token alone on stdout, so that it can be piped; what it is on stderr. */
  private static List<String> made(Terminal terminal, JsonNode token) {
    terminal.note(
        "token "
            + token.path("id").asText()
            + " of "
            + token.path("name").asText()
            + "; this is shown once:");
    return new ArrayList<>(List.of(token.path("token").asText()));
  }

  @Command(name = "revoke", description = "End a token, everywhere within seconds.")
  int revoke(
      @Mixin ServerOptions server,
      @Parameters(paramLabel = "ID") String id,
      @Mixin ReasonOption reason)
      throws InterruptedException {
    return server.run(
        terminal,
        session ->
            session.showDone(
                session
                    .client()
                    .delete(ApiPath.TOKENS + "/" + ApiClient.encoded(id) + reason.query()),
                "token " + id + " is revoked"));
  }
}
