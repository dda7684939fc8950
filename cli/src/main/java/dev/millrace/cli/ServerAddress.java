package dev.millrace.cli;

import java.io.IOException;
import java.net.InetAddress;
import java.net.URI;
import java.net.UnknownHostException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import picocli.CommandLine.Option;

/**
 * Which Millrace a command talks to, and as whom. What is said on the command line wins, then the
 * environment, then what {@code millrace login} keeps. Main thread.
 */
final class ServerAddress {
  static final String STANDARD = "http://127.0.0.1:8080";

  @Option(
      names = {"-s", "--server"},
      paramLabel = "URL",
      description =
          "Where Millrace answers; several with commas, of which one that lives is asked. Default:"
              + " MILLRACE_SERVER, else where you are logged in, else "
              + STANDARD)
  String server;

  @Option(
      names = "--token-file",
      paramLabel = "FILE",
      description =
          "A file with the token. Default: MILLRACE_TOKEN, else what `millrace login` keeps.")
  Path tokenFile;

  @Option(
      names = "--insecure",
      description = "Send the token without TLS to another machine, where others can read it.")
  boolean insecure;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "Default: MILLRACE_NAMESPACE, else the server's.")
  String namespace;

  Session open(Terminal terminal, OutputForm form) {
    return new Session(terminal, client(terminal), form);
  }

  ApiClient client(Terminal terminal) {
    Map<String, String> environment = terminal.environment();
    Credentials kept = new Credentials(environment);
    List<ApiClient.Server> servers = new ArrayList<>();
    for (URI uri : uris(environment, kept)) {
      servers.add(new ApiClient.Server(uri, requireSafe(uri, token(uri, environment, kept))));
    }
    return new ApiClient(servers, namespace(environment));
  }

  /** Null when nothing is said of it. */
  String namespace(Map<String, String> environment) {
    return namespace != null ? namespace : environment.get("MILLRACE_NAMESPACE");
  }

  /** The one server that is meant, for a command that is about one. */
  URI one(Terminal terminal) {
    return uris(terminal.environment(), new Credentials(terminal.environment())).getFirst();
  }

  private List<URI> uris(Map<String, String> environment, Credentials kept) {
    String named = server != null ? server : environment.get("MILLRACE_SERVER");
    if (named == null || named.isBlank()) {
      named = kept.server().orElse(STANDARD);
    }
    List<URI> uris = new ArrayList<>();
    for (String url : named.split(",")) {
      uris.add(uri(url.strip()));
    }
    return uris;
  }

  private String token(URI uri, Map<String, String> environment, Credentials kept) {
    if (tokenFile != null) {
      try {
        return Files.readString(tokenFile).strip();
      } catch (IOException e) {
        throw new UserError("cannot read " + tokenFile + ": " + Reasons.of(e), "", e);
      }
    }
    String given = environment.getOrDefault("MILLRACE_TOKEN", "");
    return given.isEmpty() ? kept.token(uri).orElse("") : given;
  }

  /** The token, when nobody but the server can read it on its way. */
  String requireSafe(URI uri, String token) {
    if (!token.isEmpty() && !insecure && uri.getScheme().equals("http") && !loopback(uri)) {
      throw UserError.misuse(
          "the token would go to " + uri + " unencrypted, where others can read and use it",
          "Use https, or say --insecure where you trust the network in between.");
    }
    return token;
  }

  private static boolean loopback(URI uri) {
    String host = uri.getHost();
    if (host.equals("localhost")) {
      return true;
    }
    // Only what is an address: a name is loopback today and something else tomorrow.
    if (!host.matches("[0-9.]+|\\[.*]")) {
      return false;
    }
    try {
      return InetAddress.getByName(host).isLoopbackAddress();
    } catch (UnknownHostException noAddress) {
      return false;
    }
  }

  private static URI uri(String url) {
    String full = url.contains("://") ? url : "http://" + url;
    try {
      URI uri = URI.create(full.endsWith("/") ? full.substring(0, full.length() - 1) : full);
      if (uri.getHost() != null && uri.getScheme().matches("https?") && uri.getUserInfo() == null) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw new UserError(
          "'" + url + "' is not a URL", "For example " + STANDARD, e, ExitCode.USAGE, null);
    }
    throw UserError.misuse("'" + url + "' is not the URL of a server", "For example " + STANDARD);
  }
}
