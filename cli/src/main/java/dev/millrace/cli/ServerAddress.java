package dev.millrace.cli;

import java.net.URI;
import java.util.Map;
import picocli.CommandLine.Option;

/** Which Millrace a command talks to. Main thread. */
final class ServerAddress {
  private static final String STANDARD = "http://127.0.0.1:8080";

  @Option(
      names = {"-s", "--server"},
      paramLabel = "URL",
      description = "Default: MILLRACE_SERVER, else " + STANDARD)
  String server;

  @Option(names = "--token", paramLabel = "TOKEN", description = "Default: MILLRACE_TOKEN.")
  String token;

  @Option(
      names = {"-n", "--namespace"},
      paramLabel = "NAME",
      description = "Default: the server's.")
  String namespace;

  Session open(Terminal terminal, OutputForm form) {
    Map<String, String> environment = terminal.environment();
    String url = server != null ? server : environment.getOrDefault("MILLRACE_SERVER", STANDARD);
    String shown = token != null ? token : environment.getOrDefault("MILLRACE_TOKEN", "");
    return new Session(terminal, new ApiClient(uri(url), shown, namespace), form);
  }

  private static URI uri(String url) {
    String full = url.contains("://") ? url : "http://" + url;
    try {
      URI uri = URI.create(full.endsWith("/") ? full.substring(0, full.length() - 1) : full);
      if (uri.getHost() != null && uri.getScheme().matches("https?")) {
        return uri;
      }
    } catch (IllegalArgumentException e) {
      throw new UserError("'" + url + "' is not a URL", "For example " + STANDARD, e);
    }
    throw new UserError("'" + url + "' is not the URL of a server", "For example " + STANDARD);
  }
}
