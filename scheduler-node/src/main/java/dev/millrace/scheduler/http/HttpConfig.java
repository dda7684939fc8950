package dev.millrace.scheduler.http;

import dev.millrace.settings.AccessSettings;
import java.net.InetAddress;
import java.net.UnknownHostException;
import java.util.function.UnaryOperator;

/**
 * Where and for whom the API is served. Immutable.
 *
 * @param bind host name or address
 * @param port 0 for any free one
 * @param token one that is admin of everything, besides those that are made; or null
 * @param node this node's name
 * @param version of Millrace
 * @param environment gives variables that definitions refer to, such as secrets of webhooks; null
 *     for one that is not set
 * @param open whoever is on this machine may do everything; on loopback only
 * @param access who else may call, and how often
 */
public record HttpConfig(
    String bind,
    int port,
    String token,
    String node,
    String version,
    UnaryOperator<String> environment,
    boolean open,
    AccessSettings access) {
  private static final int TOKEN_CHARS_MIN = 16;

  /** With the variables of this process; open when there is no token. */
  public HttpConfig(String bind, int port, String token, String node, String version) {
    this(bind, port, token, node, version, System::getenv);
  }

  /** Open when there is no token. */
  public HttpConfig(
      String bind,
      int port,
      String token,
      String node,
      String version,
      UnaryOperator<String> environment) {
    this(bind, port, token, node, version, environment, token == null, AccessSettings.STANDARD);
  }

  public HttpConfig {
    if (token != null && token.length() < TOKEN_CHARS_MIN) {
      throw new IllegalArgumentException(
          "the API token has " + token.length() + " characters; it needs " + TOKEN_CHARS_MIN);
    }
    if (open && !isLoopback(bind)) {
      throw new IllegalArgumentException(
          "refusing to serve the API on "
              + bind
              + " without a token: everybody who reaches it could run commands."
              + " Set a token, or bind to 127.0.0.1.");
    }
  }

  private static boolean isLoopback(String bind) {
    try {
      return InetAddress.getByName(bind).isLoopbackAddress();
    } catch (UnknownHostException e) {
      throw new IllegalArgumentException("cannot bind to '" + bind + "': no such host", e);
    }
  }

  @Override
  public String toString() {
    return "http " + bind + ":" + port + " token=" + (token == null ? "none" : "***");
  }
}
