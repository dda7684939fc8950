package dev.millrace.cli;

import com.fasterxml.jackson.databind.JsonNode;
import java.io.BufferedReader;
import java.io.Console;
import java.io.IOException;
import java.io.InputStreamReader;
import java.net.URI;
import java.nio.charset.StandardCharsets;
import java.util.List;
import java.util.concurrent.Callable;
import picocli.CommandLine.Command;
import picocli.CommandLine.Mixin;
import picocli.CommandLine.Option;

/** Keeps a token for a server. The token is never an argument and never shown. Main thread. */
@Command(
    name = "login",
    description = "Keep a token for a server; commands use it from then on.",
    footer = {
      "",
      "  millrace login --server https://millrace.example.org",
      "  vault read -field=token secret/millrace | millrace login --token-stdin",
      "",
      "An administrator makes tokens:  millrace token create NAME --role default=operator",
      "Those who log in to the dashboard with OIDC need a token here, too.",
      "It is kept in ~/.config/millrace/credentials, which only you can read."
    })
final class LoginCommand implements Callable<Integer> {
  private static final int TOKEN_CHARS_MAX = 8_192;

  /** Whom a server takes that only its own machine can reach. */
  private static final String LOCAL = "local";

  private final Terminal terminal;

  @Mixin ServerAddress server;

  @Option(names = "--token-stdin", description = "Read the token from stdin; for scripts.")
  boolean stdin;

  LoginCommand(Terminal terminal) {
    this.terminal = terminal;
  }

  @Override
  public Integer call() throws Exception {
    URI uri = server.one(terminal);
    if (!server.insecure) {
      server.requireSafe(uri, "any");
    }
    String token = token(uri);
    if (token.isEmpty() || token.length() > TOKEN_CHARS_MAX || !token.matches("[!-~]+")) {
      throw UserError.misuse(
          "that is no token", "An administrator makes one: millrace token create.");
    }
    try (ApiClient client = new ApiClient(uri, token, null)) {
      JsonNode session = client.get(ApiPath.SESSION);
      if (!session.path("authenticated").asBoolean()) {
        throw new UserError(
            uri + " does not take this token",
            "It may be revoked, expired, or of another Millrace; nothing was kept.",
            null,
            ExitCode.DENIED,
            null);
      }
      if (session.path("kind").asText().equals(LOCAL)) {
        throw new UserError(
            uri + " takes everybody on its machine without a login, so nothing was kept",
            "Just use it: millrace whoami.");
      }
      Credentials kept = new Credentials(terminal.environment());
      kept.keep(uri, token, session.path("name").asText());
      terminal.remark("logged in to " + uri + " as " + session.path("name").asText());
      String set = terminal.environment().getOrDefault("MILLRACE_TOKEN", "");
      if (!set.isEmpty()) {
        terminal.note("MILLRACE_TOKEN is set and wins over what was kept just now; unset it.");
      }
    }
    return ExitCode.OK;
  }

  private String token(URI uri) throws IOException {
    if (stdin) {
      return line(new BufferedReader(new InputStreamReader(System.in, StandardCharsets.UTF_8)));
    }
    Console console = terminal.interactive() ? System.console() : null;
    if (console == null) {
      throw UserError.misuse("nobody is there to type a token", "Pipe it in with --token-stdin.");
    }
    char[] typed = console.readPassword("Token for %s (it is not shown): ", uri);
    return typed == null ? "" : new String(typed).strip();
  }

  private static String line(BufferedReader in) throws IOException {
    String line = in.readLine();
    return line == null ? "" : line.strip();
  }

  /** Who the server says that one is. */
  static List<String> who(JsonNode session) {
    if (!session.path("authenticated").asBoolean()) {
      return List.of("nobody; log in with: millrace login");
    }
    return List.of(
        "name     " + session.path("name").asText(),
        "kind     " + session.path("kind").asText(),
        "roles    " + Facts.cell(session.path("roles")),
        "expires  " + Times.local(session.path("expiresAt")));
  }
}
