package dev.millrace.settings;

/**
 * Where the API listens. Immutable.
 *
 * @param port 0 takes a free one
 * @param token admin of everything; empty: only the tokens that are made, and OIDC
 */
public record HttpSettings(String bind, int port, String token) {
  static HttpSettings read(Values values) {
    HttpSettings settings =
        new HttpSettings(
            values.text("http.bind"),
            values.integer("http.port", 0, 65_535),
            values.secret("http.token"));
    values.require(!settings.bind.isEmpty(), "the address to listen on is empty", "http.bind");
    values.require(
        settings.token.isEmpty() || settings.token.matches("[!-~]+"),
        "the token has characters that no HTTP header may carry",
        "http.token");
    return settings;
  }

  /** By the literal, without asking DNS: a name other than localhost counts as reachable. */
  public boolean isLoopback() {
    return bind.equals("localhost")
        || bind.equals("::1")
        || bind.equals("[::1]")
        || bind.matches("127(\\.\\d{1,3}){3}");
  }

  @Override
  public String toString() {
    return "HttpSettings[bind=" + bind + ", port=" + port + ", token=" + Masks.secret(token) + "]";
  }
}
